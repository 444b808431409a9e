package kafka

import (
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// A socket called kafka takes the place of what is built into daprd, under documents that stay.
func TestSocketNamedKafkaReplacesTheBuiltIn(t *testing.T) {
	ofOurs(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		sockets := rig.SocketFolder(t)
		program := rig.StartComponent(t, s.program, "kafka", sockets)
		box := &inbox{}
		application := app.Start(t, "grpc", box.handle, []app.Subscription{{PubSub: brokerName, Topic: topic}}, inputName)
		d := rig.NewDaprd(t, rig.DaprdCompareVar, appID, sockets, builtinKafka.pubsub(settings(t, broker)),
			builtinKafka.binding(inputName, settings(t, broker, map[string]string{"topics": topic + ".in", "direction": "input",
				"consumerGroup": topic + ".in"})),
			builtinKafka.binding(outputName, settings(t, broker, map[string]string{"publishTopic": topic + ".in", "direction": "output"})))
		serve(d, application)
		d.Start()
		must(t, grpcAPI{d.API}.publish(soon(t), topic, "text/plain", "event", nil))
		box.one(t, "event")
		must(t, grpcAPI{d.API}.invoke(soon(t), outputName, "binding", nil))
		box.one(t, "binding")

		program.Kill(t)

		if err := (grpcAPI{d.API}).publish(soon(t), topic, "text/plain", "nobody", nil); err == nil {
			t.Error("a publish without the component was acknowledged: it was the built-in's")
		}
		if err := (grpcAPI{d.API}).invoke(soon(t), outputName, "nobody", nil); err == nil {
			t.Error("a binding without the component was acknowledged: it was the built-in's")
		}
	})
}
