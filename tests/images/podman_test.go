// Package images looks into the images that ./dev image made, and runs them as a cluster with Pod Security
// `restricted` would: nobody's user, read-only root, no capability, no way to get one.
package images

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

var containers atomic.Int64

// A store of this run alone: nobody's images and containers are touched.
func podman(arguments ...string) *exec.Cmd {
	store := filepath.Join(os.Getenv(folderVar), "test")
	common := []string{"--root", store, "--runroot", filepath.Join(store, "run"), "--cgroup-manager", "cgroupfs", "--runtime", "runc"}
	return exec.Command(os.Getenv(podmanVar), append(common, arguments...)...)
}

// load fills the store; the words of an error say which image was at fault.
func load() error {
	for _, variable := range []string{folderVar, podmanVar} {
		if os.Getenv(variable) == "" {
			return fmt.Errorf("%s is not set; no test here can run without it", variable)
		}
	}
	for _, name := range append([]string{"redis", "kafka", "daprd"}, published...) {
		archive := filepath.Join(os.Getenv(folderVar), name+".tar")
		if answer, err := podman("load", "--quiet", "--input", archive).CombinedOutput(); err != nil {
			return fmt.Errorf("podman load %s: %w\n%s", archive, err, answer)
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	if err := load(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		forget()
		os.Exit(1)
	}
	status := m.Run()
	forget()
	os.Exit(status)
}

// forget ends what runs and empties the store; an engine that has nothing left unmounts it.
func forget() {
	if os.Getenv(folderVar) == "" {
		return
	}
	podman("rm", "--all", "--force", "--time", "0").Run()
	podman("rmi", "--all", "--force").Run()
	os.RemoveAll(filepath.Join(os.Getenv(folderVar), "test"))
}

// A container of an image, restricted. extra: options of podman; words: the program's.
type container struct {
	t    testing.TB
	name string
}

// A machine of tests may not raise its limits, so they are named.
var restricted = []string{"--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges",
	"--pull=never", "--ulimit", "nproc=1000:1000", "--ulimit", "nofile=4096:4096"}

func reference(t testing.TB, name string) string {
	return fields(t, os.Getenv(folderVar), name)["reference"]
}

// run ends with its program; without extra options it has no network but its own loopback.
func run(t testing.TB, image string, extra []string, words ...string) (string, error) {
	t.Helper()
	arguments := append([]string{"run", "--rm"}, restricted...)
	answer, err := podman(append(append(append(arguments, network(extra)...), reference(t, image)), words...)...).CombinedOutput()
	return string(answer), err
}

func network(extra []string) []string {
	for _, word := range extra {
		if strings.HasPrefix(word, "--network") {
			return extra
		}
	}
	return append([]string{"--network=none"}, extra...)
}

// start leaves it running until the test ends; its log is shown when the test failed.
func start(t testing.TB, image string, extra []string, words ...string) *container {
	t.Helper()
	c := &container{t, fmt.Sprintf("%s-%d", image, containers.Add(1))}
	arguments := append([]string{"run", "--detach", "--name", c.name}, restricted...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", c.name, c.log())
		}
		podman("rm", "--force", "--time", "0", c.name).Run()
	})
	answer, err := podman(append(append(append(arguments, network(extra)...), reference(t, image)), words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s does not start: %v\n%s", image, err, answer)
	}
	return c
}

func (c *container) log() string {
	answer, _ := podman("logs", c.name).CombinedOutput()
	return string(answer)
}

// beside gives what another container needs to be on this one's loopback, as in a pod.
func (c *container) beside() []string { return []string{"--network=container:" + c.name} }

// pid is of the program, as this machine sees it.
func (c *container) pid() int {
	c.t.Helper()
	answer, err := podman("inspect", "--format", "{{.State.Pid}}", c.name).Output()
	if err != nil {
		c.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(answer)))
	if err != nil || pid == 0 {
		c.t.Fatalf("%s has ended:\n%s", c.name, c.log())
	}
	return pid
}
