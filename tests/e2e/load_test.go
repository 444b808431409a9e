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
	writers      = 16
	writeTimeout = 2 * time.Second // the deadline of each write
)

// A load is some writers, each of which counts up in a key of its own, guarded by its etag.
type load struct {
	test    testing.TB
	api     grpcAPI
	strong  bool // writes are acknowledged when replicas have them
	cancel  context.CancelFunc
	running sync.WaitGroup
	writers [writers]writer
}

type writer struct {
	key       string
	value     int    // the last one that was acknowledged, or read where a read is as good
	etag      string // of what the key holds; empty when it has to be read
	written   atomic.Int64
	refused   atomic.Int64
	attempted int
}

func startLoad(t testing.TB, api grpcAPI) *load { return startLoadOf(t, api, false) }

// startStrongLoad makes strong writes. What a read tells may be lost with its master.
func startStrongLoad(t testing.TB, api grpcAPI) *load { return startLoadOf(t, api, true) }

func startLoadOf(t testing.TB, api grpcAPI, strong bool) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{test: t, api: api, strong: strong, cancel: cancel}
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
	err := l.api.save(call, "store", item{key: w.key, value: strconv.Itoa(next), etag: w.etag, strong: l.strong})

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
		w.etag = it.etag
		if !l.strong {
			w.value = value
		}
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
