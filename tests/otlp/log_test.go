package otlp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// traced are the lines of a JSON log that have a trace; every line is an object, or the test fails.
func (p *program) traced() (lines []map[string]any) {
	p.t.Helper()
	for line := range strings.Lines(p.logged()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			p.t.Fatalf("a line of the log is no JSON: %v: %s", err, line)
		}
		if (fields["trace_id"] == nil) != (fields["span_id"] == nil) {
			p.t.Errorf("a line has one id without the other: %s", line)
		}
		if fields["trace_id"] != nil {
			lines = append(lines, fields)
		}
	}
	return lines
}

// What a component logs while it serves a call has the ids of the call's span, and the component's name.
func TestLogLinesOfComponentsBelongToSpans(t *testing.T) {
	debug := []string{"--log-format", "json", "--log-level", "debug"}
	programs := map[string]func(t *testing.T, f *fake) (p *program, failing string){
		"dk-redis": func(t *testing.T, f *fake) (*program, string) {
			redis := rig.StartRedis(t)
			p, path := run(t, "dk-redis", at(f.address), append(debug, "--socket-dir", t.TempDir())...)
			p.dial(path, "redisHost", redis.Address())
			bad := &components.SetRequest{Key: "key", Value: []byte("v"), Etag: &components.Etag{Value: "no number"}}
			if _, err := p.store.Set(p.context("traceparent", parent), bad); err == nil {
				t.Fatal("an etag that is none was taken")
			}
			return p, setName
		},
		"dk-kafka": func(t *testing.T, f *fake) (*program, string) {
			broker := rig.StartDevbroker(t, "orders")
			p, path := run(t, "dk-kafka", at(f.address), append(debug, "--socket-dir", t.TempDir())...)
			pubsub := components.NewPubSubClient(rig.Dial(t, "unix:"+path))
			ctx := p.context("x-component-instance", component, "traceparent", parent)
			properties := map[string]string{"brokers": broker, "authType": "none"}
			if _, err := pubsub.Init(ctx, &components.PubSubInitRequest{Metadata: &components.MetadataRequest{Properties: properties}}); err != nil {
				t.Fatalf("%v\n%s", err, p.logged())
			}
			if _, err := pubsub.Publish(ctx, &components.PublishRequest{PubsubName: component, Data: []byte("no topic")}); err == nil {
				t.Fatal("a message without a topic was taken")
			}
			return p, "dapr.proto.components.v1.PubSub/Publish"
		},
	}
	for name, start := range programs {
		t.Run(name, func(t *testing.T) {
			f := listen(t, "127.0.0.1:0", nil)

			p, failing := start(t, f)

			failed := f.spansNamed(t, failing, 1)[0]
			p.stop()
			spans := map[string]*trace.Span{}
			f.mutex.Lock()
			defer f.mutex.Unlock()
			for _, span := range f.spans {
				spans[hex.EncodeToString(span.TraceId)+hex.EncodeToString(span.SpanId)] = span
			}
			told := false
			for _, line := range p.traced() {
				span := spans[fmt.Sprint(line["trace_id"], line["span_id"])]
				if span == nil || line["component"] != component {
					t.Errorf("no span, or no component, of the line %v", line)
				}
				told = told || span == failed && line["msg"] == "a call has failed" && line["trace_id"] == traceID
			}
			if !told {
				t.Errorf("no line tells of %v:\n%s", failed, p.logged())
			}
		})
	}
}
