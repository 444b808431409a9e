package telemetry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// A stop on the way of a document: whose span, and what stands in its operation's name.
type stop struct{ service, operation string }

func (s stop) is(span rig.Span) bool {
	return span.Service == s.service && strings.Contains(span.Operation, s.operation)
}

// The ways that a new document takes, each stop somewhere below the one before it. daprd is known by its app-id; it
// gives its caller's trace to the application beside a span of its own, and tells components nothing: theirs goes on
// from what our service puts into the request.
var ways = [][]stop{
	{{"document", "CallLocal"}},
	{{"dk-document", "OnInvoke"}, {"dk-document", "SaveState"}, {"document", "SaveState"}},
	{{"dk-document", "OnInvoke"}, {"dk-document", "SaveState"}, {"dk-redis", "Set"}, {"dk-redis", "EVALSHA"}},
	{{"dk-document", "OnInvoke"}, {"dk-document", "GetState"}, {"dk-redis", "Get"}, {"dk-redis", "HGETALL"}},
	{{"dk-kafka", "BulkPublish"}, {"dk-kafka", "send documents"}},
	{{"compute", "pubsub/documents"}, {"dk-compute", "OnTopicEvent"}, {"dk-compute", "process documents"}},
	{{"dk-compute", "process documents"}, {"dk-compute", "GetState"}, {"dk-redis", "Get"}},
	{{"dk-compute", "process documents"}, {"dk-compute", "PublishEvent"}, {"compute", "PublishEvent"},
		{"dk-kafka", "Publish"}, {"dk-kafka", "send compute.results"}},
	{{"compute", "PublishEvent"}, {"document", "pubsub/compute.results"}, {"dk-document", "process compute.results"}},
	{{"dk-document", "process compute.results"}, {"dk-document", "ExecuteStateTransaction"}, {"dk-redis", "Transact"}},
}

// below are the spans of a stop that descend from one of those, or all of its spans when those are nil.
func below(spans []rig.Span, above map[string]bool, wanted stop) map[string]bool {
	parents := map[string][]string{}
	for _, span := range spans {
		parents[span.ID] = span.Parents
	}
	var descends func(id string, depth int) bool
	descends = func(id string, depth int) bool {
		return depth < len(spans) && slices.ContainsFunc(parents[id], func(parent string) bool {
			return above[parent] || descends(parent, depth+1)
		})
	}
	found := map[string]bool{}
	for _, span := range spans {
		if wanted.is(span) && (above == nil || descends(span.ID, 0)) {
			found[span.ID] = true
		}
	}
	return found
}

// complete tells what a trace lacks.
func complete(spans []rig.Span, tr trace) error {
	known := map[string]bool{tr.root: true}
	for _, span := range spans {
		known[span.ID] = true
	}
	for _, span := range spans {
		if !slices.ContainsFunc(span.Parents, func(id string) bool { return known[id] }) {
			return fmt.Errorf("%s %s has no parent among %d spans", span.Service, span.Operation, len(spans))
		}
	}
	for _, way := range ways {
		var above map[string]bool
		for i, wanted := range way {
			if above = below(spans, above, wanted); len(above) == 0 {
				return fmt.Errorf("%v: no %v among %d spans: %v", way[:i], wanted, len(spans), outline(spans))
			}
		}
	}
	return nil
}

// outline names the spans.
func outline(spans []rig.Span) []string {
	var names []string
	for _, span := range spans {
		if name := span.Service + ": " + span.Operation; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// One request, one trace: through both daprds, both services, their components, Redis and Kafka, with every parent.
func TestOneRequestIsOneTrace(t *testing.T) {
	h, tr := shared(t), newTrace()

	h.create(t, tr, "traced")

	rig.Eventually(t, "the trace", func() error {
		spans, err := h.jaeger.Trace(tr.id)
		if err != nil {
			return err
		}
		return complete(spans, tr)
	})
}

// A call that its caller did not sample leaves no span, in no process.
func TestWhatIsNotSampledIsNotSeen(t *testing.T) {
	h, unseen, seen := shared(t), newTrace(), newTrace()
	unseen.flags = "00"

	h.create(t, unseen, "unseen")
	h.create(t, seen, "seen") // when its trace is complete, spans of the other would be there too

	rig.Eventually(t, "the trace that is sampled", func() error {
		spans, err := h.jaeger.Trace(seen.id)
		if err != nil {
			return err
		}
		return complete(spans, seen)
	})
	if spans, err := h.jaeger.Trace(unseen.id); err != nil || len(spans) > 0 {
		t.Errorf("%v %v", outline(spans), err)
	}
}

// logged are the lines of a process's log that belong to a trace, each as the JSON object that it is.
func logged(t *testing.T, process *rig.Process, tr trace) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(process.Log()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("a line of the log is no JSON: %v: %s", err, line)
			continue
		}
		for _, name := range []string{"time", "level", "msg", "scope"} {
			if fields[name] == nil {
				t.Errorf("a line of the log has no '%s': %s", name, line)
			}
		}
		if fields["trace_id"] == tr.id {
			lines = append(lines, fields)
		}
	}
	return lines
}

// What a process logs about a call has the ids of the span in which it happened.
func TestLogLinesBelongToSpans(t *testing.T) {
	h, tr := shared(t), newTrace()

	// What is no result is dropped, and that is told.
	status, text := post(t, h.document.Daprd.URL+"/v1.0/publish/pubsub/compute.results", `{"no":"result"}`, tr)
	if status != http.StatusNoContent {
		t.Fatalf("publish: %d %s", status, text)
	}

	rig.Eventually(t, "a line and its span", func() error {
		lines := logged(t, h.document.Application.Process, tr)
		if len(lines) == 0 {
			return fmt.Errorf("no line of dk-document has the trace %s", tr.id)
		}
		spans, err := h.jaeger.Trace(tr.id)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if !slices.ContainsFunc(spans, func(span rig.Span) bool { return span.ID == line["span_id"] && span.Service == "dk-document" }) {
				return fmt.Errorf("no span of dk-document for %v among %v", line, outline(spans))
			}
		}
		return nil
	})
}
