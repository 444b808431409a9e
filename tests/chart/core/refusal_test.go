package core

import (
	"strings"
	"testing"

	"dapr-kit.test/chart/helm"
)

// What is refused, and the words that must be in the sentence that refuses it.
func TestWhatMakesNoSenseIsRefusedInWords(t *testing.T) {
	inline := "dapr.mode=inline"
	for _, one := range []struct{ name, values, words string }{
		{"no_dapr", "dapr.mode=injected", "dapr.mode is injected, and this cluster does not know Dapr: run 'helm install dapr"},
		{"unknown_value", inline + ",nonsense=1", "additional properties 'nonsense' not allowed"},
		{"unknown_value_of_a_subchart", inline + ",redis.nonsense=1", "additional properties 'nonsense' not allowed"},
		{"unknown_mode", "dapr.mode=sidecar", "value must be one of 'injected', 'inline', 'none'"},
		{"wrong_type", inline + ",app.roles.document.replicas=two", "got string, want integer"},
		{"both_redis", inline + ",external.redis.host=redis:6379", "redis.enabled is true and external.redis.host is 'redis:6379'"},
		{"neither_redis", inline + ",redis.enabled=false", "redis.enabled is false and external.redis.host is empty: set one of the two"},
		{"both_kafka", inline + ",external.kafka.bootstrapServers=kafka:9092", "kafka.enabled is true and external.kafka.bootstrapServers is"},
		{"neither_kafka", inline + ",kafka.enabled=false", "kafka.enabled is false and external.kafka.bootstrapServers is empty"},
		{"no_port", inline + ",redis.enabled=false,external.redis.host=redis", "external.redis.host: 'redis' is not host:port"},
		{"two_redis", inline + ",redis.replicas=2", "redis.replicas is 2: the bundled Redis has no replication"},
		{"two_kafka", inline + ",kafka.replicas=2", "kafka.replicas is 2: the bundled Kafka has no replication"},
		{"nobody_injects", inline + ",components.placement=injected,dapr.nativeSidecar=false", "with dapr.mode=inline nobody injects"},
		{"daprd_before_components", inline + ",components.placement=inPod", "set dapr.nativeSidecar=false with it"},
		{"no_endpoint", "dapr.mode=none,gateway.enabled=false", "app.sidecarEndpoint is empty"},
		{"endpoint_nobody_reads", inline + ",app.sidecarEndpoint=daprd:50001", "which only dapr.mode=none reads"},
		{"gateway_without_daprd", "dapr.mode=none,app.sidecarEndpoint=daprd:50001", "gateway.enabled is true and dapr.mode is none"},
		{"token_key_of_the_injector", "dapr.mode=injected,dapr.skipPreflight=true,dapr.apiToken.key=api", "dapr.apiToken.key is 'api': Dapr's injector reads the key 'token' only"},
		{"no_keda", inline + ",app.roles.compute.autoscaling.kind=keda", "this cluster does not know KEDA"},
		{"more_than_most", inline + ",app.roles.compute.autoscaling.minReplicas=9", "minReplicas is 9, more than maxReplicas, 6"},
		{"too_little_time", inline + ",app.terminationGracePeriodSeconds=15", "app.terminationGracePeriodSeconds is 15"},
		{"nobody_to_ask", inline + ",gateway.auth.kind=basic", "name gateway.auth.existingSecret too"},
		{"no_certificate", inline + ",gateway.tls.mode=existingSecret", "name gateway.tls.existingSecret too"},
		{"no_https", inline + ",gateway.tls.mode=none,gateway.tls.redirect=true", "there is no HTTPS to send callers to"},
		{"no_cert_manager", inline + ",gateway.tls.mode=certManager", "this cluster does not know cert-manager"},
		{"no_prometheus_operator", inline + ",prometheus.enabled=false,monitoring.prometheus.enabled=true", "this cluster does not know the Prometheus Operator: install it first"},
		{"no_parent", inline + ",gateway.httpRoute.enabled=true", "gateway.parentRefs is empty"},
		{"no_traefik_kinds", inline + ",gateway.ingressRoute.enabled=true", "this cluster does not know Traefik's kinds"},
		{"route_to_nowhere", inline + ",gateway.enabled=false,gateway.ingress.enabled=true", "a route to it is enabled"},
		{"password_without_user", inline + ",kafka.enabled=false,external.kafka.bootstrapServers=kafka:9092,external.kafka.authType=password", "name external.kafka.username and external.kafka.existingSecret too"},
		{"no_otlp_port", inline + ",external.otlp.endpoint=https://traces.example", "external.otlp.endpoint: 'https://traces.example' is not host:port"},
		{"headers_for_nobody", inline + ",external.otlp.existingSecret=login", "external.otlp.existingSecret is 'login' and external.otlp.endpoint is empty"},
		{"headers_instead_of_a_secret", inline + ",external.otlp.endpoint=traces:4317,external.otlp.existingSecret=api-key=abc", "the headers themselves belong into the Secret"},
		{"headers_without_a_key", inline + ",external.otlp.endpoint=traces:4317,external.otlp.existingSecret=login,external.otlp.key=", "name no key of a Secret"},
		{"mtls_without_tls", inline + ",kafka.enabled=false,external.kafka.bootstrapServers=kafka:9092,external.kafka.authType=mtls,external.kafka.tlsSecret=k,external.kafka.disableTls=true", "they exclude each other"},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, err := helm.Template(t, "--set", one.values)
			if err == nil {
				t.Fatalf("%s was taken", one.values)
			}
			if !strings.Contains(err.Error(), one.words) {
				t.Errorf("%s: '%s' is not in\n%v", one.values, one.words, err)
			}
		})
	}
}

func TestALongReleaseNameIsRefused(t *testing.T) {
	name := strings.Repeat("d", 37)

	_, err := helm.Run(t, "template", name, helm.Chart, "--set", "dapr.mode=inline")

	if err == nil || !strings.Contains(err.Error(), "has 37 characters") {
		t.Errorf("a name of 37 characters: %v", err)
	}
}
