package injector

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// Who sends spans to a receiver that asks who is there has the answer from a Secret, and nobody has it by an argument.
func TestSpansGoWithTheHeadersOfTheirReceiver(t *testing.T) {
	const otlp = "external.otlp.endpoint=traces.example:4317,external.otlp.existingSecret=traces-login,external.otlp.key=api"
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			all := render(t, append(slices.Clone(way.words), "--set", otlp)...)
			for _, pod := range all.pods {
				pod, err := inject(pod, all.components)
				if err != nil {
					t.Fatalf("%s: %v", pod.Name, err)
				}
				for _, container := range started(pod) {
					sends := strings.HasPrefix(container.Name, "dk-") || container.Name == "daprd"
					if got := headersOf(container); got != "" != sends || sends && got != "traces-login/api" {
						t.Errorf("%s: %s has its headers from '%s'", pod.Name, container.Name, got)
					}
					if strings.Contains(strings.Join(container.Args, " "), "--tracing.otlp") {
						t.Errorf("%s: %s sends spans without headers", pod.Name, container.Name)
					}
				}
			}
		})
	}
}

// headersOf names the Secret and the key that a container's headers come from.
func headersOf(container corev1.Container) string {
	for _, variable := range container.Env {
		if variable.Name == "OTEL_EXPORTER_OTLP_HEADERS" && variable.ValueFrom != nil {
			return variable.ValueFrom.SecretKeyRef.Name + "/" + variable.ValueFrom.SecretKeyRef.Key
		}
	}
	return ""
}
