package stack

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"
)

type rule struct {
	Alert       string
	Expr        string
	Labels      map[string]string
	Annotations map[string]string
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

// story is one entry of alerts.yaml.
type story struct {
	Alert        string
	Series, Calm map[string]string
	At           string
	Labels       map[string]string
	Says         string
	Explains     string
}

func rules(t testing.TB) (string, []rule) {
	text := render(t, everything...).text(t, "ConfigMap", "docs-rules", "dapr-kit.rules.yaml")
	var all []rule
	for _, group := range decode[ruleFile](t, "rules", text).Groups {
		all = append(all, group.Rules...)
	}
	return text, all
}

func stories(t testing.TB) []story {
	text, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return decode[[]story](t, "alerts.yaml", string(text))
}

func TestRulesAreGood(t *testing.T) {
	text, _ := rules(t)
	if strings.Contains(text, "${") {
		t.Errorf("a word was not put in: %s", regexp.MustCompile(`\$\{[^}]*\}`).FindString(text))
	}
	run(t, rig.Need(t, promtoolVar), "check", "rules", "--lint-fatal", write(t, "rules.yaml", text))
}

func TestOperatorGetsTheSameRules(t *testing.T) {
	text, _ := rules(t)
	words := append([]string{"--api-versions", "monitoring.coreos.com/v1/PrometheusRule"}, everything...)
	spec := render(t, words...).find(t, "PrometheusRule", "docs-rules")["spec"]
	own, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	bundled, err := yaml.Marshal(decode[any](t, "rules", text))
	if err != nil {
		t.Fatal(err)
	}
	if string(own) != string(bundled) {
		t.Errorf("PrometheusRule:\n%s\nConfigMap:\n%s", own, bundled)
	}
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	_, all := rules(t)
	seen := map[string]bool{}
	for _, one := range all {
		if seen[one.Alert] {
			t.Errorf("%s: there are two", one.Alert)
		}
		seen[one.Alert] = true
		if severity := one.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity '%s' is neither critical nor warning", one.Alert, severity)
		}
		if one.Annotations["summary"] == "" || one.Annotations["description"] == "" {
			t.Errorf("%s: has no summary or no description", one.Alert)
		}
		if want := "docs/runbooks/" + one.Alert + ".md"; one.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is '%s', not %s", one.Alert, one.Annotations["runbook_url"], want)
		}
		page, err := os.ReadFile(filepath.Join(root, "docs/runbooks", one.Alert+".md"))
		if err != nil {
			t.Errorf("%s: %v", one.Alert, err)
			continue
		}
		for _, heading := range []string{"# " + one.Alert + "\n", "## What it means\n", "## How to look\n", "## What to do\n"} {
			if !strings.Contains(string(page), heading) {
				t.Errorf("%s: its runbook lacks '%s'", one.Alert, strings.TrimSpace(heading))
			}
		}
	}
	pages, _ := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); !seen[name] {
			t.Errorf("%s: is no alert's runbook", page)
		}
	}
}

func TestRunbooksLinkToPagesThatAreThere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([A-Za-z]+\.md)\)`)
	pages, _ := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	for _, page := range pages {
		text, _ := os.ReadFile(page)
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func TestAlertsSpeakWhenTheyShould(t *testing.T) {
	text, all := rules(t)
	byName := map[string]rule{}
	for _, one := range all {
		byName[one.Alert] = one
	}
	told := map[string]bool{}
	file := write(t, "rules.yaml", text)
	for _, one := range stories(t) {
		told[one.Alert] = true
		t.Run(one.Alert, func(t *testing.T) {
			labels := map[string]string{"severity": byName[one.Alert].Labels["severity"]}
			for name, value := range one.Labels {
				labels[name] = value
			}
			speaks := []any{object{"exp_labels": labels, "exp_annotations": map[string]string{
				"summary": one.Says, "description": one.Explains, "runbook_url": "docs/runbooks/" + one.Alert + ".md"}}}
			test := object{"rule_files": []string{file}, "evaluation_interval": "1m", "tests": []any{
				alertTest(one.Alert, one.At, one.Series, speaks), alertTest(one.Alert, one.At, one.Calm, []any{})}}
			written, err := yaml.Marshal(test)
			if err != nil {
				t.Fatal(err)
			}
			run(t, rig.Need(t, promtoolVar), "test", "rules", write(t, "test.yaml", string(written)))
		})
	}
	for name := range byName {
		if !told[name] {
			t.Errorf("%s: alerts.yaml has no story of it", name)
		}
	}
}

func alertTest(alert, at string, series map[string]string, expected []any) object {
	var inputs []object
	for name, values := range series {
		inputs = append(inputs, object{"series": name, "values": values})
	}
	return object{"interval": "1m", "input_series": inputs, "alert_rule_test": []object{
		{"alertname": alert, "eval_time": at, "exp_alerts": expected}}}
}
