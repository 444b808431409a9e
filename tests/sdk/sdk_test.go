// Package sdk tests the SDK as others get it: installed into a folder, with the programs of examples/ built
// against that and nothing else. The suite has built them (build/dev/test_sdk.sh) and says where:
//
//	DK_SDK   the folder that the SDK was installed into, and moved after that
//	DK_BIN   the folder with dk-sqlite and dk-greeter
//	DAPRD    a daprd
package sdk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
)

const sdkVar = "DK_SDK"

func run(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "PKG_CONFIG_PATH="+filepath.Join(rig.Need(t, sdkVar), "lib", "pkgconfig"))
	output, err := command.CombinedOutput()
	return string(output), err
}

// Whoever includes one header gets no warning and needs no other, in C and in C++.
func TestEveryHeaderStandsAlone(t *testing.T) {
	include := filepath.Join(rig.Need(t, sdkVar), "include")
	headers, err := filepath.Glob(filepath.Join(include, "dk", "*.h"))
	if err != nil || len(headers) < 10 {
		t.Fatalf("%d headers: %v", len(headers), err)
	}
	for _, header := range headers {
		for _, language := range []string{"c -std=c11", "c -std=c17", "c++ -std=c++11", "c++ -std=c++20"} {
			compiler, standard, _ := strings.Cut(language, " ")
			program := map[string]string{"c": "cc", "c++": "c++"}[compiler]
			t.Run(language+" "+filepath.Base(header), func(t *testing.T) {
				t.Parallel()
				output, err := run(t, "", program, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
					"-I", include, "-fsyntax-only", "-x", compiler, "-include", header, os.DevNull)
				if err != nil {
					t.Errorf("%v\n%s", err, output)
				}
			})
		}
	}
}

// DK_FIELD lets no member of another type through, in either language.
func TestAFieldOfAnotherTypeIsRefused(t *testing.T) {
	include := filepath.Join(rig.Need(t, sdkVar), "include")
	for _, compiler := range []string{"c", "c++"} {
		for _, ctype := range []string{"int64_t", "bool"} {
			source := filepath.Join(t.TempDir(), "field")
			text := "#include <dk/option.h>\nstruct config { int64_t number; };\nconst struct dk_field field = DK_FIELD(struct config, number, " + ctype + ");\n"
			if compiler == "c++" {
				text = strings.ReplaceAll(text, "(struct config", "(config")
			}
			if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			output, err := run(t, "", "cc", "-I", include, "-fsyntax-only", "-x", compiler, source)
			if (err == nil) != (ctype == "int64_t") {
				t.Errorf("%s, %s: %v\n%s", compiler, ctype, err, output)
			}
		}
	}
}

// A build without CMake: what pkg-config says is enough.
func TestPkgConfigIsEnough(t *testing.T) {
	source, err := filepath.Abs("../../examples/sqlite/store.cc")
	if err != nil {
		t.Fatal(err)
	}
	output, err := run(t, t.TempDir(), "sh", "-c",
		`c++ -std=c++20 "$1" $(pkg-config --cflags --libs dapr-kit-component sqlite3) -o dk-sqlite && ./dk-sqlite --version`, "sh", source)
	if err != nil || !strings.HasPrefix(output, "dk-sqlite 1.0.0 (dapr-kit ") {
		t.Errorf("%v: %s", err, output)
	}
}

// A part that does not exist is refused with the names of those that do.
func TestAnUnknownPartIsRefusedInWords(t *testing.T) {
	folder := t.TempDir()
	text := "cmake_minimum_required(VERSION 3.25)\nproject(wrong LANGUAGES C)\nfind_package(dapr-kit REQUIRED COMPONENTS sidecar)\n"
	if err := os.WriteFile(filepath.Join(folder, "CMakeLists.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := run(t, folder, "cmake", "-S", ".", "-B", "out", "-DCMAKE_PREFIX_PATH="+rig.Need(t, sdkVar))
	words := strings.Join(strings.Fields(output), " ")
	if err == nil || !strings.Contains(words, "'sidecar' is no component of dapr-kit; there are: component application") {
		t.Errorf("%v: %s", err, output)
	}
}

type greeting struct {
	Text    string
	Times   int
	FirstAt string
}

func greet(t *testing.T, daprd *rig.Daprd, name string) (int, greeting, string) {
	var said greeting
	got, err := rig.Ask(t.Context(), http.DefaultClient, "POST", daprd.URL+"/v1.0/invoke/greeter/method/greetings/"+name, "")
	if err == nil && got.Status == http.StatusOK {
		err = json.Unmarshal([]byte(got.Body), &said)
	}
	if err != nil {
		t.Error(err)
	}
	return got.Status, said, got.Body
}

// Both examples and a daprd: an application in C keeps its state through a component in C++. Callers at once
// lose no greeting, and a component that is killed has kept what it said it kept.
func TestTheExamplesTogether(t *testing.T) {
	const callers, each = 8, 10
	sockets := rig.SocketFolder(t)
	sqlite := rig.StartComponent(t, "dk-sqlite", "dk-sqlite", sockets)
	greeter := rig.NewApplication(t, "dk-greeter")
	store := rig.Document{Name: "statestore", Type: "state.dk-sqlite", Metadata: map[string]string{
		"connectionString": filepath.Join(t.TempDir(), "state.db"), "keyPrefix": "none"}}
	daprd := rig.NewDaprd(t, rig.DaprdVar, "greeter", sockets, store)
	daprd.Serve("grpc", greeter.Port, 0)
	greeter.Setenv("DAPR_GRPC_PORT", fmt.Sprint(daprd.GRPCPort))
	greeter.Start()
	daprd.Start()

	if status, said, body := greet(t, daprd, "Ada"); status != 200 || said.Text != "Hello, Ada!" || said.Times != 1 || said.FirstAt == "" {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body := greet(t, daprd, strings.Repeat("a", 101)); status != 400 || !strings.Contains(body, "name: has 101 bytes, allowed are 1 to 100") {
		t.Errorf("%d %s", status, body)
	}
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for done := 0; done < each && !t.Failed(); {
				status, _, body := greet(t, daprd, "Grace")
				switch status {
				case http.StatusOK:
					done++
				case http.StatusTooManyRequests: // it has said so, and greeted nobody
				default:
					t.Errorf("%d %s", status, body)
				}
			}
		})
	}
	group.Wait()
	sqlite.Kill(t)
	sqlite = rig.StartComponent(t, "dk-sqlite", "dk-sqlite", sockets)
	daprd.Stop(t) // it initialises a component once in its life
	daprd.Start()
	if status, said, body := greet(t, daprd, "Grace"); status != 200 || said.Times != callers*each+1 {
		t.Errorf("%d %s, wanted %d greetings", status, body, callers*each+1)
	}
}

// Reflection shows the example's own file, with its comments' subjects: what grpcurl needs.
func TestReflectionKnowsTheExample(t *testing.T) {
	greeter := rig.NewApplication(t, "dk-greeter")
	greeter.Start()
	files := rig.FilesOf(t, t.Context(), rig.Dial(t, greeter.Address()), "example.greeter.v1.Greeter")
	if _, err := files.FindDescriptorByName("example.greeter.v1.Greeting"); err != nil {
		t.Error(err)
	}
}
