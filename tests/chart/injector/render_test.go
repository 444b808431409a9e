package injector

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	"github.com/dapr/dapr/pkg/injector/patcher"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const namespace = "docs"

// rendered is what of the chart concerns pods.
type rendered struct {
	pods       []*corev1.Pod // one for each workload, named like it
	components []components.Component
}

// render asks Helm for the chart as on a cluster that has Dapr.
func render(t *testing.T, words ...string) rendered {
	t.Helper()
	chart := os.Getenv("CHART")
	if chart == "" {
		t.Fatal("CHART is not set; this test cannot run without it")
	}
	var output, complaint bytes.Buffer
	helm := exec.Command("helm", append([]string{"template", "docs", chart, "-n", namespace,
		"--api-versions", "dapr.io/v1alpha1/Component"}, words...)...)
	helm.Stdout, helm.Stderr = &output, &complaint
	if err := helm.Run(); err != nil {
		t.Fatalf("helm template %s: %v\n%s", strings.Join(words, " "), err, complaint.String())
	}
	var result rendered
	for _, document := range strings.Split(output.String(), "\n---\n") {
		if err := result.add(document); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
	}
	return result
}

func (r *rendered) add(document string) error {
	var head metav1.PartialObjectMetadata
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return err
	}
	var template corev1.PodTemplateSpec
	var err error
	switch head.Kind {
	case "Deployment":
		var object appsv1.Deployment
		err = yaml.UnmarshalStrict([]byte(document), &object)
		template = object.Spec.Template
	case "StatefulSet":
		var object appsv1.StatefulSet
		err = yaml.UnmarshalStrict([]byte(document), &object)
		template = object.Spec.Template
	case "DaemonSet":
		var object appsv1.DaemonSet
		err = yaml.UnmarshalStrict([]byte(document), &object)
		template = object.Spec.Template
	case "Job":
		var object batchv1.Job
		err = yaml.UnmarshalStrict([]byte(document), &object)
		template = object.Spec.Template
	case "Component":
		var object components.Component
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return err
		}
		r.components = append(r.components, object)
		return nil
	case "Pod":
		return fmt.Errorf("pod/%s: the injector passes over pods that nobody controls", head.Name)
	default:
		return nil
	}
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = strings.ToLower(head.Kind)+"/"+head.Name, namespace
	r.pods = append(r.pods, pod)
	return err
}

// inject does to a pod what Dapr's injector does, set up as the chart's README tells for a namespace that
// enforces the level restricted.
func inject(pod *corev1.Pod, all []components.Component) (*corev1.Pod, error) {
	user := int64(65532)
	sidecar := patcher.NewSidecarConfig(pod.DeepCopy())
	sidecar.GetInjectedComponentContainers = func(appID, _ string) ([]corev1.Container, error) {
		return patcher.Injectable(appID, all), nil
	}
	sidecar.Namespace = namespace
	sidecar.MTLSEnabled = true
	sidecar.Identity = namespace + ":" + pod.Spec.ServiceAccountName
	sidecar.OperatorAddress = "dapr-api.dapr-system.svc.cluster.local:443"
	sidecar.SentryAddress = "dapr-sentry.dapr-system.svc.cluster.local:443"
	sidecar.ControlPlaneNamespace = "dapr-system"
	sidecar.ControlPlaneTrustDomain = "cluster.local"
	sidecar.KubeClusterDomain = "cluster.local"
	sidecar.RunAsNonRoot, sidecar.RunAsUser, sidecar.RunAsGroup = true, &user, &user
	sidecar.ReadOnlyRootFilesystem = true
	sidecar.SidecarDropALLCapabilities = true
	sidecar.SidecarImage = "ghcr.io/dapr/daprd:1.18.2"
	sidecar.SetFromPodAnnotations()
	patch, err := sidecar.GetPatch()
	if err != nil || patch == nil {
		return pod, err
	}
	return patcher.PatchPod(pod, patch)
}
