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

const (
	publishTimeout = 60 * time.Second // beyond every timeout of a component: it must answer by itself
	cutFor         = 10 * time.Second
)

// A stage is one broker, one topic, one member of a group, and a ledger.
type stage struct {
	broker *rig.Kafka
	member *member
	ledger *ledger
	load   *load
}

const faultPartitions = 4

// setStage starts all but the load. With a proxy the component reaches the broker only through it.
func setStage(t *testing.T, s subject, options rig.KafkaOptions, more map[string]string) *stage {
	t.Helper()
	broker := rig.StartKafkaWith(t, options)
	topic := topicOf(t)
	broker.CreateTopic(t, topic, faultPartitions)
	st := &stage{broker: broker, ledger: newLedger(broker, topicOf(t), topic)}
	application := app.Start(t, "grpc", st.ledger.handler("first"), []app.Subscription{rawTopic(topic)})
	metadata := settings(t, broker, more)
	if options.Proxy {
		metadata["brokers"] = broker.At(rig.Proxied)
	}
	st.member = startMember(t, s, application, s.pubsub(metadata))
	return st
}

func rawTopic(topic string) app.Subscription {
	return app.Subscription{PubSub: brokerName, Topic: topic, Metadata: map[string]string{"rawPayload": "true"}}
}

func (st *stage) startLoad(t *testing.T) {
	t.Helper()
	st.load = startLoad(t, st.ledger, grpcAPI{st.member.API})
	waitFor(t, "acknowledged events", st.ledger.acknowledgedCount, 200)
	waitFor(t, "handled events", st.ledger.handledCount, 100)
}

// finish shows that all flows again, ends the load and compares the books.
func (st *stage) finish(t *testing.T, replaysMax int) {
	t.Helper()
	waitFor(t, "acknowledged events", st.ledger.acknowledgedCount, 200)
	waitFor(t, "handled events", st.ledger.handledCount, 100)
	st.load.stop()
	st.ledger.drain(t)
	st.ledger.check(t, replaysMax)
	st.member.Stop(t) // while the broker is there
}

// A broker that goes away keeps the group's last commit; what was handled since comes once more.
func TestBrokerRestartedUnderLoad(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		for _, way := range []struct {
			name string
			end  func(*rig.Kafka, testing.TB)
		}{
			{"stopped", func(k *rig.Kafka, t testing.TB) { k.Stop(t) }},
			{"killed", func(k *rig.Kafka, t testing.TB) { k.Kill(t) }},
		} {
			t.Run(way.name, func(t *testing.T) {
				st := setStage(t, s, rig.KafkaOptions{}, nil)
				st.startLoad(t)

				way.end(st.broker, t)
				st.broker.Start(t)

				st.finish(t, 1)
			})
		}
	})
}

// Nothing moves for ten seconds and nobody is told: longer than the session of the group.
func TestNetworkCut(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		st := setStage(t, s, rig.KafkaOptions{Proxy: true}, nil)
		st.startLoad(t)

		st.broker.Proxy.Cut()
		time.Sleep(cutFor)
		st.broker.Proxy.Mend()

		st.finish(t, 2) // once for the session that ended, once for the commit that was lost
	})
}

// daprd does not open a component again that came back; it has to be restarted too.
func TestComponentKilledUnderLoad(t *testing.T) {
	ofOurs(t, func(t *testing.T, s subject) {
		st := setStage(t, s, rig.KafkaOptions{}, nil)
		st.startLoad(t)

		st.member.program.Kill(t)
		waitFor(t, "refused events", st.ledger.refusedCount, 1)
		st.member.Stop(t)
		st.member.startProgram(t)
		st.member.Start()

		st.finish(t, 1)
	})
}

// An application that refuses everything for a while, and in that while a second member joins, gets
// partitions, and refuses them too. Nothing may be passed over, nor overtake.
func TestRebalanceDuringRefusals(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		var refusing atomic.Bool
		var refusals [2]atomic.Int64
		join := func(number int, name string) *member {
			take := l.handler(name)
			application := app.Start(t, "grpc", func(e app.Event) error {
				if refusing.Load() {
					refusals[number].Add(1)
					return app.ErrRefused
				}
				return take(e)
			}, []app.Subscription{rawTopic(topic)})
			return startMember(t, s, application, s.pubsub(settings(t, broker)))
		}
		first := join(0, "first")
		st := &stage{broker: broker, member: first, ledger: l}
		st.startLoad(t)

		refusing.Store(true)
		waitFor(t, "refusals of the first", count(&refusals[0]), 2*faultPartitions)
		second := join(1, "second")
		waitFor(t, "refusals of the second", count(&refusals[1]), faultPartitions)
		refusing.Store(false)
		waitFor(t, "events for the first", l.handledBy("first"), 50)
		waitFor(t, "events for the second", l.handledBy("second"), 50)
		second.Stop(t)

		st.finish(t, 2) // the second comes, the second goes
	})
}

func count(n *atomic.Int64) func() int { return func() int { return int(n.Load()) } }

// An event may take longer than the session: its partition waits, the others flow, nobody is expelled.
func TestSlowApplication(t *testing.T) {
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

// One sidecar, a hundred topics, one component. The built-in passes too, in a minute: it joins its
// group anew for each topic.
func TestHundredTopics(t *testing.T) {
	ofOurs(t, func(t *testing.T, s subject) {
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
		waitFor(t, "refused events", l.refusedCount, publishers-2*places-l.refusedCount())
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
