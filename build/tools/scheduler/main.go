// Command scheduler is Dapr's own scheduler on one machine, every port of it on --listen-address: the official
// program's page of health ignores its address and listens on all. There is no mTLS and no Kubernetes here; flags
// and everything else are Dapr's.
package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/dapr/dapr/cmd/scheduler/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/scheduler/monitoring"
	"github.com/dapr/dapr/pkg/scheduler/server"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

var log = logger.NewLogger("dapr.scheduler")

func main() {
	o, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("flags: %v", err)
	}
	if err := logger.ApplyOptionsToLoggers(&o.Logger); err != nil {
		log.Fatalf("logger: %v", err)
	}
	log.Infof("scheduler %s", buildinfo.Version())
	if err := run(signals.Context(), o); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatalf("scheduler: %v", err)
	}
}

func run(ctx context.Context, o *options.Options) error {
	if err := monitoring.InitMetrics(); err != nil {
		return err
	}
	health := healthz.New()
	provider, err := security.New(ctx, security.Options{
		ControlPlaneTrustDomain: o.TrustDomain,
		ControlPlaneNamespace:   security.CurrentNamespace(),
		AppID:                   "dapr-scheduler",
		Mode:                    modes.StandaloneMode,
		Healthz:                 health,
	})
	if err != nil {
		return err
	}
	return concurrency.NewRunnerManager(
		provider.Run,
		func(ctx context.Context) error { return showHealth(ctx, o, health) },
		func(ctx context.Context) error { return serve(ctx, o, provider, health) },
	).Run(ctx)
}

// showHealth answers 200 when all parts of the scheduler are ready, else 500.
func showHealth(ctx context.Context, o *options.Options, health healthz.Healthz) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(o.HealthzListenAddress, strconv.Itoa(o.HealthzPort)))
	if err != nil {
		return err
	}
	page := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !health.IsReady() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})}
	context.AfterFunc(ctx, func() { page.Close() })
	if err = page.Serve(listener); errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// serve runs the server; it ends by itself, without an error, when the cluster's members change.
func serve(ctx context.Context, o *options.Options, provider security.Provider, health healthz.Healthz) error {
	handler, err := provider.Handler(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		s, err := server.New(ctx, server.Options{
			Healthz:                        health,
			Security:                       handler,
			ListenAddress:                  o.ListenAddress,
			OverrideBroadcastHostPort:      o.OverrideBroadcastHostPort,
			Port:                           o.Port,
			Mode:                           modes.StandaloneMode,
			Workers:                        o.Workers,
			EtcdEmbed:                      o.EtcdEmbed,
			EtcdDataDir:                    o.EtcdDataDir,
			EtcdName:                       o.ID,
			EtcdInitialCluster:             o.EtcdInitialCluster,
			EtcdClientPort:                 o.EtcdClientPort,
			EtcdClientListenAddress:        o.EtcdClientListenAddress,
			EtcdSpaceQuota:                 o.EtcdSpaceQuota,
			EtcdCompactionMode:             o.EtcdCompactionMode,
			EtcdCompactionRetention:        o.EtcdCompactionRetention,
			EtcdSnapshotCount:              o.EtcdSnapshotCount,
			EtcdMaxSnapshots:               o.EtcdMaxSnapshots,
			EtcdMaxWALs:                    o.EtcdMaxWALs,
			EtcdBackendBatchLimit:          o.EtcdBackendBatchLimit,
			EtcdBackendBatchInterval:       o.EtcdBackendBatchInterval,
			EtcdMaxTxnOps:                  o.EtcdMaxTxnOps,
			EtcdDefragThresholdMB:          o.EtcdDefragThresholdMB,
			EtcdInitialElectionTickAdvance: o.EtcdInitialElectionTickAdvance,
			EtcdMetrics:                    o.EtcdMetrics,
		})
		if err != nil {
			return err
		}
		if err = s.Run(ctx); err != nil {
			return err
		}
	}
	return nil
}
