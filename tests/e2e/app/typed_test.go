package app

import (
	"context"
	"errors"
	"slices"
	"testing"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// ask puts one question to the reflection of a program.
func ask(t *testing.T, connection *grpc.ClientConn, question *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
	t.Helper()
	answer, err := rig.AskReflection(patient(t), connection, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// A stub calls methods of the probe that it has learnt from the probe itself.
type stub struct {
	rig.Stub
	methods protoreflect.MethodDescriptors
}

// learn asks the program at `from` for its methods; the stub then calls them at `to`.
func learn(t *testing.T, from, to *grpc.ClientConn) stub {
	t.Helper()
	learnt := rig.Learn(t, patient(t), serviceName, from, to)
	return stub{learnt, learnt.Methods}
}

// call sends a request in JSON and gives the answer in JSON.
func (s stub) call(ctx context.Context, name, request string, options ...grpc.CallOption) (string, error) {
	return s.Call(ctx, name, request, options...)
}

func (s stub) echo(t *testing.T, ctx context.Context) {
	t.Helper()
	const text = `{"text":"hello","tags":["a","b"],"number":"7"}`
	answer, err := s.call(ctx, "Echo", text)
	if err != nil {
		t.Fatal(err)
	}
	have, want := newMessage(s.methods.ByName("Echo").Output()), newMessage(s.methods.ByName("Echo").Output())
	if err := errors.Join(protojson.Unmarshal([]byte(answer), have), protojson.Unmarshal([]byte(text), want)); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(want, have) {
		t.Errorf("the answer is %s", answer)
	}
}

func TestReflectionListsWhatIsServed(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)

	answer := ask(t, dial(t, probe.Address(), nil), &reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_ListServices{}})

	var names []string
	for _, service := range answer.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	for _, want := range []string{serviceName, "dapr.proto.runtime.v1.AppCallback",
		"dapr.proto.runtime.v1.AppCallbackHealthCheck", "grpc.health.v1.Health"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	for _, name := range names {
		rig.FilesOf(t, patient(t), dial(t, probe.Address(), nil), name) // each can be described
	}
}

func TestReflectionKnowsNoComponents(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)

	answer := ask(t, dial(t, probe.Address(), nil), &reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{
			FileContainingSymbol: "dapr.proto.components.v1.StateStore"}})

	if answer.GetErrorResponse().GetErrorCode() != 5 {
		t.Errorf("the answer is %v", answer)
	}
}

func newMessage(kind protoreflect.MessageDescriptor) proto.Message { return dynamicpb.NewMessage(kind) }
