// Package kwok installs the chart on a control plane that is real and nodes that are not: it shows what the API
// server, its admission and its controllers say of every object, and what Helm does with them. That programs work
// is shown elsewhere.
package kwok

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"dapr-kit.test/cluster/rig"
)

const release = "docs"

// forHelm3 are the combinations that the older Helm installs too: it applies on the client's side and orders kinds by
// a list of its own, which shows with Dapr's kinds and with the Operator's.
var forHelm3 = []string{"inline", "injected", "operator"}

// kinds is asked for once: every cycle lists them.
var kinds = struct {
	sync.Once
	inside, outside string
}{}

func listKinds(t *testing.T) (inside, outside string) {
	kinds.Do(func() { kinds.inside, kinds.outside = rig.Kinds(t, true), rig.Kinds(t, false) })
	return kinds.inside, kinds.outside
}

// level is the Pod Security level that a file of values is made for; the chart's own where it names none.
func level(t *testing.T, file string) string {
	t.Helper()
	for _, file := range []string{file, rig.Need(t, "CHART") + "/values.yaml"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var values struct {
			Global struct {
				PodSecurity string `yaml:"podSecurity"`
			}
		}
		if err := yaml.Unmarshal(content, &values); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if values.Global.PodSecurity != "" {
			return values.Global.PodSecurity
		}
	}
	t.Fatal("the chart has no value global.podSecurity")
	return ""
}

// What a namespace has of its own accord, and what Kubernetes and Helm make by themselves.
func isForeign(object rig.Object) bool {
	switch object.Kind {
	case "Event", "Lease", "PodMetrics":
		return true
	case "ServiceAccount":
		return object.Metadata.Name == "default"
	case "ConfigMap":
		return object.Metadata.Name == "kube-root-ca.crt"
	}
	return false
}

// left lists what of the release is there: all of its namespace, and what carries its name outside.
func left(t *testing.T, namespace string) ([]rig.Object, error) {
	inside, outside := listKinds(t)
	objects, err := rig.TryGet(inside, "-n", namespace)
	if err != nil {
		return nil, err
	}
	global, err := rig.TryGet(outside)
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, isForeign)
	for _, object := range global {
		if object.Metadata.Annotations["meta.helm.sh/release-namespace"] == namespace {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// mayStay tells what an uninstall leaves on purpose: generated secrets, and data.
func mayStay(object rig.Object) bool {
	return object.Metadata.Annotations["helm.sh/resource-policy"] == "keep" || object.Kind == "PersistentVolumeClaim"
}

// haveLabel says which object lacks a label, or has one that it should not have, of kinds that every release has.
func haveLabel(namespace, label, value string) error {
	objects, err := rig.TryGet("deployments,statefulsets,services,configmaps", "-n", namespace, "-l", "app.kubernetes.io/managed-by=Helm")
	if err == nil && len(objects) == 0 {
		err = fmt.Errorf("the release has no objects")
	}
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.Metadata.Labels[label] != value {
			return fmt.Errorf("%s has %s=%q and not %q", object.Name(), label, object.Metadata.Labels[label], value)
		}
	}
	return nil
}

// cycle is the life of a release: installed, used, changed, taken back, removed.
func cycle(t *testing.T, program, name, file string) {
	rig.Namespace(t, name, level(t, file))
	helm := rig.Release{Program: program, Name: release, Namespace: name, Values: []string{"-f", file}}

	if err := helm.Install(); err != nil {
		t.Fatal(err)
	}
	if err := rig.PodsAreReady(name); err != nil {
		t.Errorf("helm install --wait came back, and %v", err)
	}
	installed, err := left(t, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := helm.Test(); err != nil {
		t.Error(err)
	}
	if err := helm.Upgrade("--set", "global.commonLabels.turn=second"); err != nil {
		t.Fatal(err)
	}
	if err := haveLabel(name, "turn", "second"); err != nil {
		t.Errorf("upgrade: %v", err)
	}
	if err := helm.Rollback("1"); err != nil {
		t.Fatal(err)
	}
	if err := haveLabel(name, "turn", ""); err != nil {
		t.Errorf("rollback: %v", err)
	}
	if err := helm.Uninstall(); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "nothing is left", func() error {
		objects, err := left(t, name)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if !mayStay(object) {
				return fmt.Errorf("%s is still there", object.Name())
			}
		}
		return nil
	})
	rig.Count(t, "%s: %d objects, %d pods", t.Name(), len(installed), count(installed, "Pod"))
}

func count(objects []rig.Object, kind string) int {
	number := 0
	for _, object := range objects {
		if object.Kind == kind {
			number++
		}
	}
	return number
}

// withoutKinds holds Helm's view with a cluster that knows no kind but Kubernetes' own against its view without any
// cluster: the chart asks for what is missing in words, or does without.
func withoutKinds(t *testing.T, name, file string) (isRefused bool) {
	rig.Namespace(t, name, level(t, file))
	helm := rig.Release{Program: "helm", Name: release, Namespace: name, Values: []string{"-f", file}}

	_, refusal := helm.Template()
	err := helm.Install()

	if refusal != nil {
		if err == nil {
			t.Fatalf("installed, although the chart does not render: %v", refusal)
		}
		if !strings.Contains(err.Error(), "dapr.mode=inline") && !strings.Contains(err.Error(), "install it first") {
			t.Errorf("the refusal does not say what to do: %v", err)
		}
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := helm.Uninstall(); err != nil {
		t.Fatal(err)
	}
	return false
}

// Without and with the kinds of Dapr, KEDA, Prometheus Operator, Traefik and Gateway API, in this order: once a
// cluster knows them it does not forget.
func TestTheChart(t *testing.T) {
	combinations := rig.Combinations(t)
	names := make([]string, 0, len(combinations))
	for name := range combinations {
		names = append(names, name)
	}
	sort.Strings(names)

	t.Run("without others' kinds", func(t *testing.T) {
		var lock sync.Mutex
		refused, installed := 0, 0
		t.Run("all", func(t *testing.T) {
			for _, name := range names {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					isRefused := withoutKinds(t, "bare-"+name, combinations[name])
					lock.Lock()
					defer lock.Unlock()
					if isRefused {
						refused++
					} else {
						installed++
					}
				})
			}
		})
		rig.Count(t, "without others' kinds: %d installed, %d refused in words", installed, refused)
		if refused == 0 || installed == 0 {
			t.Errorf("%d refused and %d installed: one of the two ways was not shown", refused, installed)
		}
	})

	rig.Kubectl(t, "apply", "--server-side", "-f", rig.Need(t, "CRDS"))
	rig.Kubectl(t, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")

	for _, helm := range []struct {
		name, program string
		combinations  []string
	}{{"helm4", "helm", names}, {"helm3", rig.Need(t, "HELM3"), forHelm3}} {
		t.Run(helm.name, func(t *testing.T) {
			for _, name := range helm.combinations {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					cycle(t, helm.program, helm.name+"-"+name, combinations[name])
				})
			}
		})
	}
}

// The level of a namespace is enforced, so that the cycles above say something.
func TestAPrivilegedPodIsRefused(t *testing.T) {
	rig.Namespace(t, "refusal", "restricted")

	_, err := rig.RunWith(`
apiVersion: v1
kind: Pod
metadata: {name: bold, namespace: refusal}
spec:
  containers: [{name: bold, image: any, securityContext: {privileged: true}}]
`, "kubectl", "apply", "-f", "-")

	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity \"restricted") {
		t.Errorf("a privileged pod was not refused: %v", err)
	}
}
