package stack

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

type savedObject struct {
	ID, Type   string
	Attributes struct {
		Title, TimeFieldName  string
		Columns               []string
		KibanaSavedObjectMeta struct{ SearchSourceJSON string }
	}
	References []struct{ ID, Name, Type string }
}

func savedObjects(t testing.TB) []savedObject {
	text := render(t, everything...).text(t, "ConfigMap", "docs-kibana-bootstrap", "objects.ndjson")
	var all []savedObject
	for _, one := range strings.Split(strings.TrimSpace(text), "\n") {
		var made savedObject
		if err := json.Unmarshal([]byte(one), &made); err != nil {
			t.Fatal(err)
		}
		all = append(all, made)
	}
	return all
}

// fields are those that the index template makes searchable.
func fields(t testing.TB) map[string]bool {
	template := decode[object](t, "template",
		render(t, everything...).text(t, "ConfigMap", "docs-fluentd-bootstrap", "template.json"))
	found := map[string]bool{}
	var walk func(prefix string, properties object)
	walk = func(prefix string, properties object) {
		for name, one := range properties {
			found[prefix+name] = true
			if inner, ok := one.(object)["properties"].(object); ok {
				walk(prefix+name+".", inner)
			}
		}
	}
	walk("", template["template"].(object)["mappings"].(object)["properties"].(object))
	return found
}

func TestKibanasObjectsBelongTogether(t *testing.T) {
	all, known := savedObjects(t), fields(t)
	types := map[string]string{}
	for _, one := range all {
		types[one.ID] = one.Type
	}
	if types["dk-logs"] != "index-pattern" {
		t.Fatal("there is no data view dk-logs")
	}
	inQuery := regexp.MustCompile(`([A-Za-z_@.]+) :`)
	for _, one := range all {
		if one.Type == "index-pattern" {
			if one.Attributes.Title != "dk-logs-*" || one.Attributes.TimeFieldName != "@timestamp" {
				t.Errorf("data view is %+v", one.Attributes)
			}
			continue
		}
		if one.Type != "search" || len(one.References) != 1 || types[one.References[0].ID] != one.References[0].Type {
			t.Errorf("%s: refers to %v", one.ID, one.References)
		}
		var source struct {
			Query        struct{ Query, Language string }
			IndexRefName string
		}
		if err := json.Unmarshal([]byte(one.Attributes.KibanaSavedObjectMeta.SearchSourceJSON), &source); err != nil {
			t.Fatalf("%s: %v", one.ID, err)
		}
		if source.IndexRefName != one.References[0].Name || source.Query.Language != "kuery" {
			t.Errorf("%s: %+v", one.ID, source)
		}
		names := one.Attributes.Columns
		for _, found := range inQuery.FindAllStringSubmatch(source.Query.Query, -1) {
			names = append(names, found[1])
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s: asks for '%s', which the index template does not have", one.ID, name)
			}
		}
	}
}

func TestKibanasRulesAreWhatItsAPITakes(t *testing.T) {
	made := render(t, everything...)
	seen := map[string]bool{}
	for name, text := range made.find(t, "ConfigMap", "docs-kibana-bootstrap")["data"].(object) {
		if !strings.HasPrefix(name, "rule-") {
			continue
		}
		var rule struct {
			ID         string
			RuleTypeID string `json:"rule_type_id"`
			Consumer   string
			Params     struct {
				Index     []string
				TimeField string
				Threshold []int
			}
			Actions []struct{ ID string }
		}
		if err := json.Unmarshal([]byte(text.(string)), &rule); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(rule.ID) || seen[rule.ID] {
			t.Errorf("%s: id '%s' is no UUID, or another's", name, rule.ID)
		}
		seen[rule.ID] = true
		if rule.RuleTypeID != ".es-query" || rule.Consumer != "stackAlerts" || len(rule.Params.Threshold) != 1 ||
			rule.Params.TimeField != "@timestamp" || rule.Params.Index[0] != "dk-logs-*" {
			t.Errorf("%s: %+v", name, rule)
		}
		// The Basic licence has no connector that leaves the cluster; this one is in kibana.yml.
		if config := made.text(t, "ConfigMap", "docs-kibana", "kibana.yml"); !strings.Contains(config, rule.Actions[0].ID+": {") {
			t.Errorf("%s: tells '%s', which kibana.yml does not have", name, rule.Actions[0].ID)
		}
	}
	if len(seen) != 3 {
		t.Errorf("there are %d rules, not 3", len(seen))
	}
}
