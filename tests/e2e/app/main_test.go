// Package app tests applications as their users meet them: dk-probe, which has every door that an
// application has, alone and behind a real daprd.
package app

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	appID       = "probe"
	serviceName = "dapr_kit.testing.v1.Probe"
	echoPath    = "/" + serviceName + "/Echo"
)

// startProbe starts dk-probe with options and waits for its port.
func startProbe(t *testing.T, options ...string) *rig.Application {
	t.Helper()
	probe := rig.NewApplication(t, "dk-probe", options...)
	probe.Start()
	return probe
}

// sidecar prepares a daprd for the probe.
func sidecar(t *testing.T, probe *rig.Application, protocol string, documents ...rig.Document) *rig.Daprd {
	t.Helper()
	daprd := rig.NewDaprd(t, rig.DaprdVar, appID, "", documents...)
	daprd.Serve(protocol, probe.Port, 0)
	return daprd
}

// startBoth starts a probe and its daprd.
func startBoth(t *testing.T, options ...string) (*rig.Application, *rig.Daprd) {
	t.Helper()
	probe := startProbe(t, options...)
	daprd := sidecar(t, probe, "grpc")
	daprd.Start()
	return probe, daprd
}

// dial connects to an address as grpcurl does.
func dial(t *testing.T, address string, tls credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	if tls == nil {
		tls = insecure.NewCredentials()
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(tls))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
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
	header http.Header
	body   string
}

// invoke calls a method of the probe through daprd's HTTP API.
func invoke(t *testing.T, daprd *rig.Daprd, verb, method, body string, headers ...string) answer {
	t.Helper()
	got, err := rig.Ask(patient(t), http.DefaultClient, verb, daprd.URL+"/v1.0/invoke/"+appID+"/method/"+method, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.Status, got.Header, got.Body}
}

// message is what daprd tells of an error.
func (a answer) message(t *testing.T) string {
	t.Helper()
	var said struct{ Message string }
	if err := json.Unmarshal([]byte(a.body), &said); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return said.Message
}

// A gate is a file that Hold waits for.
type gate string

func newGate(t *testing.T) gate {
	return gate(filepath.Join(t.TempDir(), "gate"))
}

func (g gate) request() string { return `{"file":` + strconv.Quote(string(g)) + `}` }
