package otlp

import (
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Both ways to travel: wire/h2's client, and gRPC C core.
var names = []string{"dk-memory", "dk-memory-core"}

func both(t *testing.T, run func(t *testing.T, name string)) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) { run(t, name) })
	}
}

func answer(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, "as the script says") }
}

// hang answers when the caller has given up.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestACallIsASpan(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		f := listen(t, "127.0.0.1:0", nil)
		p := start(t, name, at(f.address, "OTEL_RESOURCE_ATTRIBUTES=service.namespace=shop,k8s.pod.name=p%2D1",
			"OTEL_EXPORTER_OTLP_HEADERS=X-Team=blue%20sky"))

		p.set(p.context("traceparent", parent), nil)

		span := f.spansNamed(t, setName, 1)[0]
		if hex.EncodeToString(span.TraceId) != traceID || hex.EncodeToString(span.ParentSpanId) != spanID {
			t.Errorf("trace %x, parent %x", span.TraceId, span.ParentSpanId)
		}
		if span.Kind != trace.Span_SPAN_KIND_SERVER || span.EndTimeUnixNano < span.StartTimeUnixNano || span.StartTimeUnixNano == 0 {
			t.Errorf("%v", span)
		}
		if number(t, span, "rpc.grpc.status_code") != 0 || span.Status.GetCode() != trace.Status_STATUS_CODE_UNSET {
			t.Errorf("%v", span)
		}
		said := words(span.Attributes)
		if said["rpc.system"] != "grpc" || said["rpc.service"] != "dapr.proto.components.v1.StateStore" ||
			said["rpc.method"] != "Set" || said["dapr.component"] != component {
			t.Errorf("%v", said)
		}
		if f.resource["service.name"] != name || f.resource["service.namespace"] != "shop" ||
			f.resource["k8s.pod.name"] != "p-1" || f.resource["service.version"] == "" {
			t.Errorf("%v", f.resource)
		}
		if got := f.headers.Get("x-team"); len(got) != 1 || got[0] != "blue sky" {
			t.Errorf("headers %v", f.headers)
		}
	})
}

// daprd gives components no trace headers; what an application put into the request's metadata is followed.
func TestARequestsMetadataNamesAParent(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p := start(t, names[0], at(f.address))
	unsampled := strings.TrimSuffix(parent, "01") + "00"

	p.set(p.context(), map[string]string{"traceparent": unsampled})
	p.set(p.context(), map[string]string{"traceparent": parent})

	span := f.spansNamed(t, setName, 1)[0]
	if hex.EncodeToString(span.TraceId) != traceID || hex.EncodeToString(span.ParentSpanId) != spanID {
		t.Errorf("trace %x, parent %x", span.TraceId, span.ParentSpanId)
	}
}

func TestASpanSaysHowItsCallWent(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p := start(t, names[0], at(f.address))

	_, err := p.store.Delete(p.context(), &components.DeleteRequest{Key: "key", Etag: &components.Etag{Value: "no etag"}})

	if err == nil {
		t.Fatal("an etag that makes no sense was taken")
	}
	span := f.spansNamed(t, "dapr.proto.components.v1.StateStore/Delete", 1)[0]
	if got := number(t, span, "rpc.grpc.status_code"); got != int64(status.Code(err)) || got == 0 {
		t.Errorf("%v of %v", span, err)
	}
}

func TestSamplingIsTheUsersChoice(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p := start(t, names[0], at(f.address, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0"))

	p.set(p.context(), nil)
	p.set(p.context("traceparent", parent), nil)
	p.stop()

	if len(f.spans) != 1 || hex.EncodeToString(f.spans[0].TraceId) != traceID {
		t.Errorf("%d spans: %v", len(f.spans), f.spans)
	}
}

func TestTheEndFlushes(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		f := listen(t, "127.0.0.1:0", nil)
		p := start(t, name, []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://" + f.address, "OTEL_BSP_SCHEDULE_DELAY=600000"})
		p.set(p.context(), nil)

		p.stop()

		f.spansNamed(t, setName, 1)
	})
}

func TestTLS(t *testing.T) {
	certificate, ca := certify(t)
	_, foreign := certify(t)
	both(t, func(t *testing.T, name string) {
		f := listen(t, "127.0.0.1:0", certificate)
		p := start(t, name, []string{"OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_CERTIFICATE=" + ca},
			"--otlp-endpoint", "https://"+f.address)
		p.set(p.context(), nil)
		f.spansNamed(t, setName, 1)

		// Whom we do not trust hears nothing, and the calls do not hear of it.
		p = start(t, name, []string{"OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_CERTIFICATE=" + foreign},
			"--otlp-endpoint", "https://"+f.address)
		p.set(p.context(), nil)
		p.stop()
		f.spansNamed(t, setName, 1)
		if !strings.Contains(p.logged(), "spans are lost") {
			t.Errorf("nothing is said:\n%s", p.logged())
		}
	})
}

func TestWhatMayPassIsSentAgain(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		f := listen(t, "127.0.0.1:0", nil, answer(codes.Unavailable), answer(codes.DataLoss))
		p := start(t, name, at(f.address))

		p.set(p.context(), nil)

		f.spansNamed(t, setName, 1)
		if f.requests < 3 {
			t.Errorf("%d requests", f.requests)
		}
	})
}

// A collector that is full may say when it will not be: it is not asked before.
func TestACollectorsRetryInfoIsHonoured(t *testing.T) {
	const delay = 1200 * time.Millisecond
	both(t, func(t *testing.T, name string) {
		var refused time.Time
		full := func(context.Context) error {
			refused = time.Now()
			said, err := status.New(codes.ResourceExhausted, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
			if err != nil {
				return err
			}
			return said.Err()
		}
		f := listen(t, "127.0.0.1:0", nil, full)
		p := start(t, name, at(f.address))

		p.set(p.context(), nil)

		f.spansNamed(t, setName, 1)
		if waited := time.Since(refused); f.requests < 2 || waited < delay {
			t.Errorf("%d requests, sent again after %v", f.requests, waited)
		}
		p.stop()
		if strings.Contains(p.logged(), "not_taken") && !strings.Contains(p.logged(), "not_taken=0") {
			t.Errorf("spans were given up:\n%s", p.logged())
		}
	})
}

func TestWhatWillNotPassIsDroppedAndSaid(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		f := listen(t, "127.0.0.1:0", nil, answer(codes.PermissionDenied))
		p := start(t, name, at(f.address))
		f.await(t, "the refused request", func() bool { return f.requests >= 1 }) // Init's span

		p.set(p.context(), nil)

		f.spansNamed(t, setName, 1)
		p.stop()
		if !strings.Contains(p.logged(), "spans are lost") || !strings.Contains(p.logged(), "as the script says") {
			t.Errorf("nothing is said:\n%s", p.logged())
		}
	})
}

// median is what half of the calls took at most.
func median(p *program, calls int) time.Duration {
	times := make([]time.Duration, calls)
	for i := range times {
		took := p.set(p.context(), nil)
		at := i
		for ; at > 0 && times[at-1] > took; at-- {
			times[at] = times[at-1]
		}
		times[at] = took
	}
	return times[calls/2]
}

func TestACollectorThatIsAwayOrSlowSlowsNothing(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		const calls = 400
		slow := listen(t, "127.0.0.1:0", nil, hang, hang, hang, hang, hang, hang, hang, hang)
		gone := listen(t, "127.0.0.1:0", nil)
		gone.server.Stop()
		untraced := median(start(t, name, nil), calls)
		for what, address := range map[string]string{"slow": slow.address, "away": gone.address} {
			p := start(t, name, at(address), "--trace-queue-max", "16")
			traced := median(p, calls)
			if traced > 5*untraced+time.Millisecond {
				t.Errorf("%s: %v for a call instead of %v", what, traced, untraced)
			}
			if took := p.stop(); took > 10*time.Second {
				t.Errorf("%s: the end took %v", what, took)
			}
			if !strings.Contains(p.logged(), "queue_full=") {
				t.Errorf("%s: a queue of 16 has dropped nothing of %d spans:\n%s", what, calls, p.logged())
			}
		}
	})
}

func TestACollectorThatComesLaterGetsWhatWaits(t *testing.T) {
	both(t, func(t *testing.T, name string) {
		first := listen(t, "127.0.0.1:0", nil)
		address := first.address
		first.server.Stop()
		p := start(t, name, at(address))
		p.set(p.context(), nil)

		f := listen(t, address, nil)

		f.spansNamed(t, setName, 1)
	})
}

func TestSettingsThatMakeNoSenseAreSaid(t *testing.T) {
	for _, row := range []struct{ variable, words string }{
		{"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "'http/protobuf' is not spoken here; allowed: grpc"},
		{"OTEL_TRACES_SAMPLER=often", "OTEL_TRACES_SAMPLER: 'often' is none of"},
		{"OTEL_BSP_SCHEDULE_DELAY=soon", "OTEL_BSP_SCHEDULE_DELAY: 'soon' is not a whole number"},
	} {
		command := exec.Command(filepath.Join(rig.Need(t, rig.BinVar), names[0]), "--socket-dir", t.TempDir())
		command.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317", row.variable)
		output, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(output), row.words) {
			t.Errorf("%s: %v\n%s", row.variable, err, output)
		}
	}
}

func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	disabled := start(t, names[0], at(f.address, "OTEL_SDK_DISABLED=true"))
	none := start(t, names[0], nil)
	disabled.set(disabled.context(), nil)
	none.set(none.context(), nil)

	disabled.stop()
	none.stop()

	if f.requests != 0 || strings.Contains(disabled.logged()+none.logged(), "traces are exported") {
		t.Errorf("%d requests\n%s", f.requests, disabled.logged())
	}
}
