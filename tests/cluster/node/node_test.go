// Package node uses the chart as its users do, on a cluster that runs pods: installed, called through the gateway,
// disturbed, changed, taken back. Its tests are one story of one release, told in order.
package node

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dapr-kit.test/cluster/rig"
)

const (
	release   = "docs"
	namespace = "docs"
	topic     = "documents"

	writers = 4 // how many callers a release has while it is disturbed
)

// setUp is how this run of the suite has Dapr: VALUES names the values; DAPR_CHART, where it is set, Dapr's own chart.
func setUp(t *testing.T) rig.Release {
	t.Helper()
	values := []string{"-f", rig.Need(t, "VALUES")}
	return rig.Release{Program: "helm", Name: release, Namespace: namespace, Values: values}
}

// installDapr installs Dapr's own chart, as a release of its own.
func installDapr(t *testing.T) {
	t.Helper()
	started := time.Now()
	if _, err := rig.Run("helm", "install", "dapr", rig.Need(t, "DAPR_CHART"), "-n", "dapr-system", "--create-namespace",
		"--wait", "--timeout", "180s", "-f", rig.Need(t, "DAPR_VALUES")); err != nil {
		t.Fatal(err)
	}
	rig.Count(t, "Dapr's control plane is installed: %.0f s", time.Since(started).Seconds())
}

func TestARelease(t *testing.T) {
	helm := setUp(t)
	if os.Getenv("DAPR_CHART") != "" {
		installDapr(t)
	}
	rig.Namespace(t, namespace, "restricted")
	explainPods(t)
	gateway := newGateway(namespace)
	books := newLedger(gateway, "story")
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
	beganOnce(t)
	step("takes a document through the gateway, and finds words in it", func(t *testing.T) {
		takesADocument(t, gateway)
	})
	step("shows what it does", func(t *testing.T) {
		end := newLedger(gateway, "shown").load(t, writers)
		defer end()
		watcher := newPrometheus(namespace)
		collectsAll(t, watcher)
		showsItself(t, watcher)
		hasItsRules(t, watcher)
		tracesADocument(t, watcher, gateway)
	})
	step("passes its own tests", func(t *testing.T) {
		if err := helm.Test(); err != nil {
			t.Error(err)
		}
	})
	step("loses nothing while its pods are deleted one by one", func(t *testing.T) {
		losesNothing(t, books)
	})
	step("answers every call while it is upgraded", func(t *testing.T) {
		answersEveryCall(t, gateway, func() error {
			return helm.Upgrade("--set", "app.logLevel=debug,gateway.logLevel=debug")
		})
	})
	step("is as before after a rollback", func(t *testing.T) {
		if err := helm.Rollback("1"); err != nil {
			t.Fatal(err)
		}
		if level := helm.Setting(t, "app", "logLevel"); level != "info" {
			t.Errorf("app.logLevel is %v", level)
		}
		rig.Count(t, "after the rollback: %d documents, %d events of them", books.size(), books.settle(t, namespace))
	})
	step("heals when a component is killed in its pod", func(t *testing.T) {
		healsAComponent(t, gateway, "dk-redis")
		healsAComponent(t, gateway, "dk-kafka")
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

// parts are the release's running things, as its labels name them, in the order in which a test disturbs them.
func parts(t *testing.T) []string {
	t.Helper()
	seen := map[string]bool{}
	var names []string
	for _, pod := range rig.Get(t, "pods", "-n", namespace) {
		name := pod.Metadata.Labels["app.kubernetes.io/component"]
		if pod.Status.Phase == "Running" && !seen[name] && !onlookers[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func podsOf(part string) ([]rig.Object, error) {
	return rig.TryGet("pods", "-n", namespace, "-l", "app.kubernetes.io/component="+part)
}

// losesNothing deletes each pod in turn while documents are written, and then holds every acknowledged one against
// what is there.
func losesNothing(t *testing.T, books *ledger) {
	end := books.load(t, writers)
	written := func(more int) {
		before := books.size()
		rig.Eventually(t, "documents are taken", func() error {
			if now := books.size(); now < before+more {
				return fmt.Errorf("%d of %d", now-before, more)
			}
			return nil
		})
	}
	written(20)
	deleted := 0
	for _, part := range parts(t) {
		pods, err := podsOf(part)
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range pods {
			rig.Kubectl(t, "delete", "pod", "-n", namespace, pod.Metadata.Name, "--wait=true")
			deleted++
			rig.Eventually(t, "pods of "+part+" are ready again", func() error {
				again, err := podsOf(part)
				if err == nil && len(again) < len(pods) {
					err = fmt.Errorf("%d of %d", len(again), len(pods))
				}
				if err != nil {
					return err
				}
				return rig.PodsAreReady(namespace)
			})
			written(10)
		}
	}
	end()
	events := books.settle(t, namespace)
	rig.Count(t, "%d pods deleted under load: %d documents acknowledged, %d calls made again; all are there with their annotations; %d events",
		deleted, books.size(), books.retries.Load(), events)
}

// answersEveryCall makes calls one after the other, each once, for as long as the change takes.
func answersEveryCall(t *testing.T, gateway *gateway, change func() error) {
	var made, failed atomic.Int64
	over, ended := make(chan struct{}), make(chan struct{})
	for number := range writers {
		go func() {
			defer func() { ended <- struct{}{} }()
			for call := 0; ; call++ {
				select {
				case <-over:
					return
				case <-time.After(50 * time.Millisecond):
				}
				made.Add(1)
				verb, path, body := "GET", "/documents/first", ""
				if call%4 == 0 {
					verb, path = "POST", "/documents"
					body = fmt.Sprintf(`{"id": "r%d-%d", "text": "written while everything changes"}`, number, call)
				}
				got, err := gateway.call(t.Context(), verb, path, body, "dk-tenant", "first")
				if err != nil || got.status/100 != 2 {
					failed.Add(1)
					t.Errorf("%s: %s %s: %d %.300s %v", time.Now().Format("15:04:05.000"), verb, path, got.status, got.body, err)
				}
			}
		}()
	}
	before := names(t)
	if err := change(); err != nil {
		t.Error(err)
	}
	// Old pods serve until they are gone.
	rig.Eventually(t, "old pods are gone", func() error {
		pods, err := rig.TryGet("pods", "-n", namespace)
		for _, pod := range pods {
			if pod.Metadata.DeletionTimestamp != "" {
				err = fmt.Errorf("%s still ends", pod.Name())
			}
		}
		return err
	})
	close(over)
	for range writers {
		<-ended
	}
	replaced := 0
	for name := range before {
		if !names(t)[name] {
			replaced++
		}
	}
	if replaced == 0 {
		t.Error("no pod was replaced")
	}
	rig.Count(t, "%d pods replaced by an upgrade: %d calls, %d failed", replaced, made.Load(), failed.Load())
}

func names(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, pod := range rig.Get(t, "pods", "-n", namespace) {
		all[pod.Metadata.Name] = true
	}
	return all
}

// healsAComponent kills one container of the document service's pod, as a crash would, and waits until documents
// are taken again by the same pod.
func healsAComponent(t *testing.T, gateway *gateway, container string) {
	pods, err := podsOf("document")
	if err != nil || len(pods) == 0 {
		t.Fatalf("no pod of the document service: %v", err)
	}
	pod := pods[0]
	before := status(pod, container)
	if before == nil {
		t.Fatalf("%s has no container %s", pod.Name(), container)
	}
	id := strings.TrimPrefix(before.ContainerID, "containerd://")
	if output, err := exec.Command("ctr", "-a", rig.Need(t, "CONTAINERD"), "-n", "k8s.io", "task", "kill", "-s", "SIGKILL", id).CombinedOutput(); err != nil {
		t.Fatalf("ctr: %v\n%s", err, output)
	}
	killed := time.Now()
	rig.Eventually(t, container+" runs again", func() error {
		pods, err := rig.TryGet("pods", "-n", namespace, "--field-selector=metadata.name="+pod.Metadata.Name)
		if err != nil || len(pods) == 0 {
			return fmt.Errorf("the pod is gone: %v", err)
		}
		now := status(pods[0], container)
		if now == nil || now.RestartCount != before.RestartCount+1 || !now.Ready {
			return fmt.Errorf("%+v", now)
		}
		return rig.PodsAreReady(namespace)
	})
	id = fmt.Sprintf("healed-%s", container)
	rig.Eventually(t, "documents are taken again, and told of", func() error {
		text := fmt.Sprintf(`{"id": %q, "text": "What broke is whole again, and nobody had to come for it."}`, id)
		got, err := gateway.call(t.Context(), "POST", "/documents", text, "dk-tenant", "first", "idempotency-key", id)
		if err == nil && got.status/100 != 2 {
			err = fmt.Errorf("%d %.300s", got.status, got.body)
		}
		if err != nil {
			return err
		}
		got, err = gateway.expect(t.Context(), http.StatusOK, "GET", "/documents/"+id, "", "dk-tenant", "first")
		if err == nil && !strings.Contains(got.body, `"code":"en"`) {
			err = fmt.Errorf("no language in %.500s", got.body)
		}
		return err
	})
	rig.Count(t, "%s killed in %s: its documents are taken, told of and read %.0f s later", container, pod.Metadata.Name, time.Since(killed).Seconds())
}

func status(pod rig.Object, container string) *rig.ContainerStatus {
	for _, all := range [][]rig.ContainerStatus{pod.Status.InitStatuses, pod.Status.ContainerStatuses} {
		for _, one := range all {
			if one.Name == container {
				return &one
			}
		}
	}
	return nil
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

// beganOnce wants no container to have begun anew, where the chart has daprd wait for its servers. Beside Dapr's control plane
// it may: Helm makes the pods before the Components and the Configuration that they ask the operator for.
func beganOnce(t *testing.T) {
	t.Helper()
	if os.Getenv("DAPR_CHART") != "" {
		return
	}
	for _, pod := range rig.Get(t, "pods", "-n", namespace) {
		for _, all := range [][]rig.ContainerStatus{pod.Status.InitStatuses, pod.Status.ContainerStatuses} {
			for _, one := range all {
				if one.RestartCount > 0 {
					t.Errorf("%s of %s began anew %d times at its first install", one.Name, pod.Metadata.Name, one.RestartCount)
				}
			}
		}
	}
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
