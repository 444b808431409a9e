package stack

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"gopkg.in/yaml.v3"
)

// target is a port of a pod as Kubernetes' discovery describes it, and what Prometheus makes of it.
type target struct {
	pod, container, port, number string
	labels                       map[string]string // of the pod
	job                          string            // that keeps it; empty: nobody
	want                         map[string]string
}

func podTargets() []target {
	ours := func(component string, more ...string) map[string]string {
		labels := map[string]string{"app.kubernetes.io/instance": "docs", "app.kubernetes.io/part-of": "dapr-kit",
			"app.kubernetes.io/component": component}
		for i := 0; i < len(more); i += 2 {
			labels[more[i]] = more[i+1]
		}
		return labels
	}
	document := ours("document", "dapr.io/metrics-enabled", "true", "dapr.io/app-id", "document")
	control := map[string]string{"app.kubernetes.io/part-of": "dapr", "app": "dapr-sentry"}
	other := map[string]string{"app.kubernetes.io/instance": "other", "app.kubernetes.io/part-of": "dapr-kit"}
	return []target{
		{"document-0", "daprd", "dapr-metrics", "9090", document, "dapr-sidecar",
			map[string]string{"app_id": "document", "service": "document-dapr", "container": "daprd", "pod": "document-0", "namespace": "docs"}},
		{"document-0", "dk-document", "metrics", "9464", document, "dapr-kit",
			map[string]string{"role": "document", "container": "dk-document", "pod": "document-0", "namespace": "docs"}},
		{"document-0", "dk-redis", "redis-metrics", "9465", document, "dapr-kit",
			map[string]string{"role": "document", "container": "dk-redis", "pod": "document-0", "namespace": "docs"}},
		{"document-0", "dk-kafka", "kafka-metrics", "9466", document, "dapr-kit",
			map[string]string{"role": "document", "container": "dk-kafka", "pod": "document-0", "namespace": "docs"}},
		{"docs-redis-0", "exporter", "metrics", "9121", ours("redis"), "dapr-kit",
			map[string]string{"role": "redis", "container": "exporter", "pod": "docs-redis-0", "namespace": "docs"}},
		{"docs-redis-0", "redis", "redis", "6379", ours("redis"), "", nil},
		{"document-0", "daprd", "dapr-http", "3500", document, "", nil},
		{"other-0", "dk-document", "metrics", "9464", other, "", nil},
		{"sentry-0", "sentry", "metrics", "9090", control, "dapr-control-plane",
			map[string]string{"app": "dapr-sentry", "container": "sentry", "pod": "sentry-0", "namespace": "docs"}},
	}
}

// asDiscovered is the target as __meta_ labels.
func (one target) asDiscovered(address, phase string) object {
	labels := map[string]string{"__meta_kubernetes_namespace": "docs", "__meta_kubernetes_pod_name": one.pod,
		"__meta_kubernetes_pod_container_name": one.container, "__meta_kubernetes_pod_container_port_name": one.port,
		"__meta_kubernetes_pod_container_port_number": one.number, "__meta_kubernetes_pod_phase": phase}
	for name, value := range one.labels {
		labels["__meta_kubernetes_pod_label_"+strings.NewReplacer(".", "_", "/", "_", "-", "_").Replace(name)] = value
	}
	return object{"targets": []string{address}, "labels": labels}
}

// Debian's Prometheus is built without Kubernetes' discovery: what it would find is put in its place, label for label, and
// everything else of the rendered configuration stays.
func TestPrometheusFindsWhatCounts(t *testing.T) {
	made := render(t, append([]string{"--set", "prometheus.controlPlane.enabled=true"}, everything...)...)
	config := decode[object](t, "prometheus.yml", made.text(t, "ConfigMap", "docs-prometheus", "prometheus.yml"))
	address := serveMetrics(t)
	for _, one := range config["scrape_configs"].([]any) {
		job := one.(object)
		discovery, ok := job["kubernetes_sd_configs"].([]any)
		if !ok {
			job["static_configs"] = []any{}
			continue
		}
		checkDiscovery(t, job["job_name"].(string), discovery)
		delete(job, "kubernetes_sd_configs")
		var pods []object
		for _, pod := range podTargets() {
			pods = append(pods, pod.asDiscovered(address, "Running"))
		}
		ended := podTargets()[1]
		ended.pod = "ended-0"
		job["static_configs"] = append(pods, ended.asDiscovered(address, "Succeeded"))
	}
	config["rule_files"] = []string{write(t, "dapr-kit.rules.yaml", made.text(t, "ConfigMap", "docs-rules", "dapr-kit.rules.yaml"))}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "prometheus.yml", string(text))
	run(t, rig.Need(t, promtoolVar), "check", "config", file)
	port := rig.FreePort(t)
	prometheus := rig.StartTool(t, "prometheus", 0, nil, rig.Need(t, prometheusVar), "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"), "--web.listen-address="+loopback(port), "--web.enable-lifecycle")
	prometheus.Ready(t, func() error {
		_, err := get("http://" + loopback(port) + "/-/ready")
		return err
	})

	found := activeTargets(t, port)

	want := map[string]map[string]string{}
	for _, one := range podTargets() {
		if one.job != "" {
			one.want["job"] = one.job
			want[one.job+" "+one.pod+" "+one.container] = one.want
		}
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("targets are\n%v\nand should be\n%v", found, want)
	}
	var groups struct {
		Data struct{ Groups []struct{ Rules []any } }
	}
	if err := getJSON("http://"+loopback(port)+"/api/v1/rules", &groups); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, group := range groups.Data.Groups {
		count += len(group.Rules)
	}
	if _, all := rules(t); count != len(all) {
		t.Errorf("Prometheus has %d rules of %d", count, len(all))
	}
}

// checkDiscovery is about the part that Debian's Prometheus cannot read.
func checkDiscovery(t *testing.T, job string, discovery []any) {
	want := "docs"
	if job == "dapr-control-plane" {
		want = "dapr-system"
	}
	if !reflect.DeepEqual(discovery, []any{object{"role": "pod", "namespaces": object{"names": []any{want}}}}) {
		t.Errorf("%s: discovers by %v, not the pods of namespace %s alone", job, discovery, want)
	}
}

func activeTargets(t *testing.T, port int) map[string]map[string]string {
	found := map[string]map[string]string{}
	rig.Eventually(t, "targets are known", func() error {
		clear(found)
		var answer struct {
			Data struct {
				ActiveTargets []struct{ Labels map[string]string }
			}
		}
		if err := getJSON("http://"+loopback(port)+"/api/v1/targets?state=active", &answer); err != nil {
			return err
		}
		for _, one := range answer.Data.ActiveTargets {
			labels := one.Labels
			delete(labels, "instance")
			found[labels["job"]+" "+labels["pod"]+" "+labels["container"]] = labels
		}
		if len(found) == 0 {
			return fmt.Errorf("there are none yet")
		}
		return nil
	})
	return found
}

// serveMetrics answers for every target, and gives the address at which.
func serveMetrics(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintln(w, "test_up 1")
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

func TestAlertmanagerTakesItsConfiguration(t *testing.T) {
	made := render(t, everything...)
	run(t, rig.Need(t, amtoolVar), "check-config",
		write(t, "alertmanager.yaml", made.text(t, "Secret", "docs-alertmanager", "alertmanager.yaml")))
	targets := decode[struct {
		Alerting struct {
			Alertmanagers []struct {
				StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
			}
		}
	}](t, "prometheus.yml", made.text(t, "ConfigMap", "docs-prometheus", "prometheus.yml")).Alerting.Alertmanagers
	if got := targets[0].StaticConfigs[0].Targets; !reflect.DeepEqual(got, []string{"docs-alertmanager.docs.svc.cluster.local:9093"}) {
		t.Errorf("Prometheus tells %v", got)
	}
	made.find(t, "Service", "docs-alertmanager")
}

// With the Operator the same targets come by PodMonitors: the same ports, and no pod by two of them.
func TestMonitorsAndScrapeConfigurationAskTheSamePorts(t *testing.T) {
	words := append([]string{"--api-versions", "monitoring.coreos.com/v1/PodMonitor"}, everything...)
	made := render(t, words...)
	ports := map[string][]string{}
	for _, name := range []string{"docs-dapr-sidecar", "docs-programs"} {
		for _, endpoint := range made.find(t, "PodMonitor", name)["spec"].(object)["podMetricsEndpoints"].([]any) {
			ports[name] = append(ports[name], endpoint.(object)["port"].(string))
		}
	}
	want := map[string][]string{"docs-dapr-sidecar": {"dapr-metrics"}, "docs-programs": {"metrics", "redis-metrics", "kafka-metrics"}}
	if !reflect.DeepEqual(ports, want) {
		t.Errorf("monitors ask %v, not %v", ports, want)
	}
}

// A Prometheus of one's own: Grafana asks it with the password it was given, and its NetworkPolicies let it.
func TestGrafanaAsksAForeignPrometheus(t *testing.T) {
	made := render(t, "--set", "dapr.mode=inline,prometheus.enabled=false,external.prometheus.url=https://prometheus.example,"+
		"external.prometheus.credsSecret=login,grafana.credentialSecrets={login}")
	source := decode[struct{ Datasources []object }](t, "datasources",
		made.text(t, "ConfigMap", "docs-datasources", "datasources.yaml")).Datasources[0]
	if source["url"] != "https://prometheus.example" || source["basicAuthUser"] != "$__file{/etc/grafana/credentials/login/username}" {
		t.Errorf("the data source is %v", source)
	}
	mounts := firstContainer(made.find(t, "StatefulSet", "docs-grafana"))["volumeMounts"].([]any)
	if !reflect.DeepEqual(mounts[len(mounts)-1], any(object{"name": "credential-login", "mountPath": "/etc/grafana/credentials/login", "readOnly": true})) {
		t.Errorf("the password is not mounted: %v", mounts)
	}
	egress := made.find(t, "NetworkPolicy", "docs-grafana-prometheus")["spec"].(object)["egress"]
	if !reflect.DeepEqual(egress, any([]any{object{"ports": []any{object{"protocol": "TCP", "port": 443}}}})) {
		t.Errorf("Grafana may reach %v", egress)
	}
}
