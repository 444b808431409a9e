package kafka

import (
	"os/exec"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// kcat is somebody else's client: what we write it reads, and what it writes we deliver.
func TestKcat(t *testing.T) {
	broker := shared(t)
	kcat := func(t *testing.T, input string, args ...string) string {
		t.Helper()
		command := exec.CommandContext(soon(t), rig.Need(t, rig.KcatVar), append([]string{"-b", broker.Address()}, args...)...)
		command.Stdin = strings.NewReader(input)
		output, err := command.Output()
		must(t, err)
		return string(output)
	}
	forSubjects(t, func(t *testing.T, s subject) {
		topic, outside := topicOf(t), "outside."+topicOf(t)
		broker.CreateTopics(t, 1, topic, outside)
		box := &inbox{}
		application := app.Start(t, "grpc", box.handle, []app.Subscription{
			{PubSub: brokerName, Topic: outside, Metadata: map[string]string{"rawPayload": "true"}}})
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))

		must(t, grpcAPI{m.API}.publish(soon(t), topic, "text/plain", "hello",
			map[string]string{"rawPayload": "true", "partitionKey": "k", "colour": "blue"}))
		kcat(t, "from kcat", "-P", "-t", outside, "-k", "kcat's key", "-H", "colour=red")

		got := kcat(t, "", "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-f", "%k=%s %h")
		if !strings.HasPrefix(got, "k=hello ") || !strings.Contains(got, "colour=blue") || !strings.Contains(got, "partitionKey=k") {
			t.Errorf("kcat read %q", got)
		}
		e := box.one(t, "from kcat")
		if e.Metadata["__key"] != "kcat's key" || e.Metadata["colour"] != "red" {
			t.Errorf("metadata %v", e.Metadata)
		}
	})
}
