package app

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestStateByTheSidecar(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)
	keep := func(body string) answer {
		return invoke(t, daprd, "PUT", "kept/a", body, "content-type", "application/json")
	}

	if got := invoke(t, daprd, "GET", "kept/a", ""); got.status != 404 || !strings.Contains(got.message(t), "key 'a'") {
		t.Errorf("before: %d %s", got.status, got.body)
	}
	if got := keep(`{"value":"1"}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var kept struct{ Value, Etag string }
	got := invoke(t, daprd, "GET", "kept/a", "")
	if err := json.Unmarshal([]byte(got.body), &kept); err != nil || kept.Value != "1" || kept.Etag == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := keep(`{"value":"2","etag":"` + kept.Etag + `"}`); got.status != 200 {
		t.Errorf("with its etag: %d %s", got.status, got.body)
	}
	if got := keep(`{"value":"3","etag":"` + kept.Etag + `"}`); got.status != 409 {
		t.Errorf("with a stale etag: %d %s", got.status, got.body)
	}
	if got := keep(`{"value":"3"}`); got.status != 409 {
		t.Errorf("as if it were new: %d %s", got.status, got.body)
	}
}

func TestEventsByTheSidecar(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)

	got := invoke(t, daprd, "POST", "publish/orders", `{"data":"mine","type":"order.cancelled"}`, "content-type", "application/json")

	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	awaitNotes(t, daprd, "cancelled mine")
}

// A handler calls its own application: with two workers neither waits for the other.
func TestOtherApplicationsByTheSidecar(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)

	if got := invoke(t, daprd, "GET", "relay/"+appID+"/hello", ""); got.status != 200 ||
		!strings.Contains(got.body, `hello`) {
		t.Errorf("InvokeService: %d %s", got.status, got.body)
	}
	if got := invoke(t, daprd, "GET", "relay/"+appID+"/hello?isTyped=true", ""); got.status != 200 ||
		got.body != `{"body":"hello"}` {
		t.Errorf("typed: %d %s", got.status, got.body)
	}
	if got := invoke(t, daprd, "GET", "relay/nobody/hello", ""); got.status/100 != 5 {
		t.Errorf("an application that is not there: %d %s", got.status, got.body)
	}
}

// The trace of a call goes with what its handler asks, without the handler's help.
func TestTheTraceGoesOn(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)
	for i, path := range []string{"relay/probe/x", "relay/probe/x?isTyped=true"} {
		trace := fmt.Sprintf("4bf92f3577b34da6a3ce929d0e0e473%d", i)

		got := invoke(t, daprd, "GET", path, "", "traceparent", "00-"+trace+"-00f067aa0ba902b7-01")

		if have := notes(t, daprd); got.status != 200 || count(have, "trace "+trace) != 1 {
			t.Errorf("%s: %d %s: %q", path, got.status, got.body, have)
		}
	}
}

// A handler that waits for its sidecar does not hold up the end of the program; its caller may ask another one.
func TestQuestionsEndWithTheProgram(t *testing.T) {
	t.Parallel()
	probe, daprd := startWithComponents(t)
	at := newGate(t)
	held := make(chan answer, 1)
	go func() { held <- invoke(t, daprd, "GET", "relay/probe/hold?file="+url.QueryEscape(string(at)), "") }()
	at.waitBegan(t)

	probe.Signal(t, syscall.SIGTERM)

	if got := receive(t, held); got.status != 503 || !strings.Contains(got.message(t), "the program stops") {
		t.Errorf("%d %s", got.status, got.body)
	}
	expectExit(t, probe, 0, "drain-timeout reached")
}

// A question to a sidecar that has gone ends in a word about it, not in a wait.
func TestASidecarThatIsAwayIsNamed(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe")
	port := fmt.Sprint(sidecar(t, probe, "grpc").GRPCPort) // nobody starts it
	probe.Setenv("DAPR_GRPC_PORT", port)
	probe.Start()
	direct := dial(t, probe.Address(), nil)

	_, err := learn(t, direct, direct).call(patient(t), "Kept", `{"key":"a"}`)

	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), port) {
		t.Errorf("%v", err)
	}
}
