package telemetry

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"google.golang.org/grpc/metadata"
)

const (
	textFormat  = "text/plain;version=0.0.4"
	openMetrics = "application/openmetrics-text;version=1.0.0"
)

// All four programs: promtool reads what they say and has nothing to complain about.
func TestPromtoolReadsEveryPage(t *testing.T) {
	h := shared(t)
	h.create(t, newTrace(), "promtool")
	for _, target := range h.targets() {
		if said, err := rig.Promtool(t, page(t, target, "/metrics", textFormat), "check", "metrics"); err != nil {
			t.Errorf("%s: %v: %s", target.Name, err, said)
		}
		if text := page(t, target, "/metrics", openMetrics); !strings.HasSuffix(text, "# EOF\n") {
			t.Errorf("%s: as OpenMetrics it has no end: …%.80q", target.Name, text[max(0, len(text)-80):])
		}
	}
}

// A real Prometheus finds all of them up, and in its store what each is there for.
func TestPrometheusScrapesEveryProgram(t *testing.T) {
	h := shared(t)
	h.create(t, newTrace(), "scraped")
	p := rig.StartPrometheus(t, h.targets()...)
	for _, target := range h.targets() {
		series := []string{"up == 1", "dk_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes"}
		if strings.HasPrefix(target.Name, "dk-redis") || strings.HasPrefix(target.Name, "dk-kafka") {
			series = append(series, "dk_component_requests_total > 0", "dk_component_instances > 0",
				"dk_component_request_duration_seconds_count > 0", "dk_backend_connected == 1")
		} else {
			series = append(series, "dk_app_requests_total > 0", "dk_app_request_duration_seconds_count > 0")
		}
		for _, one := range series {
			name, condition, _ := strings.Cut(one, " ")
			expression := fmt.Sprintf(`%s{name="%s"} %s`, name, target.Name, condition)
			rig.Eventually(t, expression, func() error {
				samples, err := p.Query(expression)
				if err == nil && len(samples) == 0 {
					err = fmt.Errorf("nothing")
				}
				return err
			})
		}
	}
}

// Nobody makes series without end: not by the names of instances, nor by paths, nor by methods.
func TestLabelsAreBounded(t *testing.T) {
	const strangers = 3000
	h := shared(t)
	redis, document := h.target(t, "dk-redis-document"), h.target(t, "dk-document")
	h.create(t, newTrace(), "bounded")
	before := map[string]int{}
	for _, target := range []rig.Target{redis, document} {
		before[target.Name] = strings.Count(page(t, target, "/metrics", ""), "\n")
	}

	client := components.NewStateStoreClient(rig.Dial(t, "unix://"+h.document.Redis.Socket))
	connection := rig.Dial(t, h.document.Address())
	for i := range strangers {
		stranger := fmt.Sprintf("stranger-%d", i)
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-component-instance", stranger)
		if _, err := client.Get(ctx, &components.GetRequest{Key: "a"}); err == nil {
			t.Fatalf("instance '%s' exists", stranger)
		}
		empty := &components.PingRequest{}
		if connection.Invoke(t.Context(), "/"+stranger+"/Method", empty, &components.PingResponse{}) == nil {
			t.Fatalf("a service '%s' exists", stranger)
		}
		if connection.Invoke(t.Context(), "/dapr.proto.runtime.v1.AppCallback/"+stranger, empty, &components.PingResponse{}) == nil {
			t.Fatalf("a method '%s' exists", stranger)
		}
	}

	for _, target := range []rig.Target{redis, document} {
		text := page(t, target, "/metrics", "")
		if grown := strings.Count(text, "\n") - before[target.Name]; grown > 100 {
			t.Errorf("%s: %d lines more after %d strangers", target.Name, grown, strangers)
		}
		if strings.Contains(text, "stranger-") {
			t.Errorf("%s: a stranger's name became a label", target.Name)
		}
	}
}

// While calls go on, every page is whole, and no counter goes backwards.
func TestMetricsUnderLoad(t *testing.T) {
	const scrapes, writers = 500, 8
	h := shared(t)
	redis := h.target(t, "dk-redis-document")
	client := components.NewStateStoreClient(rig.Dial(t, "unix://"+h.document.Redis.Socket))
	ctx := instance(t)
	stop := make(chan struct{})
	var working sync.WaitGroup
	for writer := range writers {
		working.Go(func() {
			for number := 0; ; number++ {
				select {
				case <-stop:
					return
				default:
				}
				request := &components.SetRequest{Key: fmt.Sprintf("load-%d-%d", writer, number%100), Value: []byte("value")}
				if _, err := client.Set(ctx, request); err != nil {
					t.Errorf("a call during a scrape: %v", err)
					return
				}
			}
		})
	}
	last := -1.0
	for range scrapes {
		text := page(t, redis, "/metrics", textFormat)
		count := valueOf(t, text, "dk_component_requests_total", `operation="Set"`, `code="OK"`)
		if count < last {
			t.Errorf("the counter went from %v to %v", last, count)
		}
		last = count
	}
	close(stop)
	working.Wait()
	said, err := rig.Promtool(t, page(t, redis, "/metrics", textFormat), "check", "metrics")
	if err != nil {
		t.Errorf("%v: %s", err, said)
	}
	if last <= 0 {
		t.Error("no call was counted")
	}
}

// valueOf sums the samples of a metric that have all of the labels.
func valueOf(t *testing.T, text, metric string, labels ...string) float64 {
	t.Helper()
	sum := 0.0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, metric+"{") {
			continue
		}
		has := true
		for _, label := range labels {
			has = has && strings.Contains(line, label)
		}
		var value float64
		if _, err := fmt.Sscan(line[strings.LastIndex(line, "}")+1:], &value); err != nil {
			t.Fatalf("no sample: %s", line)
		}
		if has {
			sum += value
		}
	}
	return sum
}
