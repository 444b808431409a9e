// Package kafka tests pub/sub and bindings on Apache Kafka as a user meets them: through a real
// daprd, with applications over gRPC and HTTP, over a real broker.
//
// The same cases run against Dapr's own pubsub.kafka and bindings.kafka, which shows that the cases
// are right, and that ours does the same.
package kafka

import (
	"context"
	"maps"
	"regexp"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// A subject is a component under test.
type subject struct {
	name    string
	kind    string // spec.type behind "pubsub." and "bindings."
	program string // empty: built into daprd
	daprd   string // the variable that names it
}

var (
	builtinKafka = subject{name: "builtin-kafka", kind: "kafka", daprd: rig.DaprdCompareVar}
	dkKafka      = subject{name: "dk-kafka", kind: "dk-kafka", program: "dk-kafka", daprd: rig.DaprdVar}
	subjects     = []subject{builtinKafka, dkKafka}
)

const (
	appID       = "app"
	brokerName  = "broker" // the pub/sub component of every world
	inputName   = "input"
	outputName  = "output"
	callTimeout = 20 * time.Second
	// Everything waits for conditions; these keep the waits of the components themselves short.
	backOff        = "100ms"
	sessionTimeout = "6s"
)

// settings are what every Component on a broker has in common.
func settings(t *testing.T, broker *rig.Kafka, more ...map[string]string) map[string]string {
	all := map[string]string{
		"brokers": broker.Address(), "authType": "none", "consumerGroup": topicOf(t), "initialOffset": "oldest",
		"backOffDuration": backOff, "sessionTimeout": sessionTimeout, "heartbeatInterval": "1s",
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}

func (s subject) pubsub(metadata map[string]string) rig.Document {
	return rig.Document{Name: brokerName, Type: "pubsub." + s.kind, Metadata: metadata}
}

func (s subject) binding(name string, metadata map[string]string) rig.Document {
	return rig.Document{Name: name, Type: "bindings." + s.kind, Metadata: metadata}
}

// A member is one sidecar with its component and its application.
type member struct {
	*rig.Daprd
	program *rig.Component // nil for a built-in
	subject subject
	sockets string
}

// startMember starts a component, if it is one of ours, and a sidecar before an application, which
// may be nil.
func startMember(t *testing.T, s subject, application *app.App, documents ...rig.Document) *member {
	t.Helper()
	m := prepareMember(t, s, application, documents...)
	m.Start()
	return m
}

func prepareMember(t *testing.T, s subject, application *app.App, documents ...rig.Document) *member {
	t.Helper()
	m := &member{subject: s, sockets: rig.SocketFolder(t)}
	m.startProgram(t)
	m.Daprd = rig.NewDaprd(t, s.daprd, appID, m.sockets, documents...)
	if application != nil {
		serve(m.Daprd, application)
	}
	return m
}

func serve(d *rig.Daprd, application *app.App) {
	d.Serve(application.Protocol, application.Port, application.Subscriptions())
}

func (m *member) startProgram(t *testing.T) {
	t.Helper()
	if m.subject.program != "" {
		m.program = rig.StartComponent(t, m.subject.program, m.subject.program, m.sockets)
	}
}

// forSubjects runs a test against every subject.
func forSubjects(t *testing.T, test func(t *testing.T, s subject)) {
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

// ofOurs runs a test against what is not built into daprd.
func ofOurs(t *testing.T, test func(t *testing.T, s subject)) {
	for _, s := range subjects {
		if s.program != "" {
			t.Run(s.name, func(t *testing.T) { test(t, s) })
		}
	}
}

var notForTopics = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// topicOf is a name that no other test uses on a shared broker, for topics and for groups.
func topicOf(t *testing.T) string { return notForTopics.ReplaceAllString(t.Name(), ".") }

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
