package stack

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"
)

const (
	dashboardBytesMax = 200_000 // an annotation of kubectl apply has room for 262144
	schemaVersion     = 42      // Grafana 13
)

type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource struct{ Type, UID string }
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct{ RefID, Expr string }
}

type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct{ Name, Type string }
	}
}

func dashboards(t testing.TB) map[string]dashboard {
	t.Helper()
	found := map[string]dashboard{}
	for _, one := range render(t, everything...) {
		metadata := one["metadata"].(object)
		labels, _ := metadata["labels"].(object)
		if one["kind"] != "ConfigMap" || labels["grafana_dashboard"] != "1" {
			continue
		}
		for name, text := range one["data"].(object) {
			var made dashboard
			if err := json.Unmarshal([]byte(text.(string)), &made); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if size := len(text.(string)); size >= dashboardBytesMax {
				t.Errorf("%s: has %d bytes; less than %d are allowed", name, size, dashboardBytesMax)
			}
			found[name] = made
		}
	}
	return found
}

func TestDashboardsAreWhatTheScriptWrites(t *testing.T) {
	run(t, "python3", filepath.Join(root, "build/generate/dashboards.py"), "--check")
}

func TestDashboardsAreWhole(t *testing.T) {
	uids := map[string]string{}
	all := dashboards(t)
	if len(all) != 7 {
		t.Errorf("%d dashboards are rendered; there are 7", len(all))
	}
	for name, one := range all {
		if one.UID == "" || one.Title == "" || one.SchemaVersion != schemaVersion {
			t.Errorf("%s: uid '%s', title '%s', schemaVersion %d", name, one.UID, one.Title, one.SchemaVersion)
		}
		if other := uids[one.UID]; other != "" {
			t.Errorf("%s: has the uid of %s", name, other)
		}
		uids[one.UID] = name
		if len(one.Templating.List) == 0 || one.Templating.List[0].Type != "datasource" {
			t.Errorf("%s: its first variable is no data source", name)
		}
		checkPanels(t, name, one.Panels)
	}
}

func checkPanels(t *testing.T, name string, panels []panel) {
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, one := range panels {
		if ids[one.ID] {
			t.Errorf("%s: two panels have the id %d", name, one.ID)
		}
		ids[one.ID] = true
		for x := one.GridPos.X; x < one.GridPos.X+one.GridPos.W; x++ {
			for y := one.GridPos.Y; y < one.GridPos.Y+one.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s: '%s' lies on '%s' or outside", name, one.Title, other)
				}
				taken[[2]int{x, y}] = one.Title
			}
		}
		if one.Type == "row" {
			continue
		}
		if one.Datasource.UID != "${datasource}" || len(one.Targets) == 0 {
			t.Errorf("%s: '%s' has the data source '%s' and %d queries", name, one.Title, one.Datasource.UID, len(one.Targets))
		}
	}
}

// What Grafana puts in before it asks.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$namespace", "docs")

func expressions(t testing.TB) map[string]string {
	found := map[string]string{}
	for name, one := range dashboards(t) {
		for _, panel := range one.Panels {
			for _, target := range panel.Targets {
				found[name+": "+panel.Title+" "+target.RefID] = variables.Replace(target.Expr)
			}
		}
	}
	return found
}

func TestQueriesOfDashboardsParse(t *testing.T) {
	var records []object
	for where, expr := range expressions(t) {
		if strings.Contains(expr, "$") {
			t.Errorf("%s: '%s' has a variable that no dashboard declares", where, expr)
		}
		records = append(records, object{"record": "query", "expr": expr, "labels": map[string]string{"where": where}})
	}
	text, err := yaml.Marshal(object{"groups": []object{{"name": "queries", "rules": records}}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, rig.Need(t, promtoolVar), "check", "rules", "--lint=none", write(t, "queries.yaml", string(text)))
}

// A metric's name is a word before { or ( [ ) or an operator, that is no function and no label.
var metricName = regexp.MustCompile(`\b(?:dk|dapr|redis|kafka|traefik|fluentd|otelcol|process|go|up)(?:_[a-z0-9_]+)?\{`)

func TestMetricsThatAreAskedForExist(t *testing.T) {
	known := knownMetrics(t)
	asked := expressions(t)
	_, all := rules(t)
	for _, one := range all {
		asked[one.Alert] = one.Expr
	}
	for where, expr := range asked {
		names := metricName.FindAllString(withBraces(expr), -1)
		if len(names) == 0 {
			t.Errorf("%s: asks for nothing: %s", where, expr)
		}
		for _, name := range names {
			if name = strings.TrimSuffix(name, "{"); !known[name] {
				t.Errorf("%s: '%s' is in neither metrics.txt nor docs/metrics.md", where, name)
			}
		}
	}
}

// What Prometheus adds to a sample: see prometheus.podLabels of the chart, and podmonitor.yaml.
var addedLabels = []string{"namespace", "pod", "container", "job", "role", "le"}

// A query of our own metrics alone may ask only for labels that they have, or that are added when they are collected.
func TestLabelsThatAreAskedForExist(t *testing.T) {
	_, own := ownMetrics(t)
	grouped, matched := regexp.MustCompile(`\bby \(([^)]*)\)`), regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	asked := expressions(t)
	_, all := rules(t)
	for _, one := range all {
		asked[one.Alert] = one.Expr
	}
	for where, expr := range asked {
		known := map[string]bool{}
		for _, label := range addedLabels {
			known[label] = true
		}
		isOurs := true
		for _, name := range metricName.FindAllString(withBraces(expr), -1) {
			name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(strings.TrimSuffix(name, "{"), "")
			isOurs = isOurs && strings.HasPrefix(name, "dk_")
			for _, label := range own[name] {
				known[label] = true
			}
		}
		if !isOurs {
			continue
		}
		var names []string
		for _, found := range grouped.FindAllStringSubmatch(expr, -1) {
			names = append(names, strings.Split(found[1], ", ")...)
		}
		for _, found := range matched.FindAllStringSubmatch(expr, -1) {
			names = append(names, found[1])
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s: no metric of it has the label '%s': %s", where, name, expr)
			}
		}
	}
}

// withBraces gives metrics that are asked for without matchers their braces, so that all look alike.
func withBraces(expr string) string {
	return regexp.MustCompile(`\b((?:dapr|dk)_[a-z0-9_]+)([\[)])`).ReplaceAllString(expr, "$1{}$2")
}

// knownMetrics are those of others, metrics.txt, and our own, docs/metrics.md; a histogram is three names.
func knownMetrics(t testing.TB) map[string]bool {
	known := map[string]bool{"up": true}
	file, err := os.Open("metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			addMetric(known, strings.TrimSuffix(line, " histogram"), strings.HasSuffix(line, " histogram"))
		}
	}
	histograms, _ := ownMetrics(t)
	for name, isHistogram := range histograms {
		addMetric(known, name, isHistogram)
	}
	return known
}

func addMetric(known map[string]bool, name string, isHistogram bool) {
	if !isHistogram {
		known[name] = true
		return
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		known[name+part] = true
	}
}

// ownMetrics reads the rows of docs/metrics.md, which is made from the programs' tables: whether each is a histogram, and its labels.
func ownMetrics(t testing.TB) (map[string]bool, map[string][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	isHistogram, labels := map[string]bool{}, map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `((?:dk|process)_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*)\\|")
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		isHistogram[match[1]] = match[2] == "histogram"
		for _, label := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(match[3], -1) {
			labels[match[1]] = append(labels[match[1]], label[1])
		}
	}
	if len(isHistogram) == 0 {
		t.Fatal("docs/metrics.md has no row of a metric")
	}
	return isHistogram, labels
}

func TestGrafanaMountsEveryDashboard(t *testing.T) {
	made := render(t, everything...)
	set := made.find(t, "StatefulSet", "docs-grafana")
	text, err := yaml.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	for name := range dashboards(t) {
		if want := "docs-dashboard-" + strings.TrimSuffix(name, ".json"); !strings.Contains(string(text), want) {
			t.Errorf("Grafana does not mount '%s'", want)
		}
	}
	sources := decode[struct {
		Datasources []struct{ UID, Type, URL string }
	}](t, "datasources",
		made.text(t, "ConfigMap", "docs-datasources", "datasources.yaml")).Datasources
	for _, source := range sources {
		host := regexp.MustCompile(`^https?://([a-z-]+)\.docs\.svc\.cluster\.local:(\d+)$`).FindStringSubmatch(source.URL)
		if host == nil {
			t.Errorf("%s: '%s' is no Service of the release", source.UID, source.URL)
			continue
		}
		made.find(t, "Service", host[1])
	}
	if len(sources) != 3 {
		t.Errorf("there are %d data sources; metrics, traces and logs are 3", len(sources))
	}
}
