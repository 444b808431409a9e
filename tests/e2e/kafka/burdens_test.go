package kafka

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// What no fault is and weighs on a component all the same: applications that are slow or refuse, many
// topics, large messages, more publishers than places.

// An event may take longer than the session: its partition waits, the others flow, nobody is expelled.
func TestSlowApplication(t *testing.T) {
	t.Parallel()                  // most of it is waiting
	const takes = 9 * time.Second // sessionTimeout and a half
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		take, isSlow := l.handler("first"), atomic.Bool{}
		isSlow.Store(true)
		application := app.Start(t, "grpc", func(e app.Event) error {
			if e.Metadata["__partition"] == "1" && isSlow.CompareAndSwap(true, false) {
				time.Sleep(takes)
			}
			return take(e)
		}, []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))

		publishTo(t, l, m, faultPartitions, 100, 10)
		l.drain(t)

		l.check(t, 0)
	})
}

// publishTo publishes to each partition of the only topic; size is that of each event.
func publishTo(t *testing.T, l *ledger, m *member, partitions, each, size int) {
	t.Helper()
	for n := range each {
		for p := range partitions {
			data := fmt.Sprintf("%d/%06d", p, n)
			l.publishTo(t, grpcAPI{m.API}, l.topics[0], p, data+strings.Repeat("x", max(0, size-len(data))))
		}
	}
}

// One sidecar, a hundred topics, one component.
func TestHundredTopics(t *testing.T) {
	t.Parallel() // most of it is waiting
	forSubjects(t, func(t *testing.T, s subject) {
		broker := shared(t)
		var topics []string
		var subscriptions []app.Subscription
		for i := range 100 {
			topics = append(topics, fmt.Sprintf("%s.%02d", topicOf(t), i))
			subscriptions = append(subscriptions, rawTopic(topics[i]))
		}
		broker.CreateTopics(t, 1, topics...)
		l := newLedger(broker, topicOf(t), topics...)
		application := app.Start(t, "grpc", l.handler("first"), subscriptions)
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))

		for n := range 20 {
			for _, topic := range topics {
				must(t, l.publish(soon(t), grpcAPI{m.API}, topic, "key", fmt.Sprintf("%s %d", topic, n)))
			}
		}
		l.drain(t)

		l.check(t, 0)
	})
}

// An event that is always refused holds its partition and no other, and is still there at the end.
func TestPoisonHoldsItsPartitionAlone(t *testing.T) {
	const poisoned, each = 2, 50
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		take, isPoison, refusals := l.handler("first"), atomic.Bool{}, atomic.Int64{}
		isPoison.Store(true)
		application := app.Start(t, "grpc", func(e app.Event) error {
			if isPoison.Load() && e.Metadata["__partition"] == fmt.Sprint(poisoned) && e.Metadata["__offset"] == "10" {
				refusals.Add(1)
				return app.ErrRefused
			}
			return take(e)
		}, []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))

		publishTo(t, l, m, faultPartitions, each, 10)
		waitFor(t, "refusals", count(&refusals), 5)
		rig.Eventually(t, "the other partitions", func() error {
			if n := l.handledCount(); n != each*(faultPartitions-1)+10 {
				return fmt.Errorf("%d are handled", n)
			}
			return nil
		})
		isPoison.Store(false)
		l.drain(t)

		l.check(t, 0)
	})
}

// With finite retries the poison is given up after them, with a word in the log, and the rest comes.
func TestPoisonIsGivenUpAfterItsRetries(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, 1)
		box, refusals := &inbox{}, 0
		box.refuse = func(e app.Event) error {
			if string(e.Data) == "poison" {
				refusals++
				return app.ErrRefused
			}
			return nil
		}
		application := app.Start(t, "grpc", box.handle, []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker, map[string]string{"backOffMaxRetries": "3"})))

		for _, data := range []string{"before", "poison", "after"} {
			must(t, grpcAPI{m.API}.publish(soon(t), topic, "text/plain", data, map[string]string{"rawPayload": "true"}))
		}
		box.one(t, "after")

		if events := box.all(); refusals != 4 || len(events) != 2 || string(events[0].Data) != "before" {
			t.Errorf("refused %d times, handled %d", refusals, len(events))
		}
	})
}

// With a deadLetterTopic the component itself puts the poison there, as it was, and goes on.
func TestPoisonGoesToTheDeadLetterTopic(t *testing.T) {
	ofOurs(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		dead := "dead." + topic
		broker.CreateTopics(t, 1, topic, dead)
		box, refusals := &inbox{}, 0
		box.refuse = func(e app.Event) error {
			if string(e.Data) == "poison" {
				refusals++
				return app.ErrRefused
			}
			return nil
		}
		application := app.Start(t, "grpc", box.handle, []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker,
			map[string]string{"backOffMaxRetries": "2", "deadLetterTopic": dead})))

		for _, data := range []string{"before", "poison", "after"} {
			must(t, grpcAPI{m.API}.publish(soon(t), topic, "text/plain", data,
				map[string]string{"rawPayload": "true", "partitionKey": "key-" + data}))
		}
		box.one(t, "after")

		if refusals != 3 {
			t.Errorf("refused %d times, want 3", refusals)
		}
		if records := broker.Read(t, dead); len(records) != 1 || string(records[0].Value) != "poison" ||
			string(records[0].Key) != "key-poison" {
			t.Errorf("the dead letter topic has %v", records)
		}
	})
}

func TestLargeMessages(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		application := app.Start(t, "grpc", l.handler("first"), []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))

		publishTo(t, l, m, faultPartitions, 10, 1_000_000)
		l.drain(t)

		l.check(t, 0)
		if err := l.publish(soon(t), grpcAPI{m.API}, topic, "key", strings.Repeat("x", 2<<20)); err == nil {
			t.Error("2 MiB were accepted, twice maxMessageBytes")
		}
	})
}

// A queue that is full says so: whoever finds no place in time is refused in words, nobody hangs, and
// what was acknowledged is there when the broker goes on.
func TestFullProducerQueue(t *testing.T) {
	const publishers, places = 200, 16
	ofOurs(t, func(t *testing.T, s subject) {
		broker, topic := rig.StartKafka(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		application := app.Start(t, "grpc", l.handler("first"), []app.Subscription{rawTopic(topic)})
		m := startMember(t, s, application, s.pubsub(settings(t, broker,
			map[string]string{"inflightMax": fmt.Sprint(places), "publishTimeout": "20s"})))
		publishTo(t, l, m, faultPartitions, 5, 10) // the producer knows its topic

		broker.Pause(t)
		var running sync.WaitGroup
		var refusals sync.Map
		for n := range publishers {
			running.Go(func() {
				ctx, end := context.WithTimeout(t.Context(), publishTimeout)
				defer end()
				if err := l.publish(ctx, grpcAPI{m.API}, topic, fmt.Sprint(n), fmt.Sprintf("crowd %d", n)); err != nil {
					refusals.Store(n, err)
				}
			})
		}
		waitUntil(t, "refused events", l.refusedCount, publishers-2*places)
		broker.Resume(t)
		running.Wait()
		l.drain(t)

		refusals.Range(func(_, err any) bool {
			if !strings.Contains(err.(error).Error(), "inflightMax") {
				t.Errorf("refused with %v", err)
			}
			return true
		})
		if n := l.refusedCount(); n != publishers-2*places {
			t.Errorf("%d of %d are refused; %d have a place, as many may wait for one", n, publishers, places)
		}
		l.check(t, 0)
	})
}
