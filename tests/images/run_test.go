package images

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

func TestTheLabelsSayWhatRuns(t *testing.T) {
	each(t, programs, func(t *testing.T, i *image) {
		answer, err := run(t, i.name, nil, "--version")
		if err != nil {
			t.Fatalf("%v\n%s", err, answer)
		}
		labels := i.config.Labels
		if want := i.name + " " + labels["org.opencontainers.image.version"]; strings.TrimSpace(answer) != want {
			t.Errorf("--version says %q, the label %q", answer, want)
		}
		if !strings.HasSuffix(i.reference, "/"+i.name+":"+labels["org.opencontainers.image.version"]) {
			t.Errorf("%s is tagged %s", i.name, i.reference)
		}
		if labels["org.opencontainers.image.title"] != i.name || labels["org.opencontainers.image.description"] == "" ||
			!regexp.MustCompile(`^[0-9a-f]{40}(-dirty)?$|^unknown$`).MatchString(labels["org.opencontainers.image.revision"]) {
			t.Errorf("labels: %v", labels)
		}
	})
}

// sockets is a folder that only the user of our images may use.
func sockets(t testing.TB) string {
	folder := rig.SocketFolder(t)
	if err := os.Chown(folder, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	return folder
}

func mount(folder string) []string {
	return []string{"--volume", folder + ":/tmp/dapr-components-sockets"}
}

// grpcurl by the toolbox, in the place that extra names.
func grpcurl(t testing.TB, extra []string, words ...string) (string, error) {
	return run(t, "toolbox", extra, append([]string{"grpcurl", "-plaintext"}, words...)...)
}

func TestAComponentServesItsSocket(t *testing.T) {
	services := map[string]string{"dk-redis": "StateStore", "dk-kafka": "PubSub", "dk-memory": "StateStore"}
	for name, service := range services {
		t.Run(name, func(t *testing.T) {
			folder := sockets(t)
			c := start(t, name, mount(folder), "--metrics-port", "9465")
			rig.Eventually(t, "the socket", func() error {
				_, err := os.Stat(filepath.Join(folder, name+".sock"))
				return err
			})

			answer, err := exec.Command(filepath.Join(rig.Need(t, rig.BinVar), name), "--check", "--socket-dir", folder).CombinedOutput()
			if err != nil || !strings.Contains(string(answer), "daprd finds it") {
				t.Errorf("--check from outside: %v\n%s", err, answer)
			}
			answer2, err := grpcurl(t, mount(folder), "-unix", "/tmp/dapr-components-sockets/"+name+".sock", "list")
			if err != nil || !strings.Contains(answer2, "dapr.proto.components.v1."+service+"\n") {
				t.Errorf("the toolbox finds: %v\n%s", err, answer2)
			}
			// Its library is opened when the port is given: no loader would have asked for it before.
			if answer, err := run(t, "toolbox", c.beside(), "curl", "-fsS", "http://127.0.0.1:9465/readyz"); err != nil || !strings.HasPrefix(answer, "ready\n") {
				t.Errorf("/readyz: %v\n%s", err, answer)
			}
			isRestricted(t, c)
			if answer, err := podman("stop", "--time", "20", c.name).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, answer)
			}
			if code, err := podman("inspect", "--format", "{{.State.ExitCode}}", c.name).Output(); strings.TrimSpace(string(code)) != "0" {
				t.Errorf("SIGTERM ends it with %s %v", code, err)
			}
			if _, err := os.Stat(filepath.Join(folder, name+".sock")); err == nil {
				t.Error("the socket stays behind")
			}
		})
	}
}

func TestAServiceAnswersItsPort(t *testing.T) {
	for _, name := range []string{"dk-document", "dk-compute"} {
		t.Run(name, func(t *testing.T) {
			c := start(t, name, nil, "--app-port", "50051")
			rig.Eventually(t, "its health", func() error {
				answer, err := grpcurl(t, c.beside(), "127.0.0.1:50051", "grpc.health.v1.Health/Check")
				if err == nil && !strings.Contains(answer, `"SERVING"`) {
					err = fmt.Errorf("%s", answer)
				}
				return err
			})
			isRestricted(t, c)
		})
	}
}

// isRestricted asks the kernel, not the engine.
func isRestricted(t testing.TB, c *container) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid()))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`Uid:\t65532\t65532\t65532\t65532`, `Gid:\t65532\t65532\t65532\t65532`, `CapEff:\t0{16}`,
		`CapBnd:\t0{16}`, `NoNewPrivs:\t1`, `Seccomp:\t2`} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).Match(status) {
			t.Errorf("/proc/PID/status has no line %s:\n%s", want, status)
		}
	}
}

func TestTheToolboxHasItsTools(t *testing.T) {
	answer, err := run(t, "toolbox", nil, "sh", "-ec",
		`curl --version; jq --version; grpcurl --version; redis-cli --version; kcat -V; awk 'BEGIN {print "awk " 6 * 7}'; id -u`)
	if err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
	for _, want := range []string{`(?m)^curl 7`, `(?m)^jq-1`, `grpcurl v?1`, `redis-cli 7`, `(?m)^Version 1`, `awk 42`, `(?m)^65532$`} {
		if !regexp.MustCompile(want).MatchString(answer) {
			t.Errorf("no %s in:\n%s", want, answer)
		}
	}
}
