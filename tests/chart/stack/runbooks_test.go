package stack

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// values are the chart's and its subcharts', by their paths; * stands for any name in between.
func values(t testing.TB) object {
	t.Helper()
	read := func(path string) object {
		text, err := os.ReadFile(filepath.Join(root, "charts/dapr-kit", path))
		if err != nil {
			t.Fatal(err)
		}
		return decode[object](t, path, string(text))
	}
	all := read("values.yaml")
	subcharts, _ := filepath.Glob(filepath.Join(root, "charts/dapr-kit/charts/*/values.yaml"))
	for _, path := range subcharts {
		name := filepath.Base(filepath.Dir(path))
		own := read("charts/" + name + "/values.yaml")
		for key, value := range own {
			if inner, ok := all[name].(object); ok {
				if _, set := inner[key]; !set {
					inner[key] = value
				}
			} else {
				all[name] = object{key: value, "enabled": nil} // the log trio's has no default
			}
		}
	}
	return all
}

func has(in any, path []string) bool {
	inner, ok := in.(object)
	if len(path) == 0 {
		return true
	}
	if !ok {
		return false
	}
	if path[0] != "*" {
		value, ok := inner[path[0]]
		return ok && has(value, path[1:])
	}
	for _, value := range inner {
		if has(value, path[1:]) {
			return true
		}
	}
	return false
}

func TestPagesNameValuesThatExist(t *testing.T) {
	all := values(t)
	inQuotes := regexp.MustCompile("`([a-zA-Z-]+(?:\\.[a-zA-Z*-]+)+)(?:=[^`]*)?`")
	pages, _ := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	count := 0
	for _, page := range append(pages, filepath.Join(root, "docs/observability.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range inQuotes.FindAllStringSubmatch(string(text), -1) {
			path := strings.Split(found[1], ".")
			if _, ours := all[path[0]]; !ours {
				continue // a file, a property of Kafka, a value of Dapr's chart
			}
			count++
			if !has(all, path) {
				t.Errorf("%s: there is no value '%s'", filepath.Base(page), found[1])
			}
		}
	}
	if count < 20 {
		t.Errorf("%d values are named; the pages name more", count)
	}
}
