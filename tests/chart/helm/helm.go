// Package helm renders the chart and reads what came of it. HELM names the program.
package helm

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"
)

// Chart is the folder of the chart, as seen from a package that lies beside this one.
const Chart = "../../../charts/dapr-kit"

// Variable of the environment that names the program.
const Variable = "HELM"

// Object is one of Kubernetes', as YAML has it.
type Object map[string]any

// At follows names down into maps; it answers nil where one is missing.
func (o Object) At(names ...string) any {
	var value any = map[string]any(o)
	for _, name := range names {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

// Text is At, as a text.
func (o Object) Text(names ...string) string {
	value, _ := o.At(names...).(string)
	return value
}

// Map is At, as an object.
func (o Object) Map(names ...string) Object {
	value, _ := o.At(names...).(map[string]any)
	return value
}

// List is At, as objects.
func (o Object) List(names ...string) []Object {
	items, _ := o.At(names...).([]any)
	var objects []Object
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Name says which object it is.
func (o Object) Name() string { return fmt.Sprintf("%s %s", o["kind"], o.Text("metadata", "name")) }

// Pod is the pod template of a workload, nil of other objects.
func (o Object) Pod() Object { return o.Map("spec", "template") }

// Containers of a pod template, those of initialisation first.
func (o Object) Containers() []Object {
	return append(o.List("spec", "initContainers"), o.List("spec", "containers")...)
}

// Run calls Helm and answers what it wrote, or its complaint as an error.
func Run(t testing.TB, words ...string) (string, error) {
	t.Helper()
	var output, complaint bytes.Buffer
	command := exec.Command(rig.Need(t, Variable), words...)
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %v\n%s%s", strings.Join(words, " "), err, output.String(), complaint.String())
	}
	return output.String(), nil
}

// renders keeps what Helm wrote for the same words: it takes a third of a second each time.
type renders struct {
	mutex sync.Mutex
	texts map[string]string
}

var rendered = renders{texts: map[string]string{}}

func (r *renders) once(key string, run func() (string, error)) (string, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if text, ok := r.texts[key]; ok {
		return text, nil
	}
	text, err := run()
	if err == nil {
		r.texts[key] = text
	}
	return text, err
}

// Template renders the chart as the release docs in the namespace docs.
func Template(t testing.TB, words ...string) ([]Object, error) {
	t.Helper()
	return TemplateOf(t, Chart, words...)
}

// TemplateOf is Template of the chart in another folder.
func TemplateOf(t testing.TB, chart string, words ...string) ([]Object, error) {
	t.Helper()
	words = append([]string{"template", "docs", chart, "-n", "docs"}, words...)
	made, err := rendered.once(strings.Join(words, " "), func() (string, error) { return Run(t, words...) })
	if err != nil {
		return nil, err
	}
	var objects []Object
	for decoder := yaml.NewDecoder(strings.NewReader(made)); ; {
		var object map[string]any // by this type, for what is in it takes the type of what it is in
		if err := decoder.Decode(&object); err == io.EOF {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if object != nil {
			objects = append(objects, object)
		}
	}
}

// Render is Template, where nothing may go wrong.
func Render(t testing.TB, words ...string) []Object {
	t.Helper()
	objects, err := Template(t, words...)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

var apiLine = regexp.MustCompile(`(?m)^# api: (.*)$`)

// File is a file of values that is tested, and the words that render it.
type File struct {
	Name  string
	Words []string
}

// Files are all files of values: those for users and those in ci/. A line "# api: …" names kinds that the cluster has;
// Dapr's are there for all but the inline ones, for which nothing of it may be needed.
func Files(t testing.TB) []File {
	t.Helper()
	var files []File
	for _, pattern := range []string{"values-*.yaml", "ci/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(Chart, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no files of values (%v)", pattern, err)
		}
		for _, path := range found {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, _ := filepath.Rel(Chart, path)
			file := File{Name: name, Words: []string{"-f", path}}
			if strings.Contains(string(content), "injected") {
				file.Words = append(file.Words, "--api-versions", "dapr.io/v1alpha1/Component")
			}
			if match := apiLine.FindSubmatch(content); match != nil {
				for _, api := range strings.Fields(string(match[1])) {
					file.Words = append(file.Words, "--api-versions", api)
				}
			}
			files = append(files, file)
		}
	}
	return files
}
