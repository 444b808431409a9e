package rig

import (
	"context"
	"fmt"
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

// AskReflection puts one question to the reflection of a program.
func AskReflection(ctx context.Context, connection *grpc.ClientConn, question *reflection.ServerReflectionRequest) (*reflection.ServerReflectionResponse, error) {
	stream, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(question); err != nil {
		return nil, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	return answer, stream.CloseSend()
}

// FilesOf fetches what a symbol needs to be used; nothing else than the program gives is known.
func FilesOf(t testing.TB, ctx context.Context, connection *grpc.ClientConn, symbol string) *protoregistry.Files {
	t.Helper()
	answer, err := AskReflection(ctx, connection, &reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
	if err != nil {
		t.Fatal(err)
	}
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

// Stub calls methods of a service that it has learnt from the program itself.
type Stub struct {
	Methods protoreflect.MethodDescriptors

	service    string
	connection *grpc.ClientConn
}

// Learn asks the program at from for a service's methods; the stub then calls them at to.
func Learn(t testing.TB, ctx context.Context, service string, from, to *grpc.ClientConn) Stub {
	t.Helper()
	descriptor, err := FilesOf(t, ctx, from, service).FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		t.Fatal(err)
	}
	return Stub{descriptor.(protoreflect.ServiceDescriptor).Methods(), service, to}
}

// Call sends a request in JSON and gives the answer in JSON.
func (s Stub) Call(ctx context.Context, name, request string, options ...grpc.CallOption) (string, error) {
	method := s.Methods.ByName(protoreflect.Name(name))
	if method == nil {
		return "", fmt.Errorf("%s has no method %s", s.service, name)
	}
	input, output := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := protojson.Unmarshal([]byte(request), input); err != nil {
		return "", err
	}
	if err := s.connection.Invoke(ctx, "/"+s.service+"/"+name, input, output, options...); err != nil {
		return "", err
	}
	text, err := protojson.Marshal(output)
	return string(text), err
}
