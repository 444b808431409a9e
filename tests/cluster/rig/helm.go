package rig

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Release is one installation of the chart.
type Release struct {
	Program   string // helm, or the path of another Helm
	Name      string
	Namespace string
	Values    []string // further words for install and upgrade: -f FILE, --set …
}

const helmTimeout = "180s"

// Install waits until the cluster calls everything ready.
func (r Release) Install(extra ...string) error {
	return r.run("install", append([]string{r.Name, chart(), "--wait", "--timeout", helmTimeout}, append(r.Values, extra...)...)...)
}

// Upgrade is the same for a release that is there.
func (r Release) Upgrade(extra ...string) error {
	return r.run("upgrade", append([]string{r.Name, chart(), "--wait", "--timeout", helmTimeout}, append(r.Values, extra...)...)...)
}

// Rollback goes back to a revision.
func (r Release) Rollback(revision string) error {
	return r.run("rollback", r.Name, revision, "--wait", "--timeout", helmTimeout)
}

// Uninstall waits until what it took away is gone.
func (r Release) Uninstall() error {
	return r.run("uninstall", r.Name, "--wait", "--timeout", helmTimeout)
}

// Test runs the chart's own tests.
func (r Release) Test() error { return r.run("test", r.Name, "--timeout", helmTimeout) }

func (r Release) run(verb string, args ...string) error {
	_, err := Run(r.Program, append([]string{verb, "-n", r.Namespace}, args...)...)
	return err
}

// Template renders without asking the cluster.
func (r Release) Template(extra ...string) (string, error) {
	return Run(r.Program, append(append([]string{"template", "-n", r.Namespace, r.Name, chart()}, r.Values...), extra...)...)
}

// Setting gives a value of the release as installed: Setting("global", "podSecurity").
func (r Release) Setting(t testing.TB, path ...string) any {
	t.Helper()
	output, err := Run(r.Program, "get", "values", "--all", "-o", "json", "-n", r.Namespace, r.Name)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal([]byte(output), &value); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		branch, isBranch := value.(map[string]any)
		if !isBranch {
			t.Fatalf("no value %s", strings.Join(path, "."))
		}
		value = branch[key]
	}
	return value
}

func chart() string { return os.Getenv("CHART") }

// Combinations are the chart's files of values for tests, by name.
func Combinations(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Need(t, "CHART"), "ci", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the chart has no ci/*.yaml: %v", err)
	}
	combinations := map[string]string{}
	for _, file := range files {
		combinations[strings.TrimSuffix(filepath.Base(file), ".yaml")] = file
	}
	return combinations
}

// Namespace makes one in which pods must keep a Pod Security level, and takes it away after the test.
func Namespace(t testing.TB, name, level string) {
	t.Helper()
	Kubectl(t, "create", "namespace", name)
	Kubectl(t, "label", "namespace", name, "pod-security.kubernetes.io/enforce="+level)
	t.Cleanup(func() { Run("kubectl", "delete", "namespace", name, "--wait=false") })
	Explain(t, name)
}
