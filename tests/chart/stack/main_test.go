// Package stack tests what the chart says to Prometheus, Grafana, Jaeger, the collector, Elasticsearch, Kibana and
// Fluentd: their configuration, rendered, is given to the programs themselves where those can be had (Prometheus,
// Alertmanager, Jaeger, the collector, OpenSearch), else checked for what it means.
package stack

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/chart/helm"
	"gopkg.in/yaml.v3"
)

// What the environment names; see dk_suite_stack.
const (
	prometheusVar = "PROMETHEUS"
	promtoolVar   = "PROMTOOL"
	amtoolVar     = "AMTOOL"
	jaegerVar     = "JAEGER"
	collectorVar  = "OTELCOL"
	openSearchVar = "OPENSEARCH" // the folder that build/tools/opensearch/build.sh made

	redisExporterVar = "REDIS_EXPORTER"
)

const root = "../../.."

// everything is the release docs with all that this package is about; the applications need some Dapr and some Kafka.
var everything = []string{
	"--set", "dapr.mode=inline,kafka.enabled=true,otel-collector.enabled=true",
	"--set", "logging.enabled=true,global.podSecurity=privileged",
}

// toOpenSearch is the same with logs in an OpenSearch that is not the chart's.
var toOpenSearch = append([]string{
	"--set", "elasticsearch.enabled=false,kibana.enabled=false,fluentd.image.tag=v1.19.3-debian-opensearch-1.1",
	"--set", "global.external.elasticsearch.url=http://search.example:9200,global.external.elasticsearch.flavour=opensearch",
}, everything...)

type object = map[string]any

// release is what Helm renders.
type release []object

var rendered sync.Map

// render gives what `helm template docs` makes of these words.
func render(t testing.TB, words ...string) release {
	t.Helper()
	key := strings.Join(words, " ")
	if made, ok := rendered.Load(key); ok {
		return made.(release)
	}
	var made release
	for _, one := range helm.Render(t, words...) {
		made = append(made, object(one))
	}
	rendered.Store(key, made)
	return made
}

// find gives the object of this kind and name.
func (r release) find(t testing.TB, kind, name string) object {
	t.Helper()
	for _, one := range r {
		if one["kind"] == kind && one["metadata"].(object)["name"] == name {
			return one
		}
	}
	t.Fatalf("no %s '%s' is rendered", kind, name)
	return nil
}

// text gives one entry of a ConfigMap, or of a Secret written as text.
func (r release) text(t testing.TB, kind, name, key string) string {
	t.Helper()
	one := r.find(t, kind, name)
	field := "data"
	if kind == "Secret" {
		field = "stringData"
	}
	text, ok := one[field].(object)[key].(string)
	if !ok {
		t.Fatalf("%s '%s' has no '%s'", kind, name, key)
	}
	return text
}

// write puts text into a file of the test's folder.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program to its end, which must be a good one, and gives what it wrote.
func run(t testing.TB, path string, args ...string) string {
	t.Helper()
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// decode reads YAML, of which JSON is a part.
func decode[T any](t testing.TB, what, text string) T {
	t.Helper()
	var made T
	if err := yaml.Unmarshal([]byte(text), &made); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return made
}

// must replaces a text that has to be there.
func must(t testing.TB, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("'%s' is not in what is rendered:\n%s", old, text)
	}
	return strings.ReplaceAll(text, old, new)
}
