package main

import (
	"github.com/dapr/components-contrib/nameresolution/kubernetes"
	"github.com/dapr/components-contrib/nameresolution/mdns"
	senv "github.com/dapr/components-contrib/secretstores/local/env"
	sfile "github.com/dapr/components-contrib/secretstores/local/file"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/kit/logger"
)

// extra is filled by files behind build tags.
var extra []func()

// registerBuiltins fills Dapr's own registries, which the runtime reads: name resolution, without
// which it does not start, and secrets from the environment or a file, which component YAML refers to.
func registerBuiltins(l logger.Logger) {
	nameresolution.DefaultRegistry.Logger = l
	secretstores.DefaultRegistry.Logger = l
	state.DefaultRegistry.Logger = l
	pubsub.DefaultRegistry.Logger = l
	bindings.DefaultRegistry.Logger = l
	http.DefaultRegistry.Logger = l

	nameresolution.DefaultRegistry.RegisterComponent(mdns.NewResolver, "mdns")
	nameresolution.DefaultRegistry.RegisterComponent(kubernetes.NewResolver, "kubernetes")
	nameresolution.DefaultRegistry.RegisterComponent(newStatic, "static")
	secretstores.DefaultRegistry.RegisterComponent(senv.NewEnvSecretStore, "local.env")
	secretstores.DefaultRegistry.RegisterComponent(sfile.NewLocalSecretStore, "local.file")
	for _, register := range extra {
		register()
	}
}
