package rig

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Jaeger takes spans and answers for them, with the configuration that ./dev up --observe gives it.
type Jaeger struct {
	*Process
	URL  string // of its API
	OTLP string // where spans go, as OTEL_EXPORTER_OTLP_ENDPOINT says it
}

// StartJaeger starts a server and waits until it answers.
func StartJaeger(t testing.TB) *Jaeger {
	t.Helper()
	query, otlp := port(t), port(t)
	j := &Jaeger{URL: "http://" + loopback(query), OTLP: "http://" + loopback(otlp)}
	j.Process = start(t, "jaeger", Need(t, JaegerVar), []string{
		"DK_JAEGER_PORT=" + strconv.Itoa(query), "DK_OTLP_PORT=" + strconv.Itoa(otlp),
		"DK_JAEGER_GRPC_PORT=" + strconv.Itoa(port(t)), "DK_JAEGER_HEALTH_PORT=" + strconv.Itoa(port(t)),
	}, "--config", filepath.Join(Need(t, ObserveVar), "jaeger.yaml"))
	j.ready(t, func() error {
		_, err := j.Services()
		return err
	})
	return j
}

// A Span is one of a trace, as Jaeger tells it.
type Span struct {
	ID, Operation, Service string
	Parents                []string
	Tags                   map[string]string
	StartUs, TookUs        int64
}

// Failed tells whether the span ended with an error.
func (s Span) Failed() bool { return s.Tags["error"] == "true" }

// Services are those that Jaeger has spans of.
func (j *Jaeger) Services() ([]string, error) {
	var answer struct{ Data []string }
	err := getJSON(j.URL+"/api/services", &answer)
	return answer.Data, err
}

// Trace is what Jaeger has of a trace by now, the earliest first; nothing when it has heard of none.
func (j *Jaeger) Trace(id string) ([]Span, error) {
	var answer struct {
		Data []struct {
			Processes map[string]struct{ ServiceName string }
			Spans     []struct {
				SpanID, OperationName, ProcessID string
				References                       []struct{ SpanID string }
				StartTime, Duration              int64
				Tags                             []struct {
					Key   string
					Value any
				}
			}
		}
	}
	if err := getJSON(j.URL+"/api/traces/"+id, &answer); err != nil {
		if err == errNotFound {
			err = nil
		}
		return nil, err
	}
	var spans []Span
	for _, part := range answer.Data {
		for _, raw := range part.Spans {
			span := Span{ID: raw.SpanID, Operation: raw.OperationName, Service: part.Processes[raw.ProcessID].ServiceName,
				StartUs: raw.StartTime, TookUs: raw.Duration, Tags: map[string]string{}}
			for _, reference := range raw.References {
				span.Parents = append(span.Parents, reference.SpanID)
			}
			for _, tag := range raw.Tags {
				span.Tags[tag.Key] = fmt.Sprint(tag.Value)
			}
			spans = append(spans, span)
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return int(a.StartUs - b.StartUs) })
	return spans, nil
}

var errNotFound = fmt.Errorf("404")

// getJSON reads what a server of the rig answers.
func getJSON(url string, target any) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(response.Body).Decode(target)
	case http.StatusNotFound:
		return errNotFound
	default:
		return fmt.Errorf("%s: %s", url, response.Status)
	}
}
