package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Sentinel watches one master and puts a replica in its place when it is gone.
type Sentinel struct {
	*Process
	port int
}

// StartReplica starts a server that follows another, and waits until it is in step.
func StartReplica(t testing.TB, master *Redis) *Redis {
	t.Helper()
	must(t, master.Client.ConfigSet(context.Background(), "repl-diskless-sync-delay", "0").Err())
	r := StartRedis(t, "--replicaof", "127.0.0.1", strconv.Itoa(master.port), "--repl-diskless-sync-delay", "0")
	Eventually(t, "the replica", func() error {
		info, err := master.Client.Info(context.Background(), "replication").Result()
		if err == nil && !strings.Contains(info, "state=online") {
			err = fmt.Errorf("not online: %s", info)
		}
		return err
	})
	// "online" alone is too early: until the replica's first word, up to a second later, it gets no writes.
	must(t, master.Client.Set(context.Background(), "probe", "1", 0).Err())
	Eventually(t, "a write at the replica", func() error { return r.Client.Get(context.Background(), "probe").Err() })
	return r
}

// StartSentinel starts a sentinel and waits until it knows the master's replica.
func StartSentinel(t testing.TB, name string, master *Redis) *Sentinel {
	t.Helper()
	s := &Sentinel{port: port(t)}
	folder := t.TempDir()
	file := filepath.Join(folder, "sentinel.conf")
	must(t, os.WriteFile(file, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
sentinel monitor %s 127.0.0.1 %d 1
sentinel down-after-milliseconds %[3]s 500
sentinel failover-timeout %[3]s 5000
`, s.port, folder, name, master.port), 0o600))
	s.Process = start(t, "sentinel", Need(t, RedisServerVar), nil, file, "--sentinel")
	client := redis.NewSentinelClient(&redis.Options{Addr: s.Address(), MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	s.ready(t, func() error {
		replicas, err := client.Replicas(context.Background(), name).Result()
		if err == nil && len(replicas) != 1 {
			err = fmt.Errorf("it knows %d replicas", len(replicas))
		}
		return err
	})
	return s
}

// Address is host:port.
func (s *Sentinel) Address() string { return loopback(s.port) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
