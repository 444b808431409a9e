//go:build bench

package services

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const (
	measuredCalls = 2000
	pacedCreates  = 500
	pace          = 20 * time.Millisecond // 50 a second
	rssMax        = 40 << 10              // KiB
)

// tell prints a line of JSON.
func tell(what string, values map[string]any) {
	values["bench"], values["what"] = "app", what
	text, _ := json.Marshal(values)
	fmt.Println(string(text))
}

func percentile(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds())
}

// measure makes calls with so many in flight.
func measure(t *testing.T, what string, inFlight int, call func(number int) (answer, error)) {
	t.Helper()
	numbers, times := make(chan int), make([]time.Duration, measuredCalls)
	var working sync.WaitGroup
	started := time.Now()
	for range inFlight {
		working.Go(func() {
			for number := range numbers {
				before := time.Now()
				if got, err := call(number); err != nil || got.status != 200 {
					t.Errorf("%s: %d %s %v", what, got.status, got.body, err)
				}
				times[number] = time.Since(before)
			}
		})
	}
	for number := range measuredCalls {
		numbers <- number
	}
	close(numbers)
	working.Wait()
	took := time.Since(started)
	slices.Sort(times)
	tell(what, map[string]any{"in_flight": inFlight, "calls": measuredCalls,
		"per_second": int(measuredCalls / took.Seconds()),
		"p50_us":     percentile(times, 50), "p99_us": percentile(times, 99)})
}

// TestMeasure is ./dev bench app: calls through daprd's HTTP API; Redis writes to disk every second, as
// that of ./dev up does.
func TestMeasure(t *testing.T) {
	h := buildOn(t, rig.StartRedis(t, "--appendfsync", "everysec"), rig.StartKafka(t))
	for _, s := range []*service{h.document, h.compute} {
		kib := s.ResidentKiB(t)
		tell("idle rss", map[string]any{"program": "dk-" + s.id, "kib": kib, "kib_max": rssMax, "holds": kib <= rssMax})
	}
	for _, inFlight := range []int{1, 16} {
		create := func(number int) (answer, error) {
			body, _ := json.Marshal(map[string]any{"id": fmt.Sprintf("m%d-%d", inFlight, number), "text": story(number, inFlight)})
			return h.document.invoke(t.Context(), "POST", "/documents", string(body))
		}
		get := func(number int) (answer, error) {
			return h.document.invoke(t.Context(), "GET", fmt.Sprintf("/documents/m%d-%d", inFlight, number), "")
		}
		measure(t, "create", inFlight, create)
		eventually(t, "the annotations", takeover, func() error { return h.caughtUp(t) })
		measure(t, "get", inFlight, get)
	}
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for number := range pacedCreates {
		<-ticker.C
		body, _ := json.Marshal(map[string]any{"id": fmt.Sprintf("paced%d", number), "text": story(number, 50)})
		if got := h.document.ask(t, "default", "POST", "/documents", string(body)); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	eventually(t, "the annotations", takeover, func() error { return h.caughtUp(t) })
	times := h.annotationTimes(t, "paced")
	if len(times) != pacedCreates {
		t.Fatalf("%d of %d were annotated", len(times), pacedCreates)
	}
	p50, p99 := percentile(times, 50), percentile(times, 99)
	tell("event to annotation", map[string]any{"per_second": 50, "documents": len(times),
		"p50_ms": p50 / 1000, "p50_ms_max": 20, "p99_ms": p99 / 1000, "p99_ms_max": 100, "holds": p50 <= 20000 && p99 <= 100000})
	fmt.Fprintln(os.Stderr, "times are of the broker's records: of CREATED and of ANNOTATED")
}

// caughtUp tells whether all events have been handled.
func (h *house) caughtUp(t *testing.T) error {
	for _, group := range []string{"document", "compute"} {
		if lag, err := h.kafka.Lag(t, group, topic); err != nil || lag > 0 {
			return fmt.Errorf("%s: %d left, %v", group, lag, err)
		}
	}
	lag, err := h.kafka.Lag(t, "document", "compute.results")
	if err == nil && lag > 0 {
		err = fmt.Errorf("%d results left", lag)
	}
	return err
}

// annotationTimes are from the event of a document's creation to that of its annotation, sorted.
func (h *house) annotationTimes(t *testing.T, prefix string) []time.Duration {
	t.Helper()
	created := map[string]time.Time{}
	var times []time.Duration
	for _, record := range h.kafka.Read(t, topic) { // a document's events are in one partition, in order
		var event struct{ Data struct{ ID, Change string } }
		if json.Unmarshal(record.Value, &event) != nil || !strings.HasPrefix(event.Data.ID, prefix) {
			continue
		}
		switch event.Data.Change {
		case "CREATED":
			created[event.Data.ID] = record.Time
		case "ANNOTATED":
			if began, first := created[event.Data.ID]; first {
				times = append(times, record.Time.Sub(began))
				delete(created, event.Data.ID)
			}
		}
	}
	slices.Sort(times)
	return times
}
