package core

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"dapr-kit.test/chart/helm"
)

// routes has every kind of them.
var routes = []string{"--set", "dapr.mode=inline,gateway.ingress.enabled=true,gateway.ingressRoute.enabled=true,gateway.httpRoute.enabled=true," +
	"gateway.grpcRoute.enabled=true,gateway.parentRefs[0].name=web,dapr.skipPreflight=true"}

// What checks are worth: each of these takes one line of the chart away, or bends it, and some check must say so.
func TestAMutationIsSeen(t *testing.T) {
	for _, one := range []struct{ name, file, line, instead string }{
		{"label_for_policies", "templates/app/deployment.yaml", `.*has-daprd: "true"`, ""},
		{"port_of_metrics", "templates/app/deployment.yaml", `.*name: metrics, containerPort.*`, ""},
		{"port_of_a_route", "templates/gateway/httproute.yaml", `port: 80`, "port: 8080"},
		{"port_of_an_ingress", "templates/gateway/ingress.yaml", `port: \{name: web\}`, "port: {name: http}"},
		{"service_of_a_route", "templates/gateway/grpcroute.yaml", `(?m)backendRefs: .*$`, "backendRefs: [{name: docs-document, port: 81}]"},
		{"mount", "templates/gateway/workload.yaml", `.*name: tmp, mountPath.*`, ""},
		{"mount_of_the_data", "charts/kafka/templates/_kafka.tpl", `- \{name: data, .*`, ""},
		{"port_of_a_service", "charts/redis/templates/service.yaml", `targetPort: redis`, "targetPort: other"},
		{"secret_of_a_component", "templates/_sidecar.tpl", `.*include "dk.componentSecretEnv".*`, ""},
		{"restart_of_a_sidecar", "templates/_sidecar.tpl", `- restartPolicy: Always`, "-"},
		{"probe_of_a_server", "templates/_sidecar.tpl", `, \{\{ printf "--check-server[^}]*\}\}`, ""},
		{"probe_of_a_socket", "templates/_sidecar.tpl", `, --check,`, ","},
		{"peer_of_a_policy", "charts/redis/templates/networkpolicy.yaml", `uses-redis`, "uses-other"},
		{"annotation_of_a_mount", "templates/_sidecar.tpl", `.*dapr.io/volume-mounts-rw.*`, ""},
		{"socket_folder", "templates/_roles.tpl", `/tmp/dapr-components-sockets`, "/tmp/other"},
		{"capabilities", "charts/lib/templates/_pod.tpl", `capabilities: .*`, ""},
		{"seccomp", "charts/lib/templates/_pod.tpl", `seccompProfile: .*`, ""},
		{"port_of_daprd", "templates/_sidecar.tpl", `containerPort: 9090`, "containerPort: 9091"},
		{"metrics_port_taken_twice", "templates/_roles.tpl", `metricsPort: 9466`, "metricsPort: 9465"},
		{"account", "templates/app/serviceaccount.yaml", `(?s).*`, ""},
		{"part_of", "charts/lib/templates/_names.tpl", `app.kubernetes.io/part-of: .*`, ""},
	} {
		t.Run(one.name, func(t *testing.T) {
			chart := t.TempDir()
			if err := os.CopyFS(chart, os.DirFS(helm.Chart)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(chart, one.file)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bent := regexp.MustCompile(one.line).ReplaceAll(content, []byte(one.instead))
			if string(bent) == string(content) {
				t.Fatalf("%s has no '%s'", one.file, one.line)
			}
			if err := os.WriteFile(path, bent, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, words := range [][]string{{"--set", "dapr.mode=inline"}, {"--api-versions", hasDapr}, routes} {
				objects, err := helm.TemplateOf(t, chart, words...)
				if err != nil {
					return // Helm itself saw it
				}
				for _, check := range checks {
					if len(check.run(objects)) > 0 {
						return
					}
				}
			}
			t.Errorf("nobody sees that '%s' is gone from %s", one.line, one.file)
		})
	}
}
