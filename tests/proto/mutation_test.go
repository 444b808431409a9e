package proto

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

const stateFile = "dapr/proto/components/v1/state.proto"

func fileOf(t *testing.T, set *descriptorpb.FileDescriptorSet, path string) *descriptorpb.FileDescriptorProto {
	t.Helper()
	for _, file := range set.GetFile() {
		if file.GetName() == path {
			return file
		}
	}
	t.Fatalf("no %s among the compiled files", path)
	return nil
}

func messageOf(t *testing.T, file *descriptorpb.FileDescriptorProto, name string) *descriptorpb.DescriptorProto {
	t.Helper()
	for _, message := range file.GetMessageType() {
		if message.GetName() == name {
			return message
		}
	}
	t.Fatalf("no message %s", name)
	return nil
}

// A comparison is worth what it notices: each row breaks one thing of ours, and its name must be told.
func TestADifferenceOfEveryKindIsNoticed(t *testing.T) {
	type breaker func(t *testing.T, file *descriptorpb.FileDescriptorProto)
	set := compile(t)
	field := func(message string, change func(*descriptorpb.FieldDescriptorProto)) breaker {
		return func(t *testing.T, file *descriptorpb.FileDescriptorProto) {
			change(messageOf(t, file, message).GetField()[0])
		}
	}

	for name, row := range map[string]struct {
		breaks breaker
		told   protoreflect.FullName
	}{
		"number": {field("SetRequest", func(f *descriptorpb.FieldDescriptorProto) { f.Number = proto.Int32(77) }),
			"dapr.proto.components.v1.SetRequest.key"},
		"name": {field("SetRequest", func(f *descriptorpb.FieldDescriptorProto) { f.Name = proto.String("kee") }),
			"dapr.proto.components.v1.SetRequest.kee"},
		"type": {field("SetRequest", func(f *descriptorpb.FieldDescriptorProto) {
			f.Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
		}), "dapr.proto.components.v1.SetRequest.key"},
		"label": {field("SetRequest", func(f *descriptorpb.FieldDescriptorProto) {
			f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
		}), "dapr.proto.components.v1.SetRequest.key"},
		"oneof": {func(t *testing.T, file *descriptorpb.FileDescriptorProto) {
			messageOf(t, file, "TransactionalStateOperation").GetOneofDecl()[0].Name = proto.String("either")
		}, "dapr.proto.components.v1.TransactionalStateOperation.either"},
		"presence": {func(t *testing.T, file *descriptorpb.FileDescriptorProto) {
			m := messageOf(t, file, "Etag")
			m.GetField()[0].Proto3Optional = proto.Bool(true)
			m.GetField()[0].OneofIndex = proto.Int32(0)
			m.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("_value")}}
		}, "dapr.proto.components.v1.Etag.value"},
		"enum value": {func(t *testing.T, file *descriptorpb.FileDescriptorProto) {
			messageOf(t, file, "StateOptions").GetEnumType()[0].GetValue()[2].Number = proto.Int32(9)
		}, "dapr.proto.components.v1.StateOptions.StateConcurrency.CONCURRENCY_LAST_WRITE"},
		"extra message": {func(_ *testing.T, file *descriptorpb.FileDescriptorProto) {
			file.MessageType = append(file.GetMessageType(), &descriptorpb.DescriptorProto{Name: proto.String("Extra")})
		}, "dapr.proto.components.v1.Extra"},
		"missing method": {func(_ *testing.T, file *descriptorpb.FileDescriptorProto) {
			file.GetService()[0].Method = file.GetService()[0].GetMethod()[1:]
		}, "dapr.proto.components.v1.StateStore.Init"},
		"streaming": {func(_ *testing.T, file *descriptorpb.FileDescriptorProto) {
			file.GetService()[0].GetMethod()[0].ServerStreaming = proto.Bool(true)
		}, "dapr.proto.components.v1.StateStore.Init"},
		"answer": {func(_ *testing.T, file *descriptorpb.FileDescriptorProto) {
			file.GetService()[0].GetMethod()[0].OutputType = proto.String(".dapr.proto.components.v1.SetResponse")
		}, "dapr.proto.components.v1.StateStore.Init"},
		"file": {func(_ *testing.T, file *descriptorpb.FileDescriptorProto) {
			file.Name = proto.String("state.proto")
		}, "dapr.proto.components.v1.SetRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := proto.CloneOf(set)
			row.breaks(t, fileOf(t, broken, stateFile))

			const pack = "dapr.proto.components.v1"
			text := strings.Join(difference(factsOf(oursOf(t, broken)[pack]), factsOf(theirsOf(pack))), "\n")

			if !strings.Contains(text, string(row.told)+"\n") {
				t.Errorf("%s is not told; the difference reads:\n%s", row.told, text)
			}
		})
	}
}
