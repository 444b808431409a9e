// Package proto holds the folder proto/ against the descriptors compiled into the Go modules of Dapr,
// grpc-go, googleapis and OpenTelemetry, in both directions: what we describe is theirs, and what is theirs we
// describe or name in left_out.txt.
package proto

import (
	_ "embed"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/dapr/dapr/pkg/proto/common/v1"
	_ "github.com/dapr/dapr/pkg/proto/components/v1"
	_ "github.com/dapr/dapr/pkg/proto/runtime/v1"
	_ "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	_ "google.golang.org/grpc/health/grpc_health_v1"
	_ "google.golang.org/grpc/interop/grpc_testing"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const folder = "../../proto"

//go:embed left_out.txt
var leftOutText string

// compile runs protoc over every file of the folder, as the build does.
func compile(t *testing.T) *descriptorpb.FileDescriptorSet {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".proto") && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no .proto files below %s: %v", folder, err)
	}
	out := filepath.Join(t.TempDir(), "ours.pb")
	words := append([]string{"--proto_path=" + folder, "--include_imports", "--descriptor_set_out=" + out}, files...)
	if text, err := exec.Command("protoc", words...).CombinedOutput(); err != nil {
		t.Fatalf("protoc: %v\n%s", err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		t.Fatal(err)
	}
	return set
}

// oursOf gives the files we wrote by package, but for the packages below dapr_kit: those are this project's own, with
// nobody to agree with. Google's well-known types come from protoc and are not ours.
func oursOf(t *testing.T, set *descriptorpb.FileDescriptorSet) map[protoreflect.FullName][]protoreflect.FileDescriptor {
	t.Helper()
	registry, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[protoreflect.FullName][]protoreflect.FileDescriptor{}
	registry.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if file.Package() != "google.protobuf" && !strings.HasPrefix(string(file.Package()), "dapr_kit.") {
			packages[file.Package()] = append(packages[file.Package()], file)
		}
		return true
	})
	return packages
}

func theirsOf(name protoreflect.FullName) (files []protoreflect.FileDescriptor) {
	protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
		files = append(files, file)
		return true
	})
	return files
}

// leftOut reads the names below a package that we have chosen not to describe.
func leftOut(name protoreflect.FullName) (names []protoreflect.FullName) {
	for line := range strings.Lines(leftOutText) {
		word := strings.TrimSpace(line)
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if in, ok := strings.CutPrefix(word, string(name)+"."); ok && isBelow(in) {
			names = append(names, protoreflect.FullName(word))
		}
	}
	return names
}

// isBelow tells a declaration of a package (Dapr, Dapr.InvokeActor) from one of a package below it
// (v1.Health): packages are written small, declarations are not.
func isBelow(rest string) bool { return rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' }

func TestEveryPackageIsDescribedAsItsAuthorsDo(t *testing.T) {
	ours := oursOf(t, compile(t))

	for _, name := range []protoreflect.FullName{
		"dapr.proto.common.v1", "dapr.proto.components.v1", "dapr.proto.runtime.v1",
		"google.rpc", "grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha", "grpc.testing",
		"opentelemetry.proto.collector.trace.v1", "opentelemetry.proto.common.v1",
		"opentelemetry.proto.resource.v1", "opentelemetry.proto.trace.v1",
	} {
		t.Run(string(name), func(t *testing.T) {
			our, their := factsOf(ours[name]), factsOf(theirsOf(name))
			if len(our) == 0 || len(their) == 0 {
				t.Fatalf("nothing to compare: %d facts of ours, %d of theirs", len(our), len(their))
			}
			for _, gone := range their.without(leftOut(name)) {
				t.Errorf("left_out.txt names %s, which does not exist (or twice)", gone)
			}
			if lines := difference(our, their); len(lines) > 0 {
				t.Errorf("%d differences:\n%s", len(lines), strings.Join(lines, "\n"))
				return
			}
			t.Logf("%d facts agree", len(our))
		})
		delete(ours, name)
	}
	for name := range ours {
		t.Errorf("package %s lies in proto/ and nothing compares it", name)
	}
}

// Every name in the list must belong to a package that is compared, else it is dead text.
func TestEveryNameLeftOutBelongsToAPackageOfOurs(t *testing.T) {
	packages := oursOf(t, compile(t))

	for line := range strings.Lines(leftOutText) {
		word := strings.TrimSpace(line)
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		used := 0
		for name := range packages {
			if slices.Contains(leftOut(name), protoreflect.FullName(word)) {
				used++
			}
		}
		if used != 1 {
			t.Errorf("%s belongs to %d of our packages", word, used)
		}
	}
}
