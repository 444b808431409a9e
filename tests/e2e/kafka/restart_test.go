package kafka

import (
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// A component that was killed has daprd started anew by its supervisor, here the test: subscription, input
// binding and publishing are there again, and what was published meanwhile comes.
func TestComponentHasItsSidecarStartedAnew(t *testing.T) {
	ofOurs(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		sockets := rig.SocketFolder(t)
		box := &inbox{}
		application := app.Start(t, "grpc", box.handle, []app.Subscription{{PubSub: brokerName, Topic: topic}}, inputName)
		d := rig.NewDaprd(t, s.daprd, appID, sockets, s.pubsub(settings(t, broker)),
			s.binding(inputName, settings(t, broker, map[string]string{"topics": topic + ".in", "direction": "input",
				"consumerGroup": topic + ".in"})),
			s.binding(outputName, settings(t, broker, map[string]string{"publishTopic": topic + ".in", "direction": "output"})))
		serve(d, application)
		program := rig.StartBeside(t, d, s.program, s.program, sockets)
		d.Start()
		must(t, grpcAPI{d.API}.publish(soon(t), topic, "text/plain", "before", nil))
		box.one(t, "before")
		must(t, grpcAPI{d.API}.invoke(soon(t), outputName, "binding before", nil))
		box.one(t, "binding before")

		program.Kill(t)
		since := time.Now()
		rig.StartBeside(t, d, s.program, s.program, sockets)
		if err := d.WaitForEnd(t); err != nil {
			t.Errorf("daprd ended with %v", err)
		}
		d.Start()

		must(t, grpcAPI{d.API}.publish(soon(t), topic, "text/plain", "after", nil))
		box.one(t, "after")
		must(t, grpcAPI{d.API}.invoke(soon(t), outputName, "binding after", nil))
		box.one(t, "binding after")
		t.Logf("from the kill to events of subscription and binding: %v", time.Since(since).Round(time.Millisecond))
	})
}
