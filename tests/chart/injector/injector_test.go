// Package injector does to the chart's pods, without a cluster, what Dapr's injector would do, with the injector's
// own code, and judges the outcome: by what daprd needs, and by the evaluators of Pod Security.
package injector

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// ways are how daprd and components come into a pod.
var ways = []struct {
	name    string
	words   []string
	inOrder bool // daprd starts when the components answer
}{
	{"injected, native sidecars", []string{"--set", "dapr.mode=injected"}, true},
	{"injected, daprd as an ordinary container", []string{"--set", "dapr.mode=injected", "--set", "dapr.nativeSidecar=false"}, true},
	{"injected, components beside it", []string{"--set", "dapr.mode=injected,components.placement=inPod,dapr.nativeSidecar=false"}, false},
	{"injected, components too", []string{"--set", "dapr.mode=injected,components.placement=injected,dapr.nativeSidecar=false"}, false},
	{"inline, native sidecars", []string{"--set", "dapr.mode=inline"}, true},
	{"inline, daprd as an ordinary container", []string{"--set", "dapr.mode=inline", "--set", "dapr.nativeSidecar=false"}, true},
}

// applications are the pods that have components.
func applications(t *testing.T, all rendered) []*corev1.Pod {
	t.Helper()
	var pods []*corev1.Pod
	for _, pod := range all.pods {
		if strings.HasSuffix(pod.Name, "docs-document") || strings.HasSuffix(pod.Name, "docs-compute") {
			pod, err := inject(pod, all.components)
			if err != nil {
				t.Fatalf("%s: %v", pod.Name, err)
			}
			pods = append(pods, pod)
		}
	}
	if len(pods) != 2 {
		t.Fatalf("%d applications, and not document and compute", len(pods))
	}
	return pods
}

func TestDaprdFindsTheComponents(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			for _, pod := range applications(t, render(t, way.words...)) {
				if err := checkWiring(pod); err != nil {
					t.Errorf("%s: %v", pod.Name, err)
				}
				if err := checkOrder(pod); (err == nil) != way.inOrder {
					t.Errorf("%s: in order: %v, wanted %v", pod.Name, err, way.inOrder)
				}
			}
		})
	}
}

func TestEveryPodOfEveryCombinationIsSound(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(os.Getenv("CHART"), "ci", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the chart has no ci/*.yaml: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			judgeAll(t, render(t, append(kindsOf(t, file), "-f", file)...), levelOf(t, file))
		})
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) { judgeAll(t, render(t, way.words...), api.LevelRestricted) })
	}
}

func judgeAll(t *testing.T, all rendered, level api.Level) {
	t.Helper()
	for _, pod := range all.pods {
		pod, err := inject(pod, all.components)
		if err != nil {
			t.Errorf("%s: %v", pod.Name, err)
			continue
		}
		if err := checkPorts(pod); err != nil {
			t.Errorf("%s: %v", pod.Name, err)
		}
		for _, refusal := range refusals(t, pod, level) {
			t.Errorf("%s: a namespace that enforces %s refuses it: %s", pod.Name, level, refusal)
		}
	}
}

// refusals are what Pod Security admission would say.
func refusals(t *testing.T, pod *corev1.Pod, level api.Level) []string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	var refusals []string
	for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			refusals = append(refusals, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return refusals
}

// kindsOf is what a file of values says its cluster knows: a first line `# api: group/version/Kind …`.
func kindsOf(t *testing.T, file string) (words []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if kinds, isThere := strings.CutPrefix(first, "# api:"); isThere {
		for _, kind := range strings.Fields(kinds) {
			words = append(words, "--api-versions", kind)
		}
	}
	return words
}

// levelOf is what a file of values says its namespace enforces.
func levelOf(t *testing.T, file string) api.Level {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Global struct{ PodSecurity string }
	}
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if values.Global.PodSecurity == "" {
		return api.LevelRestricted // the chart's own default
	}
	level, err := api.ParseLevel(values.Global.PodSecurity)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return level
}

// Each of these breaks a pod that is sound, and the judges above see it.
func TestABrokenPodIsNotSound(t *testing.T) {
	all := render(t, ways[0].words...)
	for _, mutation := range []struct {
		name  string
		spoil func(pod *corev1.Pod)
		judge func(pod *corev1.Pod) error
	}{
		{"without the annotation that mounts the sockets", func(pod *corev1.Pod) {
			delete(pod.Annotations, "dapr.io/volume-mounts-rw")
		}, checkWiring},
		{"without the annotation that asks for daprd", func(pod *corev1.Pod) {
			delete(pod.Annotations, "dapr.io/enabled")
		}, checkWiring},
		{"with a component that mounts no sockets", func(pod *corev1.Pod) {
			pod.Spec.InitContainers[0].VolumeMounts = nil
		}, checkWiring},
		{"with sockets on another volume", func(pod *corev1.Pod) {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "other",
				VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
			pod.Spec.InitContainers[0].VolumeMounts[0].Name = "other"
		}, checkWiring},
		{"without metrics", func(pod *corev1.Pod) { pod.Annotations["dapr.io/enable-metrics"] = "false" }, checkWiring},
		{"with a component that nobody waits for", func(pod *corev1.Pod) {
			pod.Spec.InitContainers[0].StartupProbe = nil
		}, checkOrder},
		{"with a component beside daprd", func(pod *corev1.Pod) {
			pod.Spec.Containers = append(pod.Spec.Containers, pod.Spec.InitContainers[0])
			pod.Spec.InitContainers = pod.Spec.InitContainers[1:]
		}, checkOrder},
		{"with the application on daprd's port", func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports[0].ContainerPort = 50001
		}, checkPorts},
		{"with two components on one port", func(pod *corev1.Pod) {
			pod.Spec.InitContainers[1].Ports[0].ContainerPort = pod.Spec.InitContainers[0].Ports[0].ContainerPort
		}, checkPorts},
		{"with privileges to gain", func(pod *corev1.Pod) {
			pod.Spec.InitContainers[0].SecurityContext.AllowPrivilegeEscalation = nil
		}, refused(t)},
		{"with capabilities", func(pod *corev1.Pod) {
			pod.Spec.Containers[0].SecurityContext.Capabilities = nil
		}, refused(t)},
		{"without a seccomp profile", func(pod *corev1.Pod) {
			pod.Spec.SecurityContext.SeccompProfile = nil
			for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
				for index := range containers {
					containers[index].SecurityContext.SeccompProfile = nil
				}
			}
		}, refused(t)},
	} {
		t.Run(mutation.name, func(t *testing.T) {
			var pod *corev1.Pod
			for _, one := range all.pods {
				if strings.HasSuffix(one.Name, "docs-document") {
					pod = one.DeepCopy()
				}
			}
			whole, err := inject(pod, all.components)
			if err != nil {
				t.Fatal(err)
			}
			mutation.spoil(pod)
			broken, err := inject(pod, all.components)
			if err != nil {
				t.Fatal(err)
			}

			if err := mutation.judge(whole); err != nil {
				t.Fatalf("the pod is not sound to begin with: %v", err)
			}
			if mutation.judge(broken) == nil {
				t.Error("nobody saw it")
			}
		})
	}
}

func refused(t *testing.T) func(*corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		if found := refusals(t, pod, api.LevelRestricted); len(found) > 0 {
			return errors.New(strings.Join(found, "; "))
		}
		return nil
	}
}
