package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const (
	writers       = 16
	writeTimeout  = 2 * time.Second // the deadline of each write
	answerTimeout = 8 * time.Second // readTimeout below, daprd, and a busy machine
)

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

// A load is some writers, each of which counts up in a key of its own, guarded by its etag.
type load struct {
	test    testing.TB
	api     grpcAPI
	cancel  context.CancelFunc
	running sync.WaitGroup
	writers [writers]writer
}

type writer struct {
	key       string
	value     int    // the last one that was acknowledged or read
	etag      string // belongs to value; empty when it has to be read
	written   atomic.Int64
	refused   atomic.Int64
	attempted int
}

func startLoad(t testing.TB, api grpcAPI) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{test: t, api: api, cancel: cancel}
	for i := range l.writers {
		w := &l.writers[i]
		w.key = fmt.Sprintf("writer-%02d", i)
		l.running.Go(func() {
			for ctx.Err() == nil {
				l.turn(ctx, w)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

// turn makes one write, or finds out what became of the last one.
func (l *load) turn(ctx context.Context, w *writer) {
	if w.etag == "" && w.attempted > 0 && !l.lookUp(ctx, w) {
		return
	}
	next := w.attempted + 1
	w.attempted = next
	call, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := l.api.save(call, "store", item{key: w.key, value: strconv.Itoa(next), etag: w.etag})

	var r *refusal
	switch {
	case err == nil:
		w.value, w.etag = next, ""
		w.written.Add(1)
	case errors.As(err, &r) && r.kind == conflict && ctx.Err() == nil:
		// True only if an earlier write of ours, given up by us, has arrived in the meantime.
		sent := w.etag
		for !l.lookUp(ctx, w) && ctx.Err() == nil {
		}
		if ctx.Err() == nil && w.etag == sent {
			l.test.Errorf("%s: etag %s was called stale and is the current one", w.key, sent)
		}
	default:
		w.etag = ""
		w.refused.Add(1)
	}
}

// lookUp reads what the key holds. It must be at least what was last acknowledged.
func (l *load) lookUp(ctx context.Context, w *writer) bool {
	call, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	it, err := l.api.get(call, "store", w.key)
	if err != nil {
		w.refused.Add(1)
		return false
	}
	if value, _ := strconv.Atoi(it.value); value < w.value || value > w.attempted {
		l.test.Errorf("%s holds %q, acknowledged was %d, attempted %d", w.key, it.value, w.value, w.attempted)
	} else {
		w.value, w.etag = value, it.etag
	}
	return true
}

// waitForWrites waits until every writer has had so many more writes acknowledged.
func (l *load) waitForWrites(t testing.TB, more int64) {
	t.Helper()
	l.waitFor(t, "acknowledged writes", func(w *writer) int64 { return w.written.Load() }, more)
}

// waitForErrors waits until every writer has been refused at least once more.
func (l *load) waitForErrors(t testing.TB) {
	t.Helper()
	l.waitFor(t, "errors", func(w *writer) int64 { return w.refused.Load() }, 1)
}

func (l *load) waitFor(t testing.TB, what string, count func(*writer) int64, more int64) {
	t.Helper()
	var before [writers]int64
	for i := range l.writers {
		before[i] = count(&l.writers[i])
	}
	rig.Eventually(t, what, func() error {
		for i := range l.writers {
			if n := count(&l.writers[i]) - before[i]; n < more {
				return fmt.Errorf("%s: %d of %d", l.writers[i].key, n, more)
			}
		}
		return nil
	})
}

func (l *load) stop() {
	l.cancel()
	l.running.Wait()
}

// check reads every key once more, when nobody writes.
func (l *load) check(t testing.TB, api grpcAPI) {
	t.Helper()
	for i := range l.writers {
		w := &l.writers[i]
		it := mustGet(t, api, "store", w.key)
		if value, _ := strconv.Atoi(it.value); value < w.value {
			t.Errorf("%s holds %q, acknowledged was %d", w.key, it.value, w.value)
		}
	}
}
