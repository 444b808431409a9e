// Command daprd is Dapr's own runtime with only the built-in components that this project's tests
// need. The official program carries the whole catalogue, which takes minutes to compile and is
// never used here; everything else, flags included, is Dapr's.
package main

import (
	"context"
	"fmt"
	"os"

	"go.opencensus.io/stats/view"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

// Level, format and app id reach only those loggers that exist when the options are applied.
var (
	log        = logger.NewLogger("dapr.runtime")
	logContrib = logger.NewLogger("dapr.contrib")
)

func main() {
	o, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("flags: %v", err)
	}
	switch {
	case o.RuntimeVersion:
		fmt.Println(buildinfo.Version())
		return
	case o.BuildInfo:
		fmt.Printf("Version: %s\nGit Commit: %s\nGit Version: %s\n",
			buildinfo.Version(), buildinfo.Commit(), buildinfo.GitVersion())
		return
	case o.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(o.DaprHTTPPort)
		return
	}

	o.Logger.SetAppID(o.AppID)
	if err := logger.ApplyOptionsToLoggers(&o.Logger); err != nil {
		log.Fatalf("logger: %v", err)
	}
	registerBuiltins(logContrib)
	log.Infof("daprd with few built-ins, runtime %s", buildinfo.Version())
	if err := run(signals.Context(), o); err != nil {
		log.Fatalf("runtime: %v", err)
	}
}

// run holds the security provider and the runtime side by side: whichever ends first ends the other.
func run(ctx context.Context, o *options.Options) error {
	health := healthz.New()
	provider, err := security.New(ctx, security.Options{
		SentryAddress:           o.SentryAddress,
		ControlPlaneTrustDomain: o.ControlPlaneTrustDomain,
		ControlPlaneNamespace:   o.ControlPlaneNamespace,
		TrustAnchors:            o.TrustAnchors,
		AppID:                   o.AppID,
		MTLSEnabled:             o.EnableMTLS,
		Mode:                    modes.DaprMode(o.Mode),
		Healthz:                 health,
		JwtAudiences:            o.SentryRequestJwtAudiences,
	})
	if err != nil {
		return err
	}
	return concurrency.NewRunnerManager(provider.Run, func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		rt, err := runtime.FromConfig(ctx, configOf(o, handler, health))
		if err != nil {
			return err
		}
		return rt.Run(ctx)
	}).Run(ctx)
}

// configOf hands every flag to the runtime under the runtime's own name for it.
func configOf(o *options.Options, handler security.Handler, health healthz.Healthz) *runtime.Config {
	return &runtime.Config{
		AppID:                         o.AppID,
		ActorsService:                 o.ActorsService,
		ActorsDisseminationTimeout:    o.ActorsDisseminationTimeout,
		SchedulerAddress:              o.SchedulerAddress,
		SchedulerStreams:              o.SchedulerJobStreams,
		AllowedOrigins:                o.AllowedOrigins,
		ResourcesPath:                 o.ResourcesPath,
		ComponentsPath:                o.ComponentsPath,
		ControlPlaneAddress:           o.ControlPlaneAddress,
		SentryAddress:                 o.SentryAddress,
		AppProtocol:                   o.AppProtocol,
		ApplicationPort:               o.AppPort,
		AppSSL:                        o.AppSSL,
		AppChannelAddress:             o.AppChannelAddress,
		AppMaxConcurrency:             o.AppMaxConcurrency,
		EnableAppHealthCheck:          o.EnableAppHealthCheck,
		AppHealthCheckPath:            o.AppHealthCheckPath,
		AppHealthProbeInterval:        o.AppHealthProbeInterval,
		AppHealthProbeTimeout:         o.AppHealthProbeTimeout,
		AppHealthThreshold:            o.AppHealthThreshold,
		Mode:                          o.Mode,
		DaprHTTPPort:                  o.DaprHTTPPort,
		DaprAPIGRPCPort:               o.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        o.DaprAPIListenAddresses,
		DaprInternalGRPCPort:          o.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: o.DaprInternalGRPCListenAddress,
		DaprPublicPort:                o.DaprPublicPort,
		DaprPublicListenAddress:       o.DaprPublicListenAddress,
		ProfilePort:                   o.ProfilePort,
		EnableProfiling:               o.EnableProfiling,
		EnableMTLS:                    o.EnableMTLS,
		MaxRequestSize:                o.MaxRequestSize,
		ReadBufferSize:                o.ReadBufferSize,
		UnixDomainSocket:              o.UnixDomainSocket,
		DaprGracefulShutdownSeconds:   o.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:     o.DaprBlockShutdownDuration,
		DisableBuiltinK8sSecretStore:  o.DisableBuiltinK8sSecretStore,
		EnableAPILogging:              o.EnableAPILogging,
		Config:                        o.Config,
		DisableInitEndpoints:          o.DisableInitEndpoints,
		Registry:                      registry.NewOptions(),
		Security:                      handler,
		Healthz:                       health,
		Metrics: metrics.Options{
			Enabled:       o.Metrics.Enabled(),
			Port:          o.Metrics.Port(),
			ListenAddress: o.Metrics.ListenAddress(),
			Namespace:     metrics.DefaultMetricNamespace,
			Log:           log,
			Healthz:       health,
			Meter:         view.NewMeter(),
		},
	}
}
