package stack

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"
)

// section is a part of fluent.conf: <source>, <filter kubernetes.**>, <parse>, …
type section struct {
	name, argument string
	settings       map[string]string
	sections       []*section
}

// parseFluentd reads Fluentd's configuration: sections in angle brackets, a setting a line.
func parseFluentd(t testing.TB, text string) *section {
	t.Helper()
	stack := []*section{{settings: map[string]string{}}}
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		top := stack[len(stack)-1]
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "</"):
			if line != "</"+top.name+">" {
				t.Fatalf("fluent.conf:%d: %s ends <%s>", number+1, line, top.name)
			}
			stack = stack[:len(stack)-1]
		case strings.HasPrefix(line, "<"):
			name, argument, _ := strings.Cut(strings.Trim(line, "<>"), " ")
			made := &section{name: name, argument: argument, settings: map[string]string{}}
			top.sections = append(top.sections, made)
			stack = append(stack, made)
		default:
			name, value, _ := strings.Cut(line, " ")
			if _, twice := top.settings[name]; twice {
				t.Fatalf("fluent.conf:%d: <%s> has '%s' twice", number+1, top.name, name)
			}
			top.settings[name] = strings.TrimSpace(value)
		}
	}
	if len(stack) != 1 {
		t.Fatalf("fluent.conf: <%s> has no end", stack[len(stack)-1].name)
	}
	return stack[0]
}

// one gives the only section of this name and @type, however deep.
func (s *section) one(t testing.TB, name, kind string) *section {
	t.Helper()
	var found []*section
	var look func(*section)
	look = func(in *section) {
		for _, part := range in.sections {
			if part.name == name && (kind == "" || part.settings["@type"] == kind) {
				found = append(found, part)
			}
			look(part)
		}
	}
	look(s)
	if len(found) != 1 {
		t.Fatalf("fluent.conf has %d of <%s> with @type %s", len(found), name, kind)
	}
	return found[0]
}

func fluentd(t testing.TB, words ...string) *section {
	if len(words) == 0 {
		words = everything
	}
	return parseFluentd(t, render(t, words...).text(t, "ConfigMap", "docs-fluentd", "fluent.conf"))
}

// asCollector says in the words of the collector's filelog what fluent.conf says: the same paths, the same regular expression,
// the same joining of parts, the same JSON. What the two languages cannot be translated by is asserted.
func asCollector(t testing.TB, conf *section, logs, out string) string {
	t.Helper()
	tail := conf.one(t, "source", "tail")
	parse := tail.one(t, "parse", "regexp")
	if got := parse.settings["time_format"]; got != "%Y-%m-%dT%H:%M:%S.%N%:z" {
		t.Fatalf("the time of a line is read by '%s', not as RFC 3339", got)
	}
	concat := conf.one(t, "filter", "concat")
	if concat.settings["use_partial_cri_logtag"] != "true" || concat.settings["separator"] != `""` {
		t.Fatalf("parts are joined by %v", concat.settings)
	}
	parser := conf.one(t, "filter", "parser")
	if parser.one(t, "parse", "json"); parser.settings["emit_invalid_record_to_error"] != "false" || parser.settings["reserve_data"] != "true" {
		t.Fatalf("a line that is no JSON is lost: %v", parser.settings)
	}
	empty := conf.one(t, "filter", "grep").one(t, "exclude", "").settings
	if empty["key"] != concat.settings["key"] || empty["pattern"] != "/^$/" {
		t.Fatalf("lines are left out that are not empty: %v", empty)
	}
	here := func(path string) string { return strings.Replace(path, "/var/log/containers", logs, 1) }
	var include, exclude []string
	for _, path := range strings.Split(tail.settings["path"], ",") {
		include = append(include, here(path))
	}
	for _, path := range decode[[]string](t, "exclude_path", tail.settings["exclude_path"]) {
		exclude = append(exclude, here(path))
	}
	expression := strings.Trim(parse.settings["expression"], "/")
	key, tag, stream := concat.settings["key"], concat.settings["partial_cri_logtag_key"], concat.settings["partial_cri_stream_key"]
	operators := []object{
		{"type": "regex_parser", "regex": expression, "parse_to": "attributes", "on_error": "drop_quiet",
			"timestamp": object{"parse_from": "attributes.time", "layout_type": "gotime", "layout": time.RFC3339Nano}},
		{"type": "add", "field": "attributes.source", "value": "EXPR(attributes['log.file.path'] + ' ' + attributes." + stream + ")"},
		{"type": "recombine", "combine_field": "attributes." + key, "combine_with": "", "is_last_entry": "attributes." + tag + " == 'F'",
			"source_identifier": "attributes.source", "overwrite_with": "newest", "force_flush_period": "5s"},
		{"type": "filter", "expr": "attributes." + key + " == ''"},
		{"type": "json_parser", "parse_from": "attributes." + parser.settings["key_name"], "on_error": "send_quiet",
			"parse_to": "attributes." + parser.settings["hash_value_field"]},
	}
	config := object{
		"receivers": object{"file_log": object{"include": include, "exclude": exclude, "start_at": "beginning",
			"include_file_path": true, "poll_interval": "50ms", "operators": operators}},
		"exporters": object{"file": object{"path": out, "flush_interval": "50ms"}},
		"service": object{"pipelines": object{"logs": object{"receivers": []string{"file_log"}, "exporters": []string{"file"}}},
			"telemetry": object{"metrics": object{"level": "none"}}},
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// line is what is made of one line of a program.
type line struct {
	File    string `json:"file"`
	Time    string `json:"time"`
	Stream  string `json:"stream"`
	Message string `json:"message"`
	Log     object `json:"log,omitempty"`
}

// golden is cri/expected.jsonl.
func golden(t testing.TB) []line {
	t.Helper()
	text, err := os.ReadFile("cri/expected.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	for _, one := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var made line
		if err := json.Unmarshal([]byte(one), &made); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, made)
	}
	return lines
}

// value is OTLP's AnyValue in JSON.
type value struct {
	StringValue *string
	IntValue    any
	KvlistValue *struct{ Values []attribute }
}

type attribute struct {
	Key   string
	Value value
}

func (v value) plain() any {
	switch {
	case v.StringValue != nil:
		return *v.StringValue
	case v.KvlistValue != nil:
		made := object{}
		for _, one := range v.KvlistValue.Values {
			made[one.Key] = one.Value.plain()
		}
		return made
	default:
		return v.IntValue
	}
}

func readExported(path string) ([]line, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, one := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var batch struct {
			ResourceLogs []struct {
				ScopeLogs []struct {
					LogRecords []struct {
						TimeUnixNano string
						Attributes   []attribute
					}
				}
			}
		}
		if one == "" {
			continue
		}
		if err := json.Unmarshal([]byte(one), &batch); err != nil {
			return nil, err
		}
		for _, resource := range batch.ResourceLogs {
			for _, scope := range resource.ScopeLogs {
				for _, record := range scope.LogRecords {
					made := object{}
					for _, one := range record.Attributes {
						made[one.Key] = one.Value.plain()
					}
					lines = append(lines, asLine(record.TimeUnixNano, made))
				}
			}
		}
	}
	return lines, nil
}

func asLine(nanoseconds string, from object) line {
	var at int64
	fmt.Sscan(nanoseconds, &at)
	text := func(key string) string { made, _ := from[key].(string); return made }
	made := line{File: filepath.Base(text("log.file.path")), Time: time.Unix(0, at).UTC().Format(time.RFC3339Nano),
		Stream: text("stream"), Message: text("message")}
	if made.File == "." {
		made.File = text("log.file.name")
	}
	made.Log, _ = from["log"].(object)
	return made
}

func key(one line) string { return one.File + " " + one.Time + " " + one.Stream }

func TestLinesOfContainersAreRead(t *testing.T) {
	logs, err := filepath.Abs("cri")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.json")
	config := asCollector(t, fluentd(t), logs, out)
	rig.StartTool(t, "otelcol", 0, nil, rig.Need(t, collectorVar), "--config="+write(t, "config.yaml", config))
	want := map[string]line{}
	for _, one := range golden(t) {
		want[key(one)] = one
	}

	rig.Eventually(t, "all lines are read as the golden file says", func() error {
		lines, err := readExported(out)
		if err != nil {
			return err
		}
		got := map[string]line{}
		for _, one := range lines {
			if _, twice := got[key(one)]; twice {
				return fmt.Errorf("twice: %+v", one)
			}
			got[key(one)] = one
		}
		for name, one := range got {
			if !reflect.DeepEqual(one, want[name]) {
				return fmt.Errorf("got %+v\nnot %+v", one, want[name])
			}
		}
		for name := range want {
			if _, ok := got[name]; !ok {
				return fmt.Errorf("%d lines of %d, without '%s'", len(got), len(want), name)
			}
		}
		return nil
	})
}

// What Fluentd keeps while Elasticsearch is away has a bound, lies on disk, and gives the oldest up first.
func TestFluentdsBufferIsBounded(t *testing.T) {
	for name, words := range map[string][]string{"elasticsearch": everything, "opensearch": toOpenSearch} {
		output := fluentd(t, words...).one(t, "match", name)
		buffer := output.one(t, "buffer", "file").settings
		if !regexp.MustCompile(`^\d+[MG]$`).MatchString(buffer["total_limit_size"]) || buffer["overflow_action"] != "drop_oldest_chunk" {
			t.Errorf("%s: buffer is %v", name, buffer)
		}
		if _, forever := buffer["retry_forever"]; forever || buffer["retry_timeout"] == "" {
			t.Errorf("%s: a chunk is tried without end: %v", name, buffer)
		}
		if output.settings["write_operation"] != "create" || output.settings["id_key"] != "_hash" || output.settings["ssl_verify"] != "true" {
			t.Errorf("%s: output is %v", name, output.settings)
		}
		for _, setting := range output.settings {
			if strings.Contains(setting, "password") && !strings.Contains(setting, "ENV[") {
				t.Errorf("%s: a password is written down: %s", name, setting)
			}
		}
	}
}

func TestFluentdReadsTheNamespacesItIsTold(t *testing.T) {
	for words, want := range map[string]string{
		"fluentd.namespaces=[]":        "/var/log/containers/*_docs_*.log",
		`fluentd.namespaces=["a","b"]`: "/var/log/containers/*_a_*.log,/var/log/containers/*_b_*.log",
		`fluentd.namespaces=["*"]`:     "/var/log/containers/*.log",
	} {
		tail := fluentd(t, append([]string{"--set-json", words}, everything...)...).one(t, "source", "tail")
		if tail.settings["path"] != want {
			t.Errorf("%s: reads %s, not %s", words, tail.settings["path"], want)
		}
		if !strings.Contains(tail.settings["exclude_path"], "_fluentd-") {
			t.Errorf("%s: Fluentd reads its own lines", words)
		}
	}
}
