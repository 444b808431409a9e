package core

import (
	"slices"
	"testing"

	"dapr-kit.test/chart/helm"
	"gopkg.in/yaml.v3"
)

const hasDapr = "dapr.io/v1alpha1/Component"

// components of a render: of Dapr's kind, or of the files that an inline daprd reads.
func components(t *testing.T, objects []helm.Object) map[string]helm.Object {
	t.Helper()
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
				t.Fatalf("%s: %v", file, err)
			}
			found[helm.Object(component).Text("metadata", "name")] = component
		}
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
	inline := components(t, helm.Render(t, "--set", "dapr.mode=inline"))
	injected := components(t, helm.Render(t, "--api-versions", hasDapr))

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
	objects := helm.Render(t, "--set", "dapr.mode=inline,components.statestore.metadata.redisHost=other:1",
		"--set", "components.pubsub.metadata.maxMessageBytes=2097152,components.pubsub.metadata.skipVerify=true")
	store, pubsub := components(t, objects)["statestore"], components(t, objects)["pubsub"]

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

// A secret that a component reads from the environment is in its daprd's.
func TestAnInlineDaprdHasTheSecretsOfItsComponents(t *testing.T) {
	for _, words := range [][]string{{"--set", "dapr.mode=inline"}, {"-f", helm.Chart + "/ci/external-mtls.yaml"}} {
		objects := helm.Render(t, words...)
		var wanted []string
		for _, component := range components(t, objects) {
			for _, property := range component.List("spec", "metadata") {
				if name := property.Text("envRef"); name != "" {
					wanted = append(wanted, name)
				}
			}
		}
		if len(wanted) == 0 {
			t.Fatalf("%v: no component reads a secret", words)
		}
		for _, workload := range pods(objects) {
			for _, container := range workload.Pod().Containers() {
				args, _ := container.At("args").([]any)
				if container.Text("name") != "daprd" || !slices.Contains(args, any("--resources-path=/etc/dapr/resources")) {
					continue
				}
				for _, name := range wanted {
					if !slices.ContainsFunc(container.List("env"), func(v helm.Object) bool {
						return v.Text("name") == name && v.Text("valueFrom", "secretKeyRef", "name") != ""
					}) {
						t.Errorf("%s: daprd has no %s", workload.Name(), name)
					}
				}
			}
		}
	}
}

// daprd looks for sockets once: components must answer before it starts, and be there after the application ended.
func TestSidecarsStartInOrder(t *testing.T) {
	for _, workload := range pods(helm.Render(t, "--set", "dapr.mode=inline")) {
		role := workload.Text("metadata", "labels", "app.kubernetes.io/component")
		if role != "document" && role != "compute" {
			continue
		}
		var order []string
		for _, container := range workload.Pod().List("spec", "initContainers") {
			order = append(order, container.Text("name"))
			if container["restartPolicy"] != "Always" {
				t.Errorf("%s: %s is no sidecar", role, container["name"])
			}
			command, _ := container.At("startupProbe", "exec", "command").([]any)
			if container.Text("name") != "daprd" && !slices.Contains(command, any("--check")) {
				t.Errorf("%s: nothing waits for the socket of %s", role, container["name"])
			}
		}
		if !slices.Equal(order, []string{"dk-redis", "dk-kafka", "daprd"}) {
			t.Errorf("%s: sidecars start as %v", role, order)
		}
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

	if again := name(); seen[again] == "" {
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
