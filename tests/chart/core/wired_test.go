package core

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/chart/helm"
	"dapr-kit.test/e2e/rig"
)

var client = http.Client{Timeout: 10 * time.Second}

// call answers the body; a status from 400 on is an error that begins with it.
func call(method, url, token, body string) (string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("dapr-api-token", token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("%d: %s", answer.StatusCode, text)
	}
	return string(text), err
}

// startRedis runs the rendered Redis: its script, its configuration, its password.
func startRedis(t *testing.T, objects []helm.Object, port int) {
	t.Helper()
	p := &pod{t: t, name: "redis", objects: objects}
	folder := rig.SocketFolder(t)
	configuration := p.object("ConfigMap", "docs-redis").Text("data", "redis.conf")
	for old, new := range map[string]string{"port 6379": fmt.Sprintf("port %d\nbind 127.0.0.1", port), "dir /data": "dir " + folder} {
		if !strings.Contains(configuration, old) {
			t.Fatalf("redis.conf has no '%s':\n%s", old, configuration)
		}
		configuration = strings.Replace(configuration, old, new, 1)
	}
	container := p.object("StatefulSet", "docs-redis").Pod().Containers()[0]
	secret := p.environment(helm.Object{"env": []any{map[string]any{"name": "P", "valueFrom": map[string]any{
		"secretKeyRef": map[string]any{"name": "docs-redis", "key": "password"}}}}})
	password := strings.TrimPrefix(secret[len(secret)-1], "P=")
	for name, text := range map[string]string{"redis.conf": configuration, "password": password} {
		if err := os.WriteFile(folder+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var words []string
	for _, list := range []string{"command", "args"} {
		for _, word := range container.At(list).([]any) {
			words = append(words, strings.ReplaceAll(word.(string), "/etc/dapr-kit", folder))
		}
	}
	process := rig.StartTool(t, "redis", 0, []string{"PASSWORD_FILE=" + folder + "/password"}, "/bin/sh", words[1:]...)
	process.WaitForLog(t, "Ready to accept connections")
}

// Everything that Helm renders for the inline mode, started as processes in the order of a pod: Components,
// Configuration, arguments, environment, Secrets, probes, and the script of helm test.
func TestRenderedPodsWorkTogether(t *testing.T) {
	document, compute, gateway, test := newPod(t, "document"), newPod(t, "compute"), newPod(t, "gateway"), newPod(t, "test")
	redis, broker := rig.FreePort(t), rig.StartDevbroker(t, "documents", "documents.dead", "compute.results", "ingest", "export")
	values := fmt.Sprintf("dapr.mode=inline,dapr.config.nameResolution.component=static,"+
		"dapr.config.nameResolution.configuration.document=%s,dapr.config.nameResolution.configuration.compute=%s,"+
		"components.statestore.metadata.redisHost=127.0.0.1:%d,components.pubsub.metadata.brokers=%s,"+
		"components.ingest.metadata.brokers=%[4]s,components.export.metadata.brokers=%[4]s",
		document.address("50002"), compute.address("50002"), redis, broker)
	objects := helm.Render(t, "--set", "jaeger.enabled=false", "--set-string", values)
	startRedis(t, objects, redis)
	document.start(objects, "docs-document")
	compute.start(objects, "docs-compute")
	gateway.start(objects, "docs-gateway")
	document.ready("docs-document")
	compute.ready("docs-compute")
	gateway.ready("docs-gateway")
	token := document.environment(helm.Object{"env": []any{map[string]any{"name": "T", "valueFrom": map[string]any{
		"secretKeyRef": map[string]any{"name": "docs-api-token", "key": "token"}}}}})[1][len("T="):]
	api := "http://" + gateway.address("3500") + "/v1.0"
	documents := api + "/invoke/document/method/documents"

	t.Run("a_document_gets_its_language", func(t *testing.T) {
		if _, err := call("POST", documents, token, `{"id":"hello","text":"The quick brown fox jumps over the lazy dog."}`); err != nil {
			t.Fatal(err)
		}
		rig.Eventually(t, "the document has its language", func() error {
			text, err := call("GET", documents+"/hello", token, "")
			var made struct {
				Annotations struct{ Language struct{ Code string } }
			}
			if err == nil {
				err = json.Unmarshal([]byte(text), &made)
			}
			if err == nil && made.Annotations.Language.Code != "en" {
				err = fmt.Errorf("it is %s", text)
			}
			return err
		})
	})
	t.Run("daprd_asks_for_the_token", func(t *testing.T) {
		if _, err := call("GET", documents+"/hello", "", ""); err == nil || !strings.HasPrefix(err.Error(), "401") {
			t.Errorf("a call without the token: %v", err)
		}
	})
	t.Run("the_gateway_reaches_no_component", func(t *testing.T) {
		for _, path := range []string{"/state/statestore/hello", "/metadata"} {
			if _, err := call("GET", api+path, token, ""); err == nil || !strings.HasPrefix(err.Error(), "404") {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
	t.Run("the_script_of_helm_test_is_content", func(t *testing.T) {
		test.start(objects, "docs-test-state")
		script := exec.Command("bash", helm.Chart+"/files/tests/state.sh")
		script.Env = append(os.Environ(), "DAPR_API_TOKEN="+token, fmt.Sprint("DAPR_HTTP_PORT=", test.ports["3500"]))
		if output, err := script.CombinedOutput(); err != nil {
			t.Errorf("state.sh: %v\n%s", err, output)
		}
	})
}
