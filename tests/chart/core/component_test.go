package core

import (
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/chart/helm"
	"gopkg.in/yaml.v3"
)

const hasDapr = "dapr.io/v1alpha1/Component"

// components of a render: of Dapr's kind, or of the files that an inline daprd reads.
func components(objects []helm.Object) (map[string]helm.Object, error) {
	found := map[string]helm.Object{}
	for _, object := range objects {
		if object["kind"] == "Component" {
			found[object.Text("metadata", "name")] = object
		}
		if object.Name() != "ConfigMap docs-dapr-resources" {
			continue
		}
		for file, text := range object.Map("data") {
			var component map[string]any
			if err := yaml.Unmarshal([]byte(text.(string)), &component); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			found[helm.Object(component).Text("metadata", "name")] = component
		}
	}
	return found, nil
}

// mustComponents is components, where nothing may go wrong.
func mustComponents(t *testing.T, words ...string) map[string]helm.Object {
	t.Helper()
	found, err := components(helm.Render(t, words...))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// properties of a component by name: its value, or where a secret comes from.
func properties(t *testing.T, component helm.Object) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, property := range component.List("spec", "metadata") {
		name := property.Text("name")
		if _, twice := found[name]; twice {
			t.Errorf("%s has %s twice", component.Name(), name)
		}
		switch {
		case property["value"] != nil:
			found[name] = property.Text("value")
		case property["envRef"] != nil:
			found[name] = "secret"
		case property["secretKeyRef"] != nil:
			found[name] = "secret"
		}
	}
	return found
}

func TestBothModesReadTheSameComponents(t *testing.T) {
	inline := mustComponents(t, "--set", "dapr.mode=inline")
	injected := mustComponents(t, "--api-versions", hasDapr)

	if len(inline) != 4 || len(injected) != len(inline) {
		t.Fatalf("%d components inline, %d injected; 4 are wanted", len(inline), len(injected))
	}
	for name, one := range inline {
		other := injected[name]
		if one.Text("spec", "type") != other.Text("spec", "type") {
			t.Errorf("%s is %s inline and %s injected", name, one.Text("spec", "type"), other.Text("spec", "type"))
		}
		left, right := properties(t, one), properties(t, other)
		for property, value := range left {
			if right[property] != value {
				t.Errorf("%s.%s is '%s' inline and '%s' injected", name, property, value, right[property])
			}
		}
		if len(left) != len(right) {
			t.Errorf("%s has %d properties inline and %d injected", name, len(left), len(right))
		}
	}
}

// A user's property stood beside ours, and a million was 1e+06.
func TestAUsersPropertyTakesThePlaceOfOurs(t *testing.T) {
	found := mustComponents(t, "--set", "dapr.mode=inline,components.statestore.metadata.redisHost=other:1",
		"--set", "components.pubsub.metadata.maxMessageBytes=2097152,components.pubsub.metadata.skipVerify=true")
	store, pubsub := found["statestore"], found["pubsub"]

	if got := properties(t, store)["redisHost"]; got != "other:1" {
		t.Errorf("redisHost is '%s'", got)
	}
	if got := properties(t, pubsub)["maxMessageBytes"]; got != "2097152" {
		t.Errorf("maxMessageBytes is '%s'", got)
	}
	if got := properties(t, pubsub)["skipVerify"]; got != "true" {
		t.Errorf("skipVerify is '%s'", got)
	}
}

// A Job cannot change: an upgrade that would change the one that makes topics failed.
func TestAnotherTopicsJobHasAnotherName(t *testing.T) {
	name := func(words ...string) string {
		for _, object := range helm.Render(t, append([]string{"--set", "dapr.mode=inline"}, words...)...) {
			if object["kind"] == "Job" && object.Text("metadata", "labels", "app.kubernetes.io/component") == "kafka-topics" {
				return object.Text("metadata", "name")
			}
		}
		t.Fatal("no Job makes topics")
		return ""
	}
	seen := map[string]string{name(): "nothing"}

	if again := name("--set", "dapr.mode=inline"); seen[again] == "" {
		t.Errorf("the same Job is called %s the second time", again)
	}
	for _, change := range []string{
		"kafka.partitions=7", "kafka.topics[0]=other", "kafka.image.tag=v9", "global.commonLabels.turn=second",
		"global.priorityClassName=high", "kafka.nodeSelector.disk=ssd", "global.compat.omitUids=true",
	} {
		made := name("--set", change)
		if other := seen[made]; other != "" {
			t.Errorf("%s leaves the Job its name %s, as %s did", change, made, other)
		}
		seen[made] = change
	}
}

// Who scales an application writes its replicas; two of them, or the chart too, would take turns.
func TestAnApplicationIsScaledByOne(t *testing.T) {
	hasKeda := []string{"--api-versions", "keda.sh/v1alpha1/ScaledObject"}
	for _, one := range []struct {
		kind   string
		words  []string
		scaler string
	}{
		{"none", hasKeda, ""}, {"hpa", hasKeda, "HorizontalPodAutoscaler"}, {"keda", hasKeda, "ScaledObject"},
		{"auto", hasKeda, "ScaledObject"}, {"auto", nil, "HorizontalPodAutoscaler"},
	} {
		var scalers []string
		writes := false
		objects := helm.Render(t, append([]string{"--set", "dapr.mode=inline,app.roles.compute.autoscaling.kind=" + one.kind}, one.words...)...)
		for _, object := range objects {
			switch object["kind"] {
			case "HorizontalPodAutoscaler", "ScaledObject":
				scalers = append(scalers, object["kind"].(string))
				if target := object.Text("spec", "scaleTargetRef", "name"); target != "docs-compute" {
					t.Errorf("%s scales %s", object.Name(), target)
				}
			}
			if object.Name() == "Deployment docs-compute" {
				writes = object.At("spec", "replicas") != nil
			}
		}
		if strings.Join(scalers, " ") != one.scaler || writes != (one.scaler == "") {
			t.Errorf("%s %v: scaled by %v, and the chart writes replicas: %v", one.kind, one.words, scalers, writes)
		}
	}
}
