package otlp

import (
	"encoding/hex"
	"fmt"
	"testing"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestACommandToRedisIsASpan(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	redis := rig.StartRedis(t)
	p, path := run(t, "dk-redis", at(f.address), "--socket-dir", t.TempDir())
	p.dial(path, "redisHost", redis.Address())

	p.set(p.context("traceparent", parent), nil)
	if _, err := p.store.Get(p.context("traceparent", parent), &components.GetRequest{Key: "key"}); err != nil {
		t.Fatal(err)
	}

	for served, command := range map[string]string{setName: "EVALSHA", "dapr.proto.components.v1.StateStore/Get": "HGETALL"} {
		call, sent := f.spansNamed(t, served, 1)[0], f.spansNamed(t, command, 1)[0]
		if !isChild(sent, call) || sent.Kind != trace.Span_SPAN_KIND_CLIENT || sent.EndTimeUnixNano <= sent.StartTimeUnixNano {
			t.Errorf("%v is no child of %v", sent, call)
		}
		if said := words(sent.Attributes); said["db.system"] != "redis" || said["db.operation"] != command ||
			said["server.address"] != redis.Address() {
			t.Errorf("%v", said)
		}
	}
}

// The trace that a cloud event names goes into Kafka and comes out of it.
func TestAMessageGoesThroughKafkaWithItsTrace(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	broker := rig.StartDevbroker(t, "orders")
	p, path := run(t, "dk-kafka", at(f.address), "--socket-dir", t.TempDir())
	connection := rig.Dial(t, "unix:"+path)
	pubsub, ctx := components.NewPubSubClient(connection), p.context("x-component-instance", component)
	properties := map[string]string{"brokers": broker, "authType": "none", "consumerGroup": "g", "initialOffset": "oldest"}
	if _, err := pubsub.Init(ctx, &components.PubSubInitRequest{Metadata: &components.MetadataRequest{Properties: properties}}); err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}
	event := fmt.Sprintf(`{"data":"d","id":"1","topic":"orders","traceid":"%s","traceparent":"%s","type":"t"}`, parent, parent)

	if _, err := pubsub.Publish(ctx, &components.PublishRequest{Topic: "orders", PubsubName: component, Data: []byte(event)}); err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}
	stream, err := pubsub.PullMessages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&components.PullMessagesRequest{Topic: &components.Topic{Name: "orders"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}

	published := f.spansNamed(t, "dapr.proto.components.v1.PubSub/Publish", 1)[0]
	sent, received := f.spansNamed(t, "send orders", 1)[0], f.spansNamed(t, "receive orders", 1)[0]
	if hex.EncodeToString(published.ParentSpanId) != spanID || hex.EncodeToString(received.ParentSpanId) != spanID ||
		hex.EncodeToString(received.TraceId) != traceID {
		t.Errorf("%v\n%v", published, received)
	}
	if !isChild(sent, published) || sent.Kind != trace.Span_SPAN_KIND_PRODUCER || received.Kind != trace.Span_SPAN_KIND_CONSUMER {
		t.Errorf("%v\n%v", sent, received)
	}
	for _, span := range []*trace.Span{sent, received} {
		if said := words(span.Attributes); said["messaging.system"] != "kafka" || said["messaging.destination.name"] != "orders" {
			t.Errorf("%v", said)
		}
	}
}
