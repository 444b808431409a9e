package app

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// ask puts one question to the reflection of a program.
func ask(t *testing.T, connection *grpc.ClientConn, question *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
	t.Helper()
	stream, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(patient(t))
	if err == nil {
		err = stream.Send(question)
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return answer
}

// filesOf fetches what a symbol needs to be used, and nothing else than the program gives is known.
func filesOf(t *testing.T, connection *grpc.ClientConn, symbol string) *protoregistry.Files {
	t.Helper()
	answer := ask(t, connection, &reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
	set := &descriptorpb.FileDescriptorSet{}
	for _, bytes := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(bytes, file); err != nil {
			t.Fatal(err)
		}
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatalf("%s: %v; %v", symbol, err, answer.GetErrorResponse())
	}
	return files
}

// A stub calls methods of the probe that it has learnt from the probe itself.
type stub struct {
	methods    protoreflect.MethodDescriptors
	connection *grpc.ClientConn
}

// learn asks the program at `from` for its methods; the stub then calls them at `to`.
func learn(t *testing.T, from, to *grpc.ClientConn) stub {
	t.Helper()
	descriptor, err := filesOf(t, from, serviceName).FindDescriptorByName(serviceName)
	if err != nil {
		t.Fatal(err)
	}
	return stub{descriptor.(protoreflect.ServiceDescriptor).Methods(), to}
}

// call sends a request in JSON and gives the answer in JSON.
func (s stub) call(ctx context.Context, name, request string, options ...grpc.CallOption) (string, error) {
	method := s.methods.ByName(protoreflect.Name(name))
	input, output := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := protojson.Unmarshal([]byte(request), input); err != nil {
		return "", err
	}
	if err := s.connection.Invoke(ctx, "/"+serviceName+"/"+name, input, output, options...); err != nil {
		return "", err
	}
	text, err := protojson.Marshal(output)
	return string(text), err
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
		filesOf(t, dial(t, probe.Address(), nil), name) // each can be described
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
