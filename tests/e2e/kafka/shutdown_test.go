package kafka

import (
	"syscall"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig/app"
)

// daprd that shuts down slowly pauses the component, lets what is under way end, and goes. What comes
// after it is handled by the next one, and nothing twice.
func TestPauseOnShutdown(t *testing.T) {
	t.Parallel() // most of it is waiting
	const each, size = 100, 20000
	// What has been fetched is still delivered: let that be little.
	little := map[string]string{"channelBufferSize": "4", "consumerFetchDefault": "65536"}
	forSubjects(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		take := l.handler("first")
		application := app.Start(t, "grpc", func(e app.Event) error {
			time.Sleep(20 * time.Millisecond) // so that something is under way at any time
			return take(e)
		}, []app.Subscription{rawTopic(topic)})
		publisher := startMember(t, s, nil, s.pubsub(settings(t, broker)))
		publishTo(t, l, publisher, faultPartitions, each, size)
		m := prepareMember(t, s, application, s.pubsub(settings(t, broker, little)))
		m.Add("--dapr-block-shutdown-duration", "2s")
		m.Start()
		waitFor(t, "handled events", l.handledCount, 10)

		m.Signal(t, syscall.SIGTERM)
		if err := m.WaitForEnd(t); err != nil {
			t.Errorf("daprd: %v", err)
		}
		if handled := l.handledCount(); handled == faultPartitions*each {
			t.Error("all was handled before the end: nothing was paused")
		}
		m.Start()
		l.drain(t)

		l.check(t, 0)
	})
}
