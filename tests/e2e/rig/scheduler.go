package rig

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// StartScheduler starts Dapr's scheduler, which keeps jobs in a folder of the test, and waits until it
// is healthy. It gives the address for a daprd's --scheduler-host-address.
func StartScheduler(t testing.TB) string {
	t.Helper()
	serve, etcd, peers, health := port(t), port(t), port(t), port(t)
	const id = "dapr-scheduler-server-0"
	p := StartTool(t, "scheduler", 0, nil, Need(t, SchedulerVar),
		"--id", id, "--listen-address", "127.0.0.1", "--port", strconv.Itoa(serve),
		"--override-broadcast-host-port", loopback(serve),
		"--healthz-listen-address", "127.0.0.1", "--healthz-port", strconv.Itoa(health), "--enable-metrics=false",
		"--etcd-data-dir", t.TempDir(), "--etcd-client-listen-address", "127.0.0.1", "--etcd-client-port", strconv.Itoa(etcd),
		"--etcd-initial-cluster", id+"=http://"+loopback(peers), "--log-level", "warn", "--workers", "8")
	p.Ready(t, func() error {
		response, err := http.Get("http://" + loopback(health) + "/healthz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("%s", response.Status)
		}
		return nil
	})
	return loopback(serve)
}
