package stack

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	span    = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"dk-test"}}]},
  "scopeSpans":[{"spans":[{"traceId":"` + traceID + `","spanId":"b7ad6b7169203331","name":"a call","kind":2,
  "startTimeUnixNano":"%d000000000","endTimeUnixNano":"%d000001000"}]}]}]}`
)

// onLoopback gives every listener of a configuration a free port of 127.0.0.1, and says which.
func onLoopback(t testing.TB, config string, listeners map[string]string) (string, map[string]int) {
	t.Helper()
	ports := map[string]int{}
	for name, address := range listeners {
		ports[name] = rig.FreePort(t)
		config = must(t, config, address, fmt.Sprintf("%q", loopback(ports[name])))
	}
	ports["metrics"] = rig.FreePort(t)
	config = must(t, config, "host: 0.0.0.0, port: 8888", fmt.Sprintf("host: 127.0.0.1, port: %d", ports["metrics"]))
	if strings.Contains(config, "0.0.0.0") {
		t.Fatalf("a listener was not expected here:\n%s", config)
	}
	return config, ports
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// firstContainer gives the first container of a workload.
func firstContainer(workload object) object {
	return workload["spec"].(object)["template"].(object)["spec"].(object)["containers"].([]any)[0].(object)
}

// probePath gives the path that the readiness probe asks.
func probePath(workload object) string {
	return firstContainer(workload)["readinessProbe"].(object)["httpGet"].(object)["path"].(string)
}

// environment gives the variables whose values are written in the workload.
func environment(t testing.TB, workload object) []string {
	t.Helper()
	var variables []string
	for _, one := range firstContainer(workload)["env"].([]any) {
		if value, ok := one.(object)["value"].(string); ok {
			variables = append(variables, one.(object)["name"].(string)+"="+value)
		}
	}
	return variables
}

func startJaeger(t testing.TB, config string, workload object) (*rig.Process, map[string]int) {
	t.Helper()
	config, ports := onLoopback(t, config, map[string]string{"health": `"0.0.0.0:13133"`, "query": `"0.0.0.0:16686"`,
		"queryGRPC": `"0.0.0.0:16685"`, "grpc": `"0.0.0.0:4317"`, "http": `"0.0.0.0:4318"`})
	jaeger := rig.StartTool(t, "jaeger", 0, environment(t, workload), rig.Need(t, jaegerVar), "--config="+write(t, "jaeger.yaml", config))
	jaeger.Ready(t, func() error {
		_, err := get("http://" + loopback(ports["health"]) + probePath(workload))
		return err
	})
	return jaeger, ports
}

func sendSpan(t testing.TB, port int) {
	t.Helper()
	second := time.Now().Unix() // a store looks for spans of the last days alone
	if _, err := ask(http.MethodPost, "http://"+loopback(port)+"/v1/traces", "application/json",
		[]byte(fmt.Sprintf(span, second, second))); err != nil {
		t.Fatal(err)
	}
}

func awaitTrace(t testing.TB, port int) {
	t.Helper()
	rig.Eventually(t, "the trace is found", func() error {
		var found struct {
			Data []struct {
				Spans     []struct{ OperationName string }
				Processes map[string]struct{ ServiceName string }
			}
		}
		if err := getJSON("http://"+loopback(port)+"/api/traces/"+traceID, &found); err != nil {
			return err
		}
		if len(found.Data) != 1 || len(found.Data[0].Spans) != 1 || found.Data[0].Spans[0].OperationName != "a call" ||
			found.Data[0].Processes["p1"].ServiceName != "dk-test" {
			return fmt.Errorf("Jaeger has %+v", found)
		}
		return nil
	})
}

func TestJaegerKeepsTracesInMemory(t *testing.T) {
	made := render(t, everything...)
	_, ports := startJaeger(t, made.text(t, "ConfigMap", "docs-jaeger", "config.yaml"), made.find(t, "StatefulSet", "docs-jaeger"))

	sendSpan(t, ports["http"])

	awaitTrace(t, ports["query"])
	var services struct{ Data []string }
	if err := getJSON("http://"+loopback(ports["query"])+"/api/services", &services); err != nil {
		t.Fatal(err)
	}
	if len(services.Data) != 1 || services.Data[0] != "dk-test" {
		t.Errorf("there are traces of %v; only dk-test has sent any", services.Data)
	}
	if text, err := get("http://" + loopback(ports["metrics"]) + "/metrics"); err != nil || len(text) == 0 {
		t.Errorf("metrics: %d bytes, %v", len(text), err)
	}
}

func TestJaegerKeepsTracesInBadgerOverARestart(t *testing.T) {
	made := render(t, append([]string{"--set", "jaeger.storage.kind=badger"}, everything...)...)
	set := made.find(t, "StatefulSet", "docs-jaeger")
	if set["spec"].(object)["volumeClaimTemplates"] == nil {
		t.Error("badger has no volume that outlives the pod")
	}
	config := must(t, made.text(t, "ConfigMap", "docs-jaeger", "config.yaml"), "/badger/", filepath.Join(t.TempDir(), "badger")+"/")
	jaeger, ports := startJaeger(t, config, set)
	sendSpan(t, ports["http"])
	awaitTrace(t, ports["query"])

	jaeger.Stop(t)
	_, ports = startJaeger(t, config, set)

	awaitTrace(t, ports["query"])
}

func TestCollectorBringsTracesToJaeger(t *testing.T) {
	made := render(t, everything...)
	_, jaeger := startJaeger(t, made.text(t, "ConfigMap", "docs-jaeger", "config.yaml"), made.find(t, "StatefulSet", "docs-jaeger"))
	config, ports := onLoopback(t, made.text(t, "ConfigMap", "docs-otel-collector", "config.yaml"), map[string]string{
		"health": `"0.0.0.0:13133"`, "grpc": `"0.0.0.0:4317"`, "http": `"0.0.0.0:4318"`})
	config = must(t, config, "docs-jaeger.docs.svc.cluster.local:4317", loopback(jaeger["grpc"]))
	collector := rig.StartTool(t, "otelcol", 0, nil, rig.Need(t, collectorVar), "--config="+write(t, "collector.yaml", config))
	collector.Ready(t, func() error {
		_, err := get("http://" + loopback(ports["health"]) + probePath(made.find(t, "Deployment", "docs-otel-collector")))
		return err
	})

	sendSpan(t, ports["http"])

	awaitTrace(t, jaeger["query"])
	rig.Eventually(t, "the collector counts the span", func() error {
		text, err := get("http://" + loopback(ports["metrics"]) + "/metrics")
		if err != nil {
			return err
		}
		for _, name := range []string{"otelcol_receiver_accepted_spans{", "otelcol_receiver_refused_spans{"} {
			if !strings.Contains(string(text), name) {
				return fmt.Errorf("there is no %s", strings.TrimSuffix(name, "{"))
			}
		}
		return nil
	})
}

// Where daprd and the programs send their spans, with each way of having a receiver.
func TestSpansGoToOneReceiver(t *testing.T) {
	for name, one := range map[string]struct {
		words []string
		want  string
	}{
		"Jaeger":    {[]string{"--set", "otel-collector.enabled=false"}, "docs-jaeger.docs.svc.cluster.local:4317"},
		"collector": {nil, "docs-otel-collector.docs.svc.cluster.local:4317"},
		"yours":     {[]string{"--set", "external.otlp.endpoint=otlp.example:4317"}, "otlp.example:4317"},
	} {
		t.Run(name, func(t *testing.T) {
			made := render(t, append(append([]string{}, everything...), one.words...)...)
			config := decode[struct {
				Spec struct {
					Tracing struct {
						Otel struct {
							EndpointAddress string `yaml:"endpointAddress"`
						}
					}
				}
			}](t, "Configuration", made.text(t, "ConfigMap", "docs-dapr", "config.yaml"))
			if got := config.Spec.Tracing.Otel.EndpointAddress; got != one.want {
				t.Errorf("daprd sends spans to '%s', not to '%s'", got, one.want)
			}
		})
	}
}
