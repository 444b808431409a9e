package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"testing"
	"time"

	e2e "dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"

	"dapr-kit.test/cluster/rig"
)

// Names of the release's parts that only look at the others: a document does not depend on them.
var onlookers = map[string]bool{"prometheus": true, "alertmanager": true, "jaeger": true, "otel-collector": true}

// prometheus asks that of the release.
type prometheus struct {
	address string
	client  *http.Client
}

func newPrometheus(namespace string) *prometheus {
	return &prometheus{
		address: "http://" + release + "-prometheus." + namespace + ".svc.cluster.local:9090",
		client:  &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DialContext: inside.DialContext}},
	}
}

// ask reads the data of an answer of Prometheus' API.
func (p *prometheus) ask(t *testing.T, path string, into any) error {
	got, err := e2e.AskJSON(t.Context(), p.client, "GET", p.address+path, "")
	if err != nil {
		return err
	}
	answer := struct {
		Status, Error string
		Data          any
	}{Data: into}
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
		return fmt.Errorf("%s: %d %.300s: %w", path, got.Status, got.Body, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// ports that count, by pod and container, as the pods' own specifications name them.
func countingPorts(t *testing.T) map[string]bool {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				InitContainers, Containers []struct {
					Name  string
					Ports []struct{ Name string }
				}
			}
		}
	}
	text := rig.Kubectl(t, "get", "pods", "-n", namespace, "--field-selector=status.phase=Running", "-o", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, pod := range list.Items {
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, port := range container.Ports {
				if port.Name == "metrics" || strings.HasSuffix(port.Name, "-metrics") {
					found[pod.Metadata.Name+" "+container.Name] = true
				}
			}
		}
	}
	return found
}

// collectsAll waits until every port that counts is a target, once, and answers.
func collectsAll(t *testing.T, p *prometheus) {
	jobs := map[string]int{}
	rig.Eventually(t, "every target is up", func() error {
		clear(jobs)
		wanted := countingPorts(t)
		var found struct {
			ActiveTargets []struct {
				Labels            map[string]string
				Health, LastError string
			}
		}
		if err := p.ask(t, "/api/v1/targets?state=active", &found); err != nil {
			return err
		}
		for _, one := range found.ActiveTargets {
			if one.Health != "up" {
				return fmt.Errorf("%s of %s is %s: %s", one.Labels["container"], one.Labels["pod"], one.Health, one.LastError)
			}
			jobs[one.Labels["job"]]++
			if one.Labels["namespace"] != namespace || one.Labels["job"] == "prometheus" {
				continue
			}
			where := one.Labels["pod"] + " " + one.Labels["container"]
			if !wanted[where] {
				return fmt.Errorf("%s is a target twice, or no port of a pod", where)
			}
			delete(wanted, where)
		}
		for where := range wanted {
			return fmt.Errorf("%s counts, and is no target", where)
		}
		return nil
	})
	var words []string
	for job, count := range jobs {
		words = append(words, fmt.Sprintf("%d of %s", count, job))
	}
	sort.Strings(words)
	rig.Count(t, "targets, all up: %s", strings.Join(words, ", "))
}

// hasItsRules waits until every alert of the release has been looked at, and none fires.
func hasItsRules(t *testing.T, p *prometheus) {
	var file struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	text := rig.Kubectl(t, "get", "configmap", "-n", namespace, release+"-rules", "-o", `jsonpath={.data.dapr-kit\.rules\.yaml}`)
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	wanted := 0
	for _, group := range file.Groups {
		wanted += len(group.Rules)
	}
	var firing []string
	rig.Eventually(t, "every rule is evaluated", func() error {
		firing = nil
		var found struct {
			Groups []struct {
				Rules []struct{ Name, Health, State, LastError string }
			}
		}
		if err := p.ask(t, "/api/v1/rules", &found); err != nil {
			return err
		}
		count := 0
		for _, group := range found.Groups {
			for _, rule := range group.Rules {
				if rule.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
				}
				if rule.State == "firing" {
					firing = append(firing, rule.Name)
				}
				count++
			}
		}
		if count != wanted || wanted == 0 {
			return fmt.Errorf("%d rules are loaded, the release has %d", count, wanted)
		}
		return nil
	})
	if len(firing) > 0 {
		t.Errorf("alerts fire though nothing is wrong: %v", firing)
	}
	rig.Count(t, "%d alerts are loaded and evaluated, %d fire", wanted, len(firing))
}

// tracesADocument waits until Jaeger has one trace of a document's way through all that it passes. Spans of what happened
// before a collector could be reached are gone, so it sends a document on its way every few seconds.
func tracesADocument(t *testing.T, p *prometheus, gateway *gateway) {
	var sent int
	var last time.Time
	wanted := []string{"gateway", "document", "compute", "dk-redis", "dk-kafka"}
	address := "http://" + release + "-jaeger." + namespace + ".svc.cluster.local:16686"
	rig.Eventually(t, "Jaeger has a trace of a document's whole way", func() error {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			sent++
			document := fmt.Sprintf(`{"id": "way-%d", "text": "a document on its way"}`, sent)
			if _, err := gateway.expect(t.Context(), 200, "POST", "/documents", document, "dk-tenant", "traced"); err != nil {
				return err
			}
		}
		got, err := e2e.AskJSON(t.Context(), p.client, "GET", address+"/api/traces?service=gateway&limit=200&lookback=1h", "")
		if err != nil {
			return err
		}
		var found struct {
			Data []struct {
				Spans     []struct{ ProcessID string }
				Processes map[string]struct{ ServiceName string }
			}
		}
		if err := json.Unmarshal([]byte(got.Body), &found); err != nil {
			return fmt.Errorf("%d %.300s: %w", got.Status, got.Body, err)
		}
		best := errors.New("no trace has come")
		for _, trace := range found.Data {
			passed := map[string]bool{}
			for _, process := range trace.Processes {
				passed[process.ServiceName] = true
			}
			missing := ""
			for _, service := range wanted {
				if !passed[service] {
					missing += " " + service
				}
			}
			if missing == "" {
				rig.Count(t, "a trace of %d spans passes %s", len(trace.Spans), strings.Join(wanted, ", "))
				return nil
			}
			best = fmt.Errorf("%d traces, none with all; the last lacks%s", len(found.Data), missing)
		}
		return best
	})
}
