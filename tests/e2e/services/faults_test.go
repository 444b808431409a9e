package services

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const (
	writers   = 8
	creates   = 1000
	storeAway = 10 * time.Second
	// Longer than every timeout on the way to the broker, the 30 s of publishTimeout among them.
	brokerAway = 60 * time.Second
)

// A fault strikes when so many documents have been acknowledged.
type fault struct {
	name   string
	at     int
	strike func(h *house)
}

// In the middle of 1,000 creates by 8 writers everything that can be killed is killed and comes back,
// and the store and the broker stop answering for a while.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	h := build(t, rig.StartKafka(t))
	l := newLedger(h, "count")
	back := make(chan struct{}) // closed when the broker is
	faults := []fault{
		{"kill -9 dk-document", 100, func(h *house) { h.document.Kill(t); h.document.Start() }},
		{"kill -9 dk-compute", 200, func(h *house) { h.compute.Kill(t); h.compute.Start() }},
		{"kill -9 daprd of document", 300, func(h *house) { h.document.daprd.Kill(t); h.document.daprd.Start() }},
		{"kill -9 daprd of compute", 400, func(h *house) { h.compute.daprd.Kill(t); h.compute.daprd.Start() }},
		// daprd does not initialise a component again, so it is started anew too.
		{"kill -9 dk-redis of document", 500, func(h *house) {
			h.document.Redis.Kill(t)
			h.document.StartRedis(t)
			h.document.daprd.Kill(t)
			h.document.daprd.Start()
		}},
		{"state store away for 10 s", 600, func(h *house) {
			h.redis.Pause(t)
			time.Sleep(storeAway) // the fault itself
			h.redis.Resume(t)
		}},
		{"kill -9 dk-kafka of document", 675, func(h *house) {
			h.document.Kafka.Kill(t)
			h.document.StartKafka(t)
			h.document.daprd.Kill(t)
			h.document.daprd.Start()
		}},
		{"broker away for 60 s from now", 750, func(h *house) {
			h.kafka.Pause(t)
			time.AfterFunc(brokerAway, func() { h.kafka.Resume(t); close(back) })
		}},
		{"kill -9 dk-document again, the broker still away", 900, func(h *house) { h.document.Kill(t); h.document.Start() }},
	}

	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	numbers := make(chan int)
	var working sync.WaitGroup
	for range writers {
		working.Go(func() {
			for number := range numbers {
				if err := l.write(ctx, number); err != nil {
					t.Error(err)
				}
			}
		})
	}
	struck := make(chan struct{})
	go func() {
		defer close(struck)
		for _, fault := range faults {
			for int(l.acked.Load()) < fault.at && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			before, at := time.Now(), l.acked.Load()
			fault.strike(h)
			fmt.Printf("count| at %d of %d: %s, over after %.1f s\n", at, creates, fault.name, time.Since(before).Seconds())
		}
	}()
	for number := range creates {
		numbers <- number
	}
	close(numbers)
	working.Wait()
	<-struck
	if t.Failed() {
		return
	}
	<-back
	eventually(t, "daprd finds the service again", takeover, func() error {
		if got := h.document.ask(t, l.tenant, "GET", "/documents", ""); got.status != 200 {
			return fmt.Errorf("%d %.300s", got.status, got.body)
		}
		return nil
	})
	l.check(t, "all faults")
}

// A service that has no daprd yet is up and says what is missing; when daprd comes, it serves.
func TestDaprdMayComeLater(t *testing.T) {
	h := build(t, rig.StartKafka(t))
	h.document.daprd.Stop(t)

	direct := rig.Dial(t, h.document.Address())
	stub := rig.Learn(t, patient(t), documents, direct, direct)
	if _, err := stub.Call(patient(t), "Get", `{"id":"x"}`); err == nil {
		t.Error("it answers without its daprd")
	}
	h.document.Stop(t)
	h.document.Start() // while daprd is away
	h.document.daprd.Start()

	if got := h.document.ask(t, "later", "POST", "/documents", `{"id":"x","text":"`+fox+`"}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	eventually(t, "annotations", takeover, func() error {
		if got := h.document.ask(t, "later", "GET", "/documents/x", ""); got.text("annotations", "language", "code") != "en" {
			return fmt.Errorf("%d %.300s", got.status, got.body)
		}
		return nil
	})
}
