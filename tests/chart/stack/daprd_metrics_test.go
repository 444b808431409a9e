package stack

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Dapr's own names, as they stand in the sources of the module that these tests are built with: "component/state/count" is exposed
// as dapr_component_state_count.
func TestMetricsOfDaprAreThoseOfItsSources(t *testing.T) {
	home := strings.TrimSpace(run(t, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/dapr/dapr"))
	literal, separators := regexp.MustCompile(`"([a-z0-9_]+(?:[/._][a-z0-9_]+)+)"`), strings.NewReplacer("/", "_", ".", "_")
	exposed := map[string]bool{}
	for _, folder := range []string{"pkg/diagnostics", "pkg/injector", "pkg/sentry"} {
		err := filepath.WalkDir(filepath.Join(home, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range literal.FindAllStringSubmatch(string(text), -1) {
				exposed["dapr_"+separators.Replace(found[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		name, _, _ := strings.Cut(line, " ")
		if strings.HasPrefix(name, "dapr_") && !exposed[name] {
			t.Errorf("'%s' is in no source of Dapr's", name)
		}
	}
}
