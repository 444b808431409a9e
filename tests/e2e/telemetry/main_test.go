// Package telemetry looks at our programs from outside, with what an operator has: Prometheus, promtool, Jaeger, and
// the log.
package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/metadata"
)

// What every OpenTelemetry program reads; the rig's processes inherit it.
const (
	endpointVar = "OTEL_EXPORTER_OTLP_ENDPOINT"
	delayVar    = "OTEL_BSP_SCHEDULE_DELAY"
)

var lasting = &rig.Package{}

func TestMain(m *testing.M) { os.Exit(lasting.Run(m)) }

// A house is both services with all that they stand on, seen by Jaeger.
type house struct {
	jaeger            *rig.Jaeger
	document, compute *rig.Pod
}

var sharedHouse = rig.Shared(func() *house {
	h := &house{jaeger: rig.StartJaeger(lasting)}
	os.Setenv(endpointVar, h.jaeger.OTLP)
	os.Setenv(delayVar, "100")
	defer os.Unsetenv(endpointVar)
	defer os.Unsetenv(delayVar)
	redis, kafka := rig.StartRedis(lasting), rig.StartKafka(lasting)
	kafka.CreateTopics(lasting, 1, rig.ServiceTopics...)
	json := []string{"--log-format", "json", "--log-level", "debug"}
	h.document = rig.NewObservedPod(lasting, "document", redis, kafka, json...)
	h.compute = rig.NewObservedPod(lasting, "compute", redis, kafka, json...)
	rig.Introduce(lasting, h.document.Daprd, h.compute.Daprd)
	for _, pod := range []*rig.Pod{h.document, h.compute} {
		pod.Start()
		pod.Daprd.Start()
	}
	return h
})

// shared is a house for tests that do it no harm.
func shared(t *testing.T) *house {
	t.Helper()
	h := sharedHouse()
	if h == nil {
		t.Fatal("the house that tests share has not started")
	}
	return h
}

// targets are all programs of ours, by names that tell them apart.
func (h *house) targets() []rig.Target {
	var all []rig.Target
	for _, pod := range []*rig.Pod{h.document, h.compute} {
		for _, target := range pod.Metrics {
			if !strings.HasSuffix(target.Name, pod.ID) {
				target.Name += "-" + pod.ID
			}
			all = append(all, target)
		}
	}
	return all
}

// target is one of them.
func (h *house) target(t *testing.T, name string) rig.Target {
	t.Helper()
	targets := h.targets()
	at := slices.IndexFunc(targets, func(target rig.Target) bool { return target.Name == name })
	if at < 0 {
		t.Fatalf("no program '%s'", name)
	}
	return targets[at]
}

// A trace that a caller begins: its id, and the span that all others descend from.
type trace struct{ id, root, flags string }

func newTrace() trace {
	var bytes [24]byte
	rand.Read(bytes[:])
	return trace{hex.EncodeToString(bytes[:16]), hex.EncodeToString(bytes[16:]), "01"}
}

func (tr trace) parent() string { return "00-" + tr.id + "-" + tr.root + "-" + tr.flags }

// create makes a document through daprd, within the trace.
func (h *house) create(t *testing.T, tr trace, id string) {
	t.Helper()
	body := fmt.Sprintf(`{"id":"%s","text":"The hedgehog sleeps under the leaves until spring comes again."}`, id)
	status, text := post(t, h.document.Daprd.URL+"/v1.0/invoke/document/method/documents", body, tr)
	if status != http.StatusOK {
		t.Fatalf("create: %d %s", status, text)
	}
}

func post(t *testing.T, url, body string, tr trace) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	got, err := rig.AskJSON(ctx, http.DefaultClient, "POST", url, body, "traceparent", tr.parent())
	if err != nil {
		t.Fatal(err)
	}
	return got.Status, got.Body
}

// page reads a page of a target.
func page(t *testing.T, target rig.Target, path, accept string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var headers []string
	if accept != "" {
		headers = []string{"accept", accept}
	}
	got, err := rig.Ask(ctx, http.DefaultClient, "GET", target.URL(path), "", headers...)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("%s%s: %d: %v: %s", target.Name, path, got.Status, err, got.Body)
	}
	return got.Body
}

// instance is a context of calls to a component's instance.
func instance(t *testing.T) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), "x-component-instance", "statestore")
}
