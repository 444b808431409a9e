package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const answerTimeout = 8 * time.Second // readTimeout below, daprd, and a busy machine

var faults = []struct {
	name      string
	strike    func(t *testing.T, w wire)
	heal      func(t *testing.T, w wire)
	words     string        // of the error meanwhile
	lasts     time.Duration // at least
	inNetwork bool
	unharmful bool // it may pass without a single error
}{
	{name: "killed and restarted", words: "refused",
		strike: func(t *testing.T, w wire) { w.server.Kill(t) },
		heal:   func(t *testing.T, w wire) { w.server.Start(t) }},
	{name: "paused", words: "silent",
		strike: func(t *testing.T, w wire) { w.server.Pause(t) },
		heal:   func(t *testing.T, w wire) { w.server.Resume(t) }},
	{name: "connections cut", unharmful: true,
		strike: func(t *testing.T, w wire) { w.ask(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") },
		heal:   func(*testing.T, wire) {}},
	{name: "network cut for ten seconds", words: "silent", lasts: 10 * time.Second, inNetwork: true,
		strike: func(_ *testing.T, w wire) { w.network.Cut() },
		heal:   func(_ *testing.T, w wire) { w.network.Mend() }},
	{name: "read only", words: "replica",
		strike: func(t *testing.T, w wire) { w.ask(t, "REPLICAOF", "127.0.0.1", "1") },
		heal:   func(t *testing.T, w wire) { w.ask(t, "REPLICAOF", "NO", "ONE") }},
	{name: "out of memory", words: "out of memory",
		strike: func(t *testing.T, w wire) { w.ask(t, "CONFIG", "SET", "maxmemory", "1") },
		heal:   func(t *testing.T, w wire) { w.ask(t, "CONFIG", "SET", "maxmemory", "0") }},
	{name: "killed and long in loading", words: "still loading",
		strike: func(t *testing.T, w wire) {
			w.fill(t, 40_000) // it listens once in 1024 commands
			w.server.Kill(t)
			w.server.StartLoading(t, 200*time.Microsecond)
		},
		heal: func(t *testing.T, w wire) {
			w.ask(t, "CONFIG", "SET", "key-load-delay", "0")
			w.server.Ready(t)
		}},
}

// A wire is a Redis and the way to it.
type wire struct {
	server  *rig.Redis
	network *rig.Proxy
}

func (w wire) ask(t *testing.T, words ...any) {
	t.Helper()
	must(t, w.server.Client.Do(t.Context(), words...).Err())
}

// fill writes keys past the store, in one go.
func (w wire) fill(t *testing.T, keys int) {
	t.Helper()
	pipeline := w.server.Client.Pipeline()
	for i := range keys {
		pipeline.Set(t.Context(), fmt.Sprintf("filler-%d", i), i, 0)
	}
	_, err := pipeline.Exec(t.Context())
	must(t, err)
}

// Whatever happens to Redis under load: no call hangs, no etag is called stale that is not, nothing
// that was acknowledged is lost, and when Redis is well again so is the store, without a restart.
func TestRedisInTrouble(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		for _, fault := range faults {
			t.Run(fault.name, func(t *testing.T) {
				server := rig.StartServer(t, s.server)
				w := wire{server, rig.StartProxy(t, server.Address())}
				sockets := rig.SocketFolder(t)
				rig.StartComponent(t, s.program, s.program, sockets)
				metadata := map[string]string{"readTimeout": "1s", "dialTimeout": "1s", "redisMaxRetryInterval": "200ms"}
				if fault.inNetwork {
					metadata["redisHost"] = w.network.Address()
				}
				d := rig.StartDaprd(t, s.daprd, appID, sockets, s.document("store", server, metadata))
				load := startLoad(t, grpcAPI{d.API})
				load.waitForWrites(t, 20)

				fault.strike(t, w)
				until := time.Now().Add(fault.lasts)
				if !fault.unharmful {
					load.waitForErrors(t)
					answersInTime(t, httpAPI{d.URL}, fault.words)
				}
				for time.Now().Before(until) {
					answersInTime(t, httpAPI{d.URL}, fault.words)
				}
				fault.heal(t, w)

				load.waitForWrites(t, 20)
				load.stop()
				load.check(t, grpcAPI{d.API})
			})
		}
	}, func(s subject) bool { return ofOurs(s) && inRedis(s) })
}

// answersInTime makes a write without any deadline: the error must come from the store itself.
func answersInTime(t *testing.T, api httpAPI, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()

	err := api.save(ctx, "store", item{key: "probe", value: "1"})

	if err == nil || ctx.Err() != nil {
		t.Errorf("a write in times of trouble: %v; want an error of the store within %v", err, answerTimeout)
	} else if !strings.Contains(err.Error(), words) {
		t.Errorf("a write in times of trouble: %v; want %q", err, words)
	}
}
