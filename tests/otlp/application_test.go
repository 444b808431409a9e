package otlp

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"
)

// sidecar answers GetState and keeps what came with the question.
type sidecar struct {
	runtime.UnimplementedDaprServer
	mutex   sync.Mutex
	headers metadata.MD
	pairs   map[string]string
}

func (s *sidecar) GetState(ctx context.Context, request *runtime.GetStateRequest) (*runtime.GetStateResponse, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.headers, _ = metadata.FromIncomingContext(ctx)
	s.pairs = request.Metadata
	return &runtime.GetStateResponse{Data: []byte("value"), Etag: "1"}, nil
}

// probe starts an application of ours between a sidecar and a collector.
func probe(t *testing.T, f *fake) (*program, *sidecar, runtime.AppCallbackClient) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{}
	server := grpc.NewServer()
	runtime.RegisterDaprServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	variables := at(f.address, fmt.Sprintf("DAPR_GRPC_PORT=%d", listener.Addr().(*net.TCPAddr).Port))
	p, path := run(t, "dk-probe", variables, "--unix-socket", filepath.Join(t.TempDir(), "probe.sock"))
	connection := rig.Dial(t, "unix:"+path)
	return p, s, runtime.NewAppCallbackClient(connection)
}

func isChild(child, parent *trace.Span) bool {
	return string(child.ParentSpanId) == string(parent.SpanId) && string(child.TraceId) == string(parent.TraceId)
}

func TestAnApplicationsCallIsATree(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p, s, app := probe(t, f)

	_, err := app.OnInvoke(p.context("traceparent", parent), &commonv1.InvokeRequest{
		Method: "kept/key", HttpExtension: &commonv1.HTTPExtension{Verb: commonv1.HTTPExtension_GET}})

	if err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}
	served := f.spansNamed(t, "dapr.proto.runtime.v1.AppCallback/OnInvoke", 1)[0]
	handler := f.spansNamed(t, "Kept", 1)[0]
	asked := f.spansNamed(t, "dapr.proto.runtime.v1.Dapr/GetState", 1)[0]
	if hex.EncodeToString(served.TraceId) != traceID || hex.EncodeToString(served.ParentSpanId) != spanID {
		t.Errorf("%v", served)
	}
	if !isChild(handler, served) || handler.Kind != trace.Span_SPAN_KIND_INTERNAL {
		t.Errorf("%v", handler)
	}
	if !isChild(asked, handler) || asked.Kind != trace.Span_SPAN_KIND_CLIENT {
		t.Errorf("%v", asked)
	}
	own := fmt.Sprintf("00-%x-%x-01", asked.TraceId, asked.SpanId)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if got := s.headers.Get("traceparent"); len(got) != 1 || got[0] != own {
		t.Errorf("the sidecar was told %v, not %s", got, own)
	}
	if s.pairs["traceparent"] != own { // what the store's component will read
		t.Errorf("metadata %v", s.pairs)
	}
}

// A trace goes on through the broker also where daprd traces nothing.
func TestAnEventNamesItsTrace(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p, _, app := probe(t, f)
	extensions, err := structpb.NewStruct(map[string]any{"traceparent": parent})
	if err != nil {
		t.Fatal(err)
	}

	_, err = app.OnTopicEvent(p.context(), &runtime.TopicEventRequest{Id: "1", Source: "test", Type: "t", SpecVersion: "1.0",
		DataContentType: "text/plain", Data: []byte("data"), Topic: "orders.dead", PubsubName: "messages", Extensions: extensions})

	if err != nil {
		t.Fatalf("%v\n%s", err, p.logged())
	}
	span := f.spansNamed(t, "process orders.dead", 1)[0]
	if hex.EncodeToString(span.TraceId) != traceID || hex.EncodeToString(span.ParentSpanId) != spanID ||
		span.Kind != trace.Span_SPAN_KIND_CONSUMER {
		t.Errorf("%v", span)
	}
	if said := words(span.Attributes); said["messaging.destination.name"] != "orders.dead" || said["dapr.component"] != "messages" {
		t.Errorf("%v", said)
	}
}

// What goes wrong in a handler is said by its span.
func TestAHandlersFailureHasWords(t *testing.T) {
	f := listen(t, "127.0.0.1:0", nil)
	p, _, app := probe(t, f)

	_, err := app.OnInvoke(p.context(), &commonv1.InvokeRequest{
		Method: "fail/not_found", HttpExtension: &commonv1.HTTPExtension{Verb: commonv1.HTTPExtension_GET}})

	if err == nil {
		t.Fatal("it has not failed")
	}
	span := f.spansNamed(t, "Fail", 1)[0]
	if span.Status.GetCode() != trace.Status_STATUS_CODE_ERROR || !strings.Contains(err.Error(), span.Status.GetMessage()) ||
		span.Status.GetMessage() == "" {
		t.Errorf("%v of %v", span.Status, err)
	}
}
