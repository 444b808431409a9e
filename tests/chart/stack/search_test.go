package stack

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

const stream = "dk-logs-docs"

// search is an OpenSearch with what the chart's bootstrap brings. Its policies of retention are taken by a stand-in: the plugin that
// has them is on no registry. Everything else reaches the server.
type search struct {
	url      string
	policies chan []byte
}

func startSearch(t testing.TB) *search {
	t.Helper()
	port, transport := rig.FreePort(t), rig.FreePort(t)
	home := rig.Need(t, openSearchVar)
	const terminated = 143
	node := rig.StartTool(t, "opensearch", terminated, nil, "java", "-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-cp", home+"/classes:"+home+"/libs/*", "SearchNode", t.TempDir(), fmt.Sprint(port), fmt.Sprint(transport))
	server := "http://" + loopback(port)
	node.Ready(t, func() error {
		_, err := get(server + "/_cluster/health?wait_for_status=yellow&timeout=1s")
		return err
	})
	made := &search{policies: make(chan []byte, 8)}
	target, _ := url.Parse(server)
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/_plugins/_ism/policies/dk-logs") {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet && len(made.policies) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			made.policies <- append([]byte(r.URL.RawQuery+" "), body...)
		}
		fmt.Fprint(w, `{"_seq_no": 7, "_primary_term": 1}`)
	}))
	t.Cleanup(front.Close)
	made.url = front.URL
	return made
}

// bootstrap runs the script of the chart's Job as it is, with its files where the Job has them.
func (s *search) bootstrap(t testing.TB) {
	t.Helper()
	made := render(t, toOpenSearch...)
	folder := t.TempDir()
	files := made.find(t, "ConfigMap", "docs-fluentd-bootstrap")["data"].(object)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.ReplaceAll(text.(string), "/bootstrap/", folder+"/")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", filepath.Join(folder, "bootstrap.sh"))
	cmd.Env = append(os.Environ(), "SEARCH_URL="+s.url, "TIMEOUT_SECONDS=20")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bootstrap: %v\n%s", err, out)
	}
}

// documents are the golden lines as Fluentd's output writes them: with an id, a time, and what Kubernetes says of the pod.
func documents(t testing.TB) []object {
	name := regexp.MustCompile(`^(.*)_(.*)_(.*)-([^-]*)\.log$`)
	labels := []object{{"app": "x"}, {"app.kubernetes.io/name": "x", "app.kubernetes.io/component": "document"}}
	var made []object
	for i, one := range golden(t) {
		parts := name.FindStringSubmatch(one.File)
		made = append(made, object{"@timestamp": one.Time, "stream": one.Stream, "message": one.Message, "log": one.Log,
			"kubernetes": object{"pod_name": parts[1], "namespace_name": parts[2], "container_name": parts[3], "labels": labels[i%2]}})
	}
	// What nobody expects: it must neither be refused nor grow the mapping.
	return append(made, object{"@timestamp": "2026-11-25T17:01:00Z", "message": "{}", "log": object{"level": "info",
		"unheard": object{"of": []int{1, 2}}}, "surprise": object{"a": object{"b": 1}}, "kubernetes": object{"container_name": "x"}})
}

// write sends documents as Fluentd does and gives the status of each.
func (s *search) write(t testing.TB, documents []object) []int {
	t.Helper()
	var body bytes.Buffer
	for _, one := range documents {
		text, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum(text)
		fmt.Fprintf(&body, `{"create":{"_id":"%s"}}`+"\n%s\n", hex.EncodeToString(sum[:]), text)
	}
	text, err := ask(http.MethodPost, s.url+"/"+stream+"/_bulk?refresh=true", "application/x-ndjson", body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Items []struct {
			Create struct {
				Status int
				Error  any
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for i, item := range answer.Items {
		if item.Create.Status != http.StatusCreated && item.Create.Status != http.StatusConflict {
			t.Errorf("%v: %v", documents[i], item.Create.Error)
		}
		statuses = append(statuses, item.Create.Status)
	}
	return statuses
}

func (s *search) count(t testing.TB, query any) int {
	t.Helper()
	answer := askJSON(t, http.MethodPost, s.url+"/"+stream+"/_count", object{"query": query})
	return int(answer["count"].(float64))
}

func all(statuses []int, want int) bool {
	for _, one := range statuses {
		if one != want {
			return false
		}
	}
	return len(statuses) > 0
}

func TestLinesAreKeptAndFound(t *testing.T) {
	server := startSearch(t)
	server.bootstrap(t)
	lines := documents(t)

	if statuses := server.write(t, lines); !all(statuses, http.StatusCreated) {
		t.Fatalf("written with %v", statuses)
	}

	term := func(field, value string) any { return object{"term": object{field: value}} }
	for name, one := range map[string]struct {
		query any
		want  int
	}{
		"a level":                     {term("log.level", "error"), 1},
		"a trace":                     {term("trace.id", "0af7651916cd43dd8448eb211c80319c"), 1},
		"a span":                      {term("span.id", "b7ad6b7169203331"), 1},
		"a service":                   {term("service.name", "document"), 2},
		"a container":                 {term("kubernetes.container_name", "redis"), 2},
		"a label":                     {term("kubernetes.labels.app", "x"), (len(lines)) / 2},
		"a label with dots":           {term("kubernetes.labels.app.kubernetes.io/component", "document"), (len(lines) - 1) / 2},
		"words of a plain line":       {object{"match_phrase": object{"message": "Ready to accept"}}, 1},
		"words of a line that is cut": {object{"match_phrase": object{"log.msg": "the runtime has cut"}}, 1},
		"what is not indexed":         {term("surprise.a.b", "1"), 0},
	} {
		if got := server.count(t, one.query); got != one.want {
			t.Errorf("%s: %d lines, not %d", name, got, one.want)
		}
	}
	var mapping map[string]any
	if err := getJSON(server.url+"/"+stream+"/_mapping", &mapping); err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(mapping); strings.Contains(string(text), "surprise") || strings.Contains(string(text), "unheard") {
		t.Errorf("the mapping has grown by what was written: %s", text)
	}
	var streams struct {
		DataStreams []struct{ Name, Template string } `json:"data_streams"`
	}
	if err := getJSON(server.url+"/_data_stream/dk-logs-*", &streams); err != nil {
		t.Fatal(err)
	}
	if len(streams.DataStreams) != 1 || streams.DataStreams[0].Name != stream || streams.DataStreams[0].Template != "dk-logs" {
		t.Errorf("data streams are %v", streams.DataStreams)
	}
	if statuses := server.write(t, lines); !all(statuses, http.StatusConflict) {
		t.Errorf("what is sent again is answered %v", statuses)
	}
	if got := server.count(t, object{"match_all": object{}}); got != len(lines) {
		t.Errorf("there are %d lines, written were %d", got, len(lines))
	}
	checkKibanaRules(t, server)
}

// Each rule's question is asked as Kibana would ask it, without the window of time.
func checkKibanaRules(t *testing.T, server *search) {
	for id, want := range map[string]int{"error-burst": 2, "component-init": 1, "no-logs": 7} {
		text := render(t, everything...).text(t, "ConfigMap", "docs-kibana-bootstrap", "rule-"+id+".json")
		var made struct{ Params struct{ ESQuery string } }
		if err := json.Unmarshal([]byte(text), &made); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		var question struct{ Query any }
		if err := json.Unmarshal([]byte(made.Params.ESQuery), &question); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if got := server.count(t, question.Query); got != want {
			t.Errorf("rule %s: finds %d lines, not %d", id, got, want)
		}
	}
}

func TestJaegerKeepsTracesInOpenSearch(t *testing.T) {
	server := startSearch(t)
	made := render(t, append([]string{"--set", "jaeger.storage.kind=elasticsearch"}, toOpenSearch...)...)
	config := must(t, made.text(t, "ConfigMap", "docs-jaeger", "config.yaml"), "http://search.example:9200", server.url)
	_, ports := startJaeger(t, config, made.find(t, "StatefulSet", "docs-jaeger"))

	sendSpan(t, ports["http"])

	awaitTrace(t, ports["query"])
	indices, err := get(server.url + "/_cat/indices/dk-jaeger-span-*?h=index")
	if err != nil || len(indices) == 0 {
		t.Errorf("spans are in '%s' (%v), not in an index with the prefix dk", indices, err)
	}
}

func TestBootstrapMayRunTwice(t *testing.T) {
	server := startSearch(t)

	server.bootstrap(t)
	server.bootstrap(t)

	first, second := string(<-server.policies), string(<-server.policies)
	if !strings.Contains(first, `"min_index_age": "7d"`) || !strings.Contains(first, `"dk-logs-*"`) {
		t.Errorf("the policy is %s", first)
	}
	if !strings.HasPrefix(second, "if_seq_no=7&if_primary_term=1 ") {
		t.Errorf("the second time the policy is put with '%s'", second)
	}
}

// The template for Elasticsearch is the one that OpenSearch has tried, but for the words in which the two differ.
func TestTemplatesDifferInWordsAlone(t *testing.T) {
	template := func(words []string) string {
		return render(t, words...).text(t, "ConfigMap", "docs-fluentd-bootstrap", "template.json")
	}
	elastic, open := decode[object](t, "template", template(everything)), decode[object](t, "template", template(toOpenSearch))
	if got := elastic["template"].(object)["lifecycle"]; fmt.Sprint(got) != "map[data_retention:7d]" {
		t.Errorf("Elasticsearch keeps lines for %v", got)
	}
	delete(elastic["template"].(object), "lifecycle")
	text, _ := json.Marshal(elastic)
	want, _ := json.Marshal(open)
	if got := strings.ReplaceAll(string(text), `"flattened"`, `"flat_object"`); got != string(want) {
		t.Errorf("Elasticsearch:\n%s\nOpenSearch:\n%s", got, want)
	}
}
