// Package services tests dk-document and dk-compute as they are deployed: each behind a real daprd
// with dk-redis and dk-kafka of its own, over one Redis and one Apache Kafka.
package services

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const (
	documents = "dapr_kit.document.v1.Documents"
	compute   = "dapr_kit.compute.v1.Compute"
	topic     = "documents"

	// A journal of a process that was killed is taken over when its lease of 30 s has ended.
	takeover = 100 * time.Second

	quotaDocuments = 20 // of each tenant of the shared house
)

var (
	lasting      = &rig.Package{}
	sharedBroker = rig.Shared(func() *rig.Kafka { return rig.StartKafka(lasting) })
	sharedHouse  = rig.Shared(func() *house { return build(lasting, sharedBroker(), "--quota-documents", fmt.Sprint(quotaDocuments)) })
)

func TestMain(m *testing.M) { os.Exit(lasting.Run(m)) }

// A house is the two services with all that they stand on.
type house struct {
	kafka             *rig.Kafka
	redis             *rig.Redis
	document, compute *service
}

// A service is a program with its pod.
type service struct {
	*rig.Pod
	id    string
	daprd *rig.Daprd
}

// build starts a house whose Redis writes each change to disk before it answers; options are dk-document's.
func build(t testing.TB, kafka *rig.Kafka, options ...string) *house {
	t.Helper()
	return buildOn(t, rig.StartRedis(t), kafka, options...)
}

func buildOn(t testing.TB, redis *rig.Redis, kafka *rig.Kafka, options ...string) *house {
	t.Helper()
	h := &house{kafka: kafka, redis: redis}
	kafka.CreateTopics(t, 3, rig.ServiceTopics...)
	h.document = h.place(t, "document", options...)
	h.compute = h.place(t, "compute")
	rig.Introduce(t, h.document.daprd, h.compute.daprd)
	for _, s := range []*service{h.document, h.compute} {
		s.Start()
		s.daprd.Start()
	}
	return h
}

// shared is a house for tests that do it no harm; each takes a tenant of its own.
func shared(t *testing.T) *house {
	t.Helper()
	h := sharedHouse()
	if h == nil {
		t.Fatal("the house that tests share has not started")
	}
	return h
}

// place prepares a service and starts its components.
func (h *house) place(t testing.TB, id string, options ...string) *service {
	t.Helper()
	pod := rig.NewPod(t, id, h.redis, h.kafka, options...)
	return &service{Pod: pod, id: id, daprd: pod.Daprd}
}

// patient is how long a test waits for one call.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	t.Cleanup(cancel)
	return ctx
}

// An answer is what an HTTP caller of daprd sees.
type answer struct {
	status int
	body   string
}

// invoke calls a route through daprd's HTTP API. Without a content-type among the headers, the body is JSON.
func (s *service) invoke(ctx context.Context, verb, path, body string, headers ...string) (answer, error) {
	got, err := rig.AskJSON(ctx, http.DefaultClient, verb, s.daprd.URL+"/v1.0/invoke/"+s.id+"/method"+path, body, headers...)
	return answer{got.Status, got.Body}, err
}

// ask calls a route for a tenant and insists on an answer, which is as the service's OpenAPI page has it.
func (s *service) ask(t *testing.T, tenant, verb, path, body string, headers ...string) answer {
	t.Helper()
	got, err := s.invoke(patient(t), verb, path, body, append([]string{"dk-tenant", tenant}, headers...)...)
	if err != nil {
		t.Fatalf("%s %s: %v", verb, path, err)
	}
	promise, err := pages[s.id]()
	if err != nil {
		t.Fatal(err)
	}
	if err := promise.holds(verb, path, got); err != nil {
		t.Errorf("%s %s: %d %.300s: %v", verb, path, got.status, got.body, err)
	}
	return got
}

// field is a member of a JSON object, by a path of names.
func (a answer) field(names ...string) any {
	var value any
	if json.Unmarshal([]byte(a.body), &value) != nil {
		return nil
	}
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func (a answer) text(names ...string) string {
	if value := a.field(names...); value != nil {
		return fmt.Sprint(value)
	}
	return ""
}

// eventually looks until the condition holds, for longer than rig.Eventually does.
func eventually(t *testing.T, what string, patience time.Duration, condition func() error) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v: %v", what, patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
