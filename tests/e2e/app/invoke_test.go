package app

import (
	"strings"
	"testing"

	common "github.com/dapr/dapr/pkg/proto/common/v1"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
)

// One handler, every way to it: the answers are the same.
func TestOneHandlerBehindEveryDoor(t *testing.T) {
	t.Parallel()
	socket := t.TempDir() + "/probe.sock"
	probe, daprd := startBoth(t, "--unix-socket", socket)
	direct := dial(t, probe.Address(), nil)

	t.Run("HTTP through daprd", func(t *testing.T) {
		got := invoke(t, daprd, "POST", "echo/hello?number=7", `{"tags":["a","b"]}`, "content-type", "application/json")
		if got.status != 200 || got.body != `{"text":"hello","tags":["a","b"],"number":"7"}` {
			t.Errorf("%d %s", got.status, got.body)
		}
		if kind := got.header.Get("content-type"); kind != "application/json" {
			t.Errorf("its type is %s", kind)
		}
	})
	t.Run("InvokeService through daprd", func(t *testing.T) {
		got, err := daprd.API.InvokeService(patient(t), &runtime.InvokeServiceRequest{Id: appID,
			Message: &common.InvokeRequest{Method: "echo/hello", ContentType: "application/json",
				Data:          &anypb.Any{Value: []byte(`{"tags":["a","b"],"number":7}`)},
				HttpExtension: &common.HTTPExtension{Verb: common.HTTPExtension_POST}}})
		if err != nil {
			t.Fatal(err)
		}
		if body := string(got.GetData().GetValue()); body != `{"text":"hello","tags":["a","b"],"number":"7"}` {
			t.Error(body)
		}
	})
	t.Run("typed through daprd", func(t *testing.T) {
		learn(t, direct, daprd.GRPC).echo(t, metadata.AppendToOutgoingContext(patient(t), "dapr-app-id", appID))
	})
	t.Run("typed on the port", func(t *testing.T) { learn(t, direct, direct).echo(t, patient(t)) })
	t.Run("typed on a Unix socket", func(t *testing.T) {
		local := dial(t, "unix:"+socket, nil)
		learn(t, local, local).echo(t, patient(t))
	})
}

func TestHeadersGoBothWays(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t)

	got := invoke(t, daprd, "POST", "echo/x", "", "x-from", "a caller")

	if to := got.header.Get("x-to"); to != "a caller" {
		t.Errorf("HTTP: %d %s, header %q", got.status, got.body, to)
	}
	var header metadata.MD
	direct := dial(t, probe.Address(), nil)
	_, err := learn(t, direct, direct).call(metadata.AppendToOutgoingContext(patient(t), "x-from", "me"),
		"Echo", `{}`, grpc.Header(&header))
	if to := header.Get("x-to"); err != nil || len(to) != 1 || to[0] != "me" {
		t.Errorf("gRPC: %v %v", header, err)
	}
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	_, daprd := startBoth(t)
	for _, c := range []struct {
		verb, method, body string
		status             int
		words              []string
	}{
		{"GET", "nothing/here", "", 404, []string{"'nothing/here': no such route", "POST /echo/{text}", "GET /notes"}},
		{"DELETE", "echo/x", "", 501, []string{"'echo/x': does not take DELETE; it takes: POST"}},
		{"POST", "echo/x", `{"txet":"y"}`, 400, []string{"txet"}},
		{"POST", "echo/x", `{"number":"seven"}`, 400, []string{"number"}},
		{"POST", "echo/x", `{"text":`, 400, nil},
		{"GET", "fail/nonsense", "", 400, []string{"error: 'nonsense' is none"}},
	} {
		got := invoke(t, daprd, c.verb, c.method, c.body, "content-type", "application/json")
		if got.status != c.status {
			t.Errorf("%s %s: %d %s", c.verb, c.method, got.status, got.body)
			continue
		}
		for _, words := range c.words {
			if said := got.message(t); !strings.Contains(said, words) {
				t.Errorf("%s %s: %s", c.verb, c.method, said)
			}
		}
	}
}

// The SDK's errors as the callers of both doors see them.
func TestErrorsHaveTheirStatus(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t)
	direct := dial(t, probe.Address(), nil)
	typed := learn(t, direct, direct)
	for name, want := range map[string]struct {
		code codes.Code
		http int
	}{
		"invalid":       {codes.InvalidArgument, 400},
		"etag_mismatch": {codes.Aborted, 409},
		"not_found":     {codes.NotFound, 404},
		"unsupported":   {codes.Unimplemented, 501},
		"denied":        {codes.PermissionDenied, 403},
		"exhausted":     {codes.ResourceExhausted, 429},
		"unavailable":   {codes.Unavailable, 503},
		"timeout":       {codes.DeadlineExceeded, 504},
		"internal":      {codes.Internal, 500},
	} {
		_, err := typed.call(patient(t), "Fail", `{"error":"`+name+`"}`)
		if code := status.Code(err); code != want.code {
			t.Errorf("%s: %v", name, err)
		}
		if got := invoke(t, daprd, "GET", "fail/"+name, ""); got.status != want.http ||
			!strings.Contains(got.message(t), "probe: fails as it was asked") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestUnknownMethodsOfGRPCAreUnimplemented(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)
	direct := dial(t, probe.Address(), nil)

	typed := learn(t, direct, direct)
	for path, words := range map[string]string{
		"/" + serviceName + "/Ekho": "unknown method 'Ekho' of service '" + serviceName + "'",
		"/some.Service/Echo":        "unknown service 'some.Service'",
	} {
		input := typed.methods.ByName("Echo").Input()
		err := direct.Invoke(patient(t), path, newMessage(input), newMessage(input))
		if status.Code(err) != codes.Unimplemented || !strings.Contains(status.Convert(err).Message(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
