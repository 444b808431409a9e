// Package node uses the chart as its users do, on a cluster that runs pods: installed, called through the gateway. Its tests are one story of one release, told in order.
package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/cluster/rig"
)

const (
	release   = "docs"
	namespace = "docs"
)

// setUp is how this run of the suite has Dapr: VALUES names the values.
func setUp(t *testing.T) rig.Release {
	t.Helper()
	values := []string{"-f", rig.Need(t, "VALUES")}
	return rig.Release{Program: "helm", Name: release, Namespace: namespace, Values: values}
}

func TestARelease(t *testing.T) {
	helm := setUp(t)
	rig.Namespace(t, namespace, "restricted")
	explainPods(t)
	gateway := newGateway(namespace)
	step := func(name string, test func(t *testing.T)) {
		started := time.Now()
		if !t.Run(name, test) {
			t.Fatalf("'%s' failed; what follows would say nothing", name)
		}
		rig.Count(t, "%s: %.0f s", name, time.Since(started).Seconds())
	}

	step("is installed, and every pod is ready", func(t *testing.T) {
		if err := helm.Install(); err != nil {
			t.Fatal(err)
		}
		// Helm does not wait for the Job that makes the topics, which tries again until the broker is there.
		rig.Eventually(t, "every pod is ready or done", func() error { return rig.PodsAreReady(namespace) })
		rig.Count(t, "%s", table(t))
	})
	step("takes a document through the gateway, and finds words in it", func(t *testing.T) {
		takesADocument(t, gateway)
	})
	step("is uninstalled", func(t *testing.T) {
		if err := helm.Uninstall(); err != nil {
			t.Fatal(err)
		}
		rig.Eventually(t, "no pod is left", func() error {
			pods, err := rig.TryGet("pods", "-n", namespace)
			if err == nil && len(pods) > 0 {
				err = fmt.Errorf("%s is there", pods[0].Name())
			}
			return err
		})
	})
}

// takesADocument follows one document along its way: through the gateway into Redis, and by Kafka to the compute
// service and back.
func takesADocument(t *testing.T, gateway *gateway) {
	rig.Eventually(t, "the gateway answers", func() error {
		_, err := gateway.expect(t.Context(), 200, "GET", "/documents", "")
		return err
	})
	const text = `{"id": "first", "text": "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."}`
	if _, err := gateway.expect(t.Context(), 200, "POST", "/documents", text, "dk-tenant", "first"); err != nil {
		t.Fatal(err)
	}
	keys := rig.Kubectl(t, "exec", "-n", namespace, release+"-redis-0", "-c", "redis", "--", "sh", "-ec",
		`REDISCLI_AUTH=$(cat "$PASSWORD_FILE") redis-cli --scan --pattern '*documents/first/head/first'`)
	if !strings.Contains(keys, "documents/first/head/first") {
		t.Errorf("Redis has no such document: %q", keys)
	}
	rig.Eventually(t, "the compute service tells the language", func() error {
		got, err := gateway.expect(t.Context(), 200, "GET", "/documents/first", "", "dk-tenant", "first")
		if err == nil && !strings.Contains(got.body, `"code":"en"`) {
			err = fmt.Errorf("no language in %.500s", got.body)
		}
		return err
	})
}

// table is what runs: each pod with its containers, and how often they began anew.
func table(t *testing.T) string {
	t.Helper()
	var lines strings.Builder
	for _, pod := range rig.Get(t, "pods", "-n", namespace) {
		fmt.Fprintf(&lines, "%-36s %-9s", pod.Metadata.Name, pod.Status.Phase)
		for _, all := range [][]rig.ContainerStatus{pod.Status.InitStatuses, pod.Status.ContainerStatuses} {
			for _, one := range all {
				fmt.Fprintf(&lines, " %s(%d)", one.Name, one.RestartCount)
			}
		}
		fmt.Fprintln(&lines)
	}
	return lines.String()
}

// explainPods shows the logs of every container when the story ends badly.
func explainPods(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		context, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, pod := range rig.Get(t, "pods", "-n", namespace) {
			command := exec.CommandContext(context, "kubectl", "logs", "-n", namespace, pod.Metadata.Name,
				"--all-containers", "--prefix", "--tail=40", "--ignore-errors")
			command.Stderr = os.Stderr
			output, _ := command.Output()
			t.Logf("--- %s\n%s", pod.Metadata.Name, output)
		}
	})
}
