//go:build compare

package main

import (
	"github.com/dapr/components-contrib/bindings"
	bkafka "github.com/dapr/components-contrib/bindings/kafka"
	pkafka "github.com/dapr/components-contrib/pubsub/kafka"
	"github.com/dapr/components-contrib/state/in-memory"
	"github.com/dapr/components-contrib/state/redis"
	rbindings "github.com/dapr/dapr/pkg/components/bindings"
	rpubsub "github.com/dapr/dapr/pkg/components/pubsub"
	rstate "github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/kit/logger"
)

// The built-ins that ours are compared with, side by side on the same servers.
func init() {
	extra = append(extra, func() {
		rstate.DefaultRegistry.RegisterComponent(redis.NewRedisStateStore, "redis")
		rstate.DefaultRegistry.RegisterComponent(inmemory.NewInMemoryStateStore, "in-memory")
		rpubsub.DefaultRegistry.RegisterComponent(pkafka.NewKafka, "kafka")
		rbindings.DefaultRegistry.RegisterInputBinding(
			func(l logger.Logger) bindings.InputBinding { return bkafka.NewKafka(l) }, "kafka")
		rbindings.DefaultRegistry.RegisterOutputBinding(
			func(l logger.Logger) bindings.OutputBinding { return bkafka.NewKafka(l) }, "kafka")
	})
}
