package kafka

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// A load publishes until it is stopped: some lanes, each with a key of its own and one event at a
// time, so that the order in which a lane was acknowledged is the order of its key.
type load struct {
	ledger  *ledger
	cancel  context.CancelFunc
	running sync.WaitGroup
}

const (
	lanes        = 8
	afterRefusal = 20 * time.Millisecond // publishers are no loops that spin
)

// startLoad publishes to the ledger's topics, one after the other.
func startLoad(t *testing.T, l *ledger, a api) *load {
	ctx, cancel := context.WithCancel(t.Context())
	run := &load{ledger: l, cancel: cancel}
	for lane := range lanes {
		run.running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				call, end := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
				topic := l.topics[n%len(l.topics)]
				err := l.publish(call, a, topic, fmt.Sprintf("lane-%d", lane), fmt.Sprintf("%s %d/%06d", t.Name(), lane, n))
				end()
				if err != nil {
					time.Sleep(afterRefusal)
				}
			}
		})
	}
	t.Cleanup(run.stop)
	return run
}

// stop lets what is under way come to its end.
func (r *load) stop() {
	r.cancel()
	r.running.Wait()
}
