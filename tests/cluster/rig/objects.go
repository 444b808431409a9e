package rig

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"
)

// Object is what of a cluster's object these tests look at.
type Object struct {
	Kind     string
	Metadata struct {
		Name              string
		Namespace         string
		Labels            map[string]string
		Annotations       map[string]string
		DeletionTimestamp string
		OwnerReferences   []struct{ Kind, Name string }
	}
	Status struct {
		Phase      string
		Conditions []struct{ Type, Status string }
		// Of pods.
		PodIP             string
		ContainerStatuses []ContainerStatus
		InitStatuses      []ContainerStatus `json:"initContainerStatuses"`
	}
}

// ContainerStatus is how one container of a pod is.
type ContainerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	ContainerID  string `json:"containerID"`
	Image        string
}

// Name is how kubectl calls it.
func (o Object) Name() string { return strings.ToLower(o.Kind) + "/" + o.Metadata.Name }

// Has says whether a condition holds.
func (o Object) Has(condition string) bool {
	for _, one := range o.Status.Conditions {
		if one.Type == condition {
			return one.Status == "True"
		}
	}
	return false
}

// Get lists objects: kinds as kubectl takes them, and further words.
func Get(t testing.TB, kinds string, args ...string) []Object {
	t.Helper()
	objects, err := TryGet(kinds, args...)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TryGet is Get for conditions, which may hold later.
func TryGet(kinds string, args ...string) ([]Object, error) {
	output, err := Run("kubectl", append([]string{"get", kinds, "-o", "json", "--ignore-not-found"}, args...)...)
	if err != nil || strings.TrimSpace(output) == "" {
		return nil, err
	}
	var list struct{ Items []Object }
	if err := json.Unmarshal([]byte(output), &list); err != nil {
		return nil, fmt.Errorf("kubectl get %s: %w", kinds, err)
	}
	return list.Items, nil
}

// Kinds are those that can be listed and made, inside of namespaces or outside, joined for kubectl.
func Kinds(t testing.TB, namespaced bool) string {
	t.Helper()
	output := Kubectl(t, "api-resources", "--verbs=list,create,delete", fmt.Sprintf("--namespaced=%v", namespaced), "-o", "name")
	var kinds []string
	for _, kind := range strings.Fields(output) {
		if !strings.HasPrefix(kind, "events") {
			kinds = append(kinds, kind)
		}
	}
	sort.Strings(kinds)
	return strings.Join(kinds, ",")
}

// PodsAreReady says which pod is not: those that live, without those that were to do one thing and did it.
func PodsAreReady(namespace string) error {
	pods, err := TryGet("pods", "-n", namespace)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if pod.Metadata.DeletionTimestamp != "" || pod.Status.Phase == "Succeeded" {
			continue
		}
		if !pod.Has("Ready") {
			return fmt.Errorf("%s is %s and not ready", pod.Name(), pod.Status.Phase)
		}
	}
	return nil
}

// Explain shows what a namespace complains of, for the log of a test that failed.
func Explain(t testing.TB, namespace string) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, words := range [][]string{
			{"get", "pods", "-n", namespace, "-o", "wide"},
			{"get", "events", "-n", namespace, "--field-selector=type=Warning", "--sort-by=.lastTimestamp"},
		} {
			output, _ := Run("kubectl", words...)
			t.Logf("kubectl %s\n%s", strings.Join(words, " "), output)
		}
	})
}
