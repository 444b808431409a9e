package kafka

import (
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
	t.Parallel() // most of it is waiting
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
	t.Parallel() // most of it is waiting
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
	t.Parallel() // most of it is waiting
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
