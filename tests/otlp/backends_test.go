package otlp

import (
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

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

// Calls that arrive together leave in one write, which is one span: the child of one call, and the others link to it.
func TestCommandsThatLeaveTogetherAreOneSpan(t *testing.T) {
	const round = 64
	f := listen(t, "127.0.0.1:0", nil)
	redis := rig.StartRedis(t)
	p, path := run(t, "dk-redis", at(f.address), "--socket-dir", t.TempDir())
	p.dial(path, "redisHost", redis.Address())
	together, calls := 0, 0

	for deadline := time.Now().Add(patience); together == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("no two of %d calls left together", calls)
		}
		var group sync.WaitGroup
		for i := 0; i < round; i++ {
			group.Add(1)
			go func() { defer group.Done(); p.set(p.context(), nil) }()
		}
		group.Wait()
		calls += round
		f.await(t, "spans of all calls", func() bool {
			served := 0
			together = 0
			for _, span := range f.spans {
				if span.Name == setName {
					served++
				} else if span.Name == "PIPELINE EVALSHA" {
					together++
				}
			}
			return served == calls
		})
	}
	p.stop()

	f.mutex.Lock()
	defer f.mutex.Unlock()
	writes, children, linked, commands := map[string]*trace.Span{}, 0, map[string]int64{}, int64(0)
	for _, span := range f.spans {
		if span.Kind == trace.Span_SPAN_KIND_CLIENT {
			writes[string(span.SpanId)] = span
		}
	}
	for _, span := range f.spans {
		if span.Name != setName {
			continue
		}
		if took := number(t, span, "dapr.backend.duration_us"); took < 0 ||
			uint64(took) > (span.EndTimeUnixNano-span.StartTimeUnixNano)/1000+1 {
			t.Errorf("%d us in Redis of %v", took, span)
		}
		if len(span.Links) == 0 {
			children++
			continue
		}
		write := writes[string(span.Links[0].SpanId)]
		if len(span.Links) != 1 || write == nil || string(write.TraceId) != string(span.Links[0].TraceId) ||
			write.StartTimeUnixNano < span.StartTimeUnixNano || write.StartTimeUnixNano > span.EndTimeUnixNano {
			t.Fatalf("%v links to no write of its time: %v", span, write)
		}
		linked[string(write.SpanId)]++
	}
	for id, write := range writes {
		size := int64(1)
		if write.Name != "EVALSHA" {
			size = number(t, write, "db.operation.batch.size")
		}
		if size != 1+linked[id] || (size == 1) != (write.Name == "EVALSHA") {
			t.Errorf("%d links to %v", linked[id], write)
		}
		commands += size
	}
	if children != len(writes) || commands != int64(calls) {
		t.Errorf("%d writes of %d calls, %d commands, %d calls without a link", len(writes), calls, commands, children)
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
	message, err := stream.Recv()
	if err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}
	acknowledged := time.Now()
	if err := stream.Send(&components.PullMessagesRequest{AckMessageId: message.Id}); err != nil {
		t.Fatal(err)
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
	if received.EndTimeUnixNano < uint64(acknowledged.UnixNano()) || words(received.Attributes)["dapr.message.outcome"] != "handled" {
		t.Errorf("%v was acknowledged at %d", received, acknowledged.UnixNano())
	}
	for _, span := range []*trace.Span{sent, received} {
		if said := words(span.Attributes); said["messaging.system"] != "kafka" || said["messaging.destination.name"] != "orders" {
			t.Errorf("%v", said)
		}
	}
}
