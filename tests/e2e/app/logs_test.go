package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/metadata"
)

// drop sends the probe an event that its handler does not want, which it logs.
func drop(t *testing.T, ctx context.Context, callback runtime.AppCallbackClient, id string) {
	t.Helper()
	answer, err := callback.OnTopicEvent(ctx, &runtime.TopicEventRequest{Id: id, SpecVersion: "1.0", Type: "t", Source: "s",
		PubsubName: pubsubName, Topic: "orders", Path: "/default", DataContentType: "text/plain", Data: []byte("drop")})
	if err != nil || answer.GetStatus() != runtime.TopicEventResponse_DROP {
		t.Errorf("%v %v", answer, err)
	}
}

// drops are the lines about events by their id, once there are so many.
func drops(t *testing.T, probe *rig.Application, count int) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	rig.Eventually(t, "lines of events", func() error {
		for line := range strings.Lines(probe.Log()) {
			var parsed map[string]string
			if !strings.HasSuffix(line, "}\n") {
				break // under way
			}
			if err := json.Unmarshal([]byte(line), &parsed); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if parsed["msg"] == "an event was not handled" {
				found[parsed["id"]] = parsed
			}
		}
		if len(found) < count {
			return fmt.Errorf("%d of %d", len(found), count)
		}
		return nil
	})
	return found
}

// Many calls at once, each of a trace of its own, on few workers: each line has the trace of its call.
func TestLogLinesHaveTheTraceOfTheirCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		exporter string // nobody listens there
	}{{"of the caller, where nothing is traced", ""}, {"with spans of our own", "http://127.0.0.1:1"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const calls = 64
			probe := rig.NewApplication(t, "dk-probe", "--log-format", "json", "--log-repeats-max", "0", "--handlers-max", "4")
			if c.exporter != "" {
				probe.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.exporter)
			}
			probe.Start()
			callback := runtime.NewAppCallbackClient(dial(t, probe.Address(), nil))
			trace := func(i int) string { return fmt.Sprintf("4bf92f3577b34da6a3ce929d0e0e%04x", i+1) }
			span := func(i int) string { return fmt.Sprintf("00f067aa0ba9%04x", i+1) }
			var sending sync.WaitGroup
			for i := range calls {
				sending.Go(func() {
					drop(t, metadata.AppendToOutgoingContext(patient(t), "traceparent",
						"00-"+trace(i)+"-"+span(i)+"-01"), callback, fmt.Sprint(i))
				})
			}
			sending.Wait()

			lines := drops(t, probe, calls)
			for i := range calls {
				line := lines[fmt.Sprint(i)]
				if line["trace_id"] != trace(i) {
					t.Errorf("%d: trace %s, not %s", i, line["trace_id"], trace(i))
				}
				if isCallers := line["span_id"] == span(i); isCallers != (c.exporter == "") || len(line["span_id"]) != 16 {
					t.Errorf("%d: span %s beside the caller's %s", i, line["span_id"], span(i))
				}
			}
		})
	}
}

// What a worker did before leaves nothing behind.
func TestALogLineOfNoTraceHasNone(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe", "--log-format", "json", "--handlers-max", "1")
	probe.Start()
	callback := runtime.NewAppCallbackClient(dial(t, probe.Address(), nil))
	drop(t, metadata.AppendToOutgoingContext(patient(t), "traceparent",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), callback, "traced")

	drop(t, patient(t), callback, "untraced")

	if lines := drops(t, probe, 2); lines["traced"]["trace_id"] == "" || lines["untraced"]["trace_id"] != "" {
		t.Errorf("%v", lines)
	}
}

// The tokens of both directions, right and wrong, are in no line at any level.
func TestNoTokenIsLogged(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe", "--log-level", "debug")
	probe.Setenv("APP_API_TOKEN", "hush-application")
	probe.Setenv("DAPR_API_TOKEN", "hush-sidecar")
	probe.Setenv("DAPR_GRPC_PORT", "1")
	probe.Start()
	callback := runtime.NewAppCallbackClient(dial(t, probe.Address(), nil))
	for _, token := range []string{"hush-wrong", ""} {
		ctx := metadata.AppendToOutgoingContext(patient(t), "dapr-api-token", token)
		if _, err := callback.OnTopicEvent(ctx, &runtime.TopicEventRequest{}); err == nil || strings.Contains(err.Error(), "hush-") {
			t.Errorf("with %q: %v", token, err)
		}
	}
	drop(t, metadata.AppendToOutgoingContext(patient(t), "dapr-api-token", "hush-application"), callback, "known")

	probe.WaitForLog(t, "an event was not handled")
	for line := range strings.Lines(probe.Log()) {
		if strings.Contains(line, "hush-") {
			t.Errorf("a token: %s", line)
		}
	}
}
