package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	strike    func(t *testing.T, r *rig.Redis)
	heal      func(t *testing.T, r *rig.Redis)
	unharmful bool // it may pass without a single error
}{
	{"killed and restarted", func(t *testing.T, r *rig.Redis) { r.Kill(t) }, func(t *testing.T, r *rig.Redis) { r.Start(t) }, false},
	{"paused", func(t *testing.T, r *rig.Redis) { r.Pause(t) }, func(t *testing.T, r *rig.Redis) { r.Resume(t) }, false},
	{"connections cut", func(t *testing.T, r *rig.Redis) {
		must(t, r.Client.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err())
	}, func(*testing.T, *rig.Redis) {}, true},
	{"read only", func(t *testing.T, r *rig.Redis) {
		must(t, r.Client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	}, func(t *testing.T, r *rig.Redis) {
		must(t, r.Client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	}, false},
	{"out of memory", func(t *testing.T, r *rig.Redis) {
		must(t, r.Client.ConfigSet(t.Context(), "maxmemory", "1").Err())
	}, func(t *testing.T, r *rig.Redis) {
		must(t, r.Client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	}, false},
}

// Whatever happens to Redis under load: no call hangs, no etag is called stale that is not, nothing
// that was acknowledged is lost, and when Redis is well again so is the store, without a restart.
func TestRedisInTrouble(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		for _, fault := range faults {
			t.Run(fault.name, func(t *testing.T) {
				server := rig.StartRedis(t)
				sockets := rig.SocketFolder(t)
				rig.StartComponent(t, s.program, s.program, sockets)
				d := rig.StartDaprd(t, s.daprd, appID, sockets, s.document("store", server,
					map[string]string{"readTimeout": "1s", "dialTimeout": "1s", "redisMaxRetryInterval": "200ms"}))
				load := startLoad(t, grpcAPI{d.API})
				load.waitForWrites(t, 20)

				fault.strike(t, server)
				if !fault.unharmful {
					load.waitForErrors(t)
					answersInTime(t, httpAPI{d.URL})
				}
				fault.heal(t, server)

				load.waitForWrites(t, 20)
				load.stop()
				load.check(t, grpcAPI{d.API})
			})
		}
	}, func(s subject) bool { return ofOurs(s) && inRedis(s) })
}

// answersInTime makes a write without any deadline: the error must come from the store itself.
func answersInTime(t *testing.T, api httpAPI) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()

	err := api.save(ctx, "store", item{key: "probe", value: "1"})

	if err == nil || ctx.Err() != nil {
		t.Errorf("a write in times of trouble: %v; want an error of the store within %v", err, answerTimeout)
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
