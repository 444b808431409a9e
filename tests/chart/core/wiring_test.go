// Package core tests the chart by what Helm makes of it: that every part finds what it names, that what must not go
// together is refused, and that what is secret stays in Secrets.
package core

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dapr-kit.test/chart/helm"
	"gopkg.in/yaml.v3"
)

const packageBytesMax = 300_000

// A pod's labels, or those of whatever is selected.
type labels = helm.Object

// pods are the workloads of a render that make pods.
func pods(objects []helm.Object) []helm.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o helm.Object) bool { return o.Pod() == nil })
}

func contains(all, wanted labels) bool {
	for name, value := range wanted {
		if all[name] != value {
			return false
		}
	}
	return true
}

// selected are the pods that a selector means.
func selected(objects []helm.Object, selector labels) (found []helm.Object) {
	for _, workload := range pods(objects) {
		if contains(workload.Pod().Map("metadata", "labels"), selector) {
			found = append(found, workload)
		}
	}
	return found
}

// check is one thing that holds of every render; it answers what is wrong.
type check struct {
	name string
	run  func(objects []helm.Object) []string
}

var checks = []check{
	{"selectors_mean_pods", selectorsMeanPods},
	{"ports_are_there", portsAreThere},
	{"volumes_are_there", volumesAreThere},
	{"accounts_are_there", accountsAreThere},
	{"containers_are_restricted", containersAreRestricted},
	{"secrets_stay_in_secrets", secretsStayInSecrets},
	{"metrics_can_be_collected", metricsCanBeCollected},
	{"policies_cover_pods", policiesCoverPods},
	{"routes_lead_to_the_gateway", routesLeadToTheGateway},
	{"daprds_reach_each_other", daprdsReachEachOther},
	{"inline_daprds_have_secrets", inlineDaprdsHaveSecrets},
	{"sidecars_start_in_order", sidecarsStartInOrder},
	{"daprds_see_sockets", daprdsSeeSockets},
	{"fields_have_values", fieldsHaveValues},
	{"objects_are_one_each", objectsAreOneEach},
}

func TestChart(t *testing.T) {
	for _, file := range helm.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			if _, err := helm.Run(t, append([]string{"lint", "--strict", helm.Chart}, file.Words[:2]...)...); err != nil {
				t.Error(err)
			}
			objects := helm.Render(t, file.Words...)
			for _, check := range checks {
				t.Run(check.name, func(t *testing.T) {
					for _, fault := range check.run(objects) {
						t.Error(fault)
					}
				})
			}
		})
	}
}

// Every selector that names parts of the release means a pod of it, and a workload's means its own.
func selectorsMeanPods(objects []helm.Object) (faults []string) {
	for _, object := range objects {
		var selector labels
		switch object["kind"] {
		case "Service":
			selector = object.Map("spec", "selector")
		case "Deployment", "StatefulSet", "DaemonSet":
			selector = object.Map("spec", "selector", "matchLabels")
			if !contains(object.Pod().Map("metadata", "labels"), selector) {
				faults = append(faults, object.Name()+" does not select its own pods")
			}
		case "NetworkPolicy":
			selector = object.Map("spec", "podSelector", "matchLabels")
			for _, peer := range peers(object) {
				if len(selected(objects, peer)) == 0 {
					faults = append(faults, fmt.Sprintf("%s names a peer that is no pod: %v", object.Name(), peer))
				}
			}
		case "PodDisruptionBudget":
			selector = object.Map("spec", "selector", "matchLabels")
		default:
			continue
		}
		if len(selector) == 0 || len(selected(objects, selector)) == 0 {
			faults = append(faults, fmt.Sprintf("%s selects no pod: %v", object.Name(), selector))
		}
	}
	return faults
}

// peers are the pods of this release that a policy lets in or out.
func peers(policy helm.Object) (found []labels) {
	for _, way := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
		for _, rule := range policy.List("spec", way.rules) {
			for _, peer := range rule.List(way.peers) {
				if selector := peer.Map("podSelector", "matchLabels"); selector["app.kubernetes.io/instance"] != nil {
					found = append(found, selector)
				}
			}
		}
	}
	return found
}

// Policies let the daprds of this release through by a label, so each long-lived one has it, and nothing else.
func daprdsReachEachOther(objects []helm.Object) (faults []string) {
	for _, workload := range pods(objects) {
		if workload["kind"] == "Job" {
			continue
		}
		metadata := workload.Pod().Map("metadata")
		has := metadata.Text("labels", "dapr.io/sidecar-injected") == "true" || metadata.Text("annotations", "dapr.io/enabled") == "true"
		if label := metadata.Text("labels", "dapr-kit.io/has-daprd") == "true"; has != label {
			faults = append(faults, fmt.Sprintf("%s: has a daprd: %v, and its label says %v", workload.Name(), has, label))
		}
	}
	return faults
}

// hasPort tells whether a container of the pod has the port, by number or by name.
func hasPort(pod helm.Object, port any) bool {
	for _, container := range pod.Containers() {
		for _, one := range container.List("ports") {
			if one["name"] == port || one["containerPort"] == port {
				return true
			}
		}
	}
	return false
}

// Services and probes name ports that are declared, a number is taken once in a pod, and a name fits.
func portsAreThere(objects []helm.Object) (faults []string) {
	for _, object := range objects {
		if object["kind"] == "Service" {
			for _, workload := range selected(objects, object.Map("spec", "selector")) {
				for _, port := range object.List("spec", "ports") {
					// Components come by injection where the pod asks for it, and their ports with them.
					injects := workload.Pod().Text("metadata", "annotations", "dapr.io/inject-pluggable-components") == "true"
					if !hasPort(workload.Pod(), port["targetPort"]) && !(injects && strings.HasSuffix(port.Text("name"), "-metrics")) {
						faults = append(faults, fmt.Sprintf("%s: %s has no port %v", object.Name(), workload.Name(), port["targetPort"]))
					}
				}
			}
		}
	}
	for _, workload := range pods(objects) {
		taken := map[any]string{}
		for _, container := range workload.Pod().Containers() {
			for _, port := range container.List("ports") {
				if other := taken[port["containerPort"]]; other != "" {
					faults = append(faults, fmt.Sprintf("%s: %v is the port of %s and of %s", workload.Name(), port["containerPort"], other, container.Text("name")))
				}
				taken[port["containerPort"]] = container.Text("name")
				if len(port.Text("name")) > 15 {
					faults = append(faults, fmt.Sprintf("%s: the port's name %s has more than 15 characters", workload.Name(), port["name"]))
				}
			}
			for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
				for _, kind := range []string{"httpGet", "tcpSocket"} {
					port := container.At(probe, kind, "port")
					// daprd's health has a port of its own that it does not declare, as the injector's has.
					if port != nil && port != 3501 && !hasPort(helm.Object{"spec": map[string]any{"containers": []any{map[string]any(container)}}}, port) {
						faults = append(faults, fmt.Sprintf("%s: %s of %s asks port %v, which it has not", workload.Name(), probe, container.Text("name"), port))
					}
				}
			}
		}
	}
	return faults
}

// Each mount has its volume, each volume a mount; and the ConfigMaps and Secrets of this release are in it.
func volumesAreThere(objects []helm.Object) (faults []string) {
	exists := map[string]bool{}
	for _, object := range objects {
		exists[object.Name()] = true
	}
	missing := func(kind, name string) bool {
		return strings.HasPrefix(name, "docs-") && !exists[kind+" "+name]
	}
	for _, workload := range pods(objects) {
		volumes := map[string]bool{}
		for _, volume := range workload.Pod().List("spec", "volumes") {
			volumes[volume.Text("name")] = false
			if name := volume.Text("configMap", "name"); name != "" && !exists["ConfigMap "+name] {
				faults = append(faults, fmt.Sprintf("%s mounts ConfigMap %s, which is not there", workload.Name(), name))
			}
			if name := volume.Text("secret", "secretName"); missing("Secret", name) && !exists["Certificate docs-gateway"] {
				faults = append(faults, fmt.Sprintf("%s mounts Secret %s, which is not there", workload.Name(), name))
			}
		}
		for _, claim := range workload.List("spec", "volumeClaimTemplates") {
			volumes[claim.Text("metadata", "name")] = false
		}
		for _, container := range workload.Pod().Containers() {
			for _, mount := range container.List("volumeMounts") {
				if _, ok := volumes[mount.Text("name")]; !ok {
					faults = append(faults, fmt.Sprintf("%s: %s mounts %s, which is not there", workload.Name(), container.Text("name"), mount["name"]))
				}
				volumes[mount.Text("name")] = true
			}
			for _, variable := range container.List("env") {
				if name := variable.Text("valueFrom", "secretKeyRef", "name"); missing("Secret", name) {
					faults = append(faults, fmt.Sprintf("%s: %s reads Secret %s, which is not there", workload.Name(), variable["name"], name))
				}
			}
		}
		mounted := workload.Pod().Text("metadata", "annotations", "dapr.io/volume-mounts-rw")
		for name, used := range volumes {
			if !used && !strings.HasPrefix(mounted, name+":") {
				faults = append(faults, fmt.Sprintf("%s: nobody mounts %s", workload.Name(), name))
			}
		}
	}
	return faults
}

func accountsAreThere(objects []helm.Object) (faults []string) {
	for _, workload := range pods(objects) {
		name := workload.Pod().Text("spec", "serviceAccountName")
		if name != "" && !slices.ContainsFunc(objects, func(o helm.Object) bool { return o.Name() == "ServiceAccount "+name }) {
			faults = append(faults, fmt.Sprintf("%s runs as %s, which is not there", workload.Name(), name))
		}
	}
	return faults
}

// What Pod Security restricted asks for, and a root that cannot be written to. Fluentd alone reads the node.
func containersAreRestricted(objects []helm.Object) (faults []string) {
	for _, workload := range pods(objects) {
		if strings.HasSuffix(workload.Text("metadata", "name"), "-fluentd") {
			continue
		}
		pod := workload.Pod().Map("spec", "securityContext")
		if pod["runAsNonRoot"] != true || pod.Text("seccompProfile", "type") != "RuntimeDefault" {
			faults = append(faults, fmt.Sprintf("%s: its pod's security context is %v", workload.Name(), pod))
		}
		for _, container := range workload.Pod().Containers() {
			context := container.Map("securityContext")
			drop, _ := context.At("capabilities", "drop").([]any)
			if context["allowPrivilegeEscalation"] != false || !slices.Equal(drop, []any{"ALL"}) {
				faults = append(faults, fmt.Sprintf("%s: the security context of %s is %v", workload.Name(), container.Text("name"), context))
			}
			if container.At("resources", "limits", "memory") == nil {
				faults = append(faults, fmt.Sprintf("%s: %s has no memory limit", workload.Name(), container.Text("name")))
			}
		}
	}
	return faults
}

// No value of a Secret is in another object.
func secretsStayInSecrets(objects []helm.Object) (faults []string) {
	var others strings.Builder
	values := map[string]string{}
	for _, object := range objects {
		if object["kind"] != "Secret" {
			text, err := yaml.Marshal(object)
			if err != nil {
				return []string{err.Error()}
			}
			others.Write(text)
			continue
		}
		for key, encoded := range object.Map("data") {
			text, _ := encoded.(string)
			value, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return []string{fmt.Sprintf("%s: %s is not base64", object.Name(), key)}
			}
			if key != "ca.crt" && key != "tls.crt" && len(value) >= 16 {
				values[object.Name()+"."+key] = string(value)
			}
		}
	}
	for name, value := range values {
		if strings.Contains(others.String(), value) {
			faults = append(faults, name+" is in another object too")
		}
	}
	return faults
}

// Every pod of ours says its part, by which the bundled Prometheus labels it, and each program has its port.
func metricsCanBeCollected(objects []helm.Object) (faults []string) {
	for _, workload := range pods(objects) {
		have := workload.Pod().Map("metadata", "labels")
		for _, name := range []string{"app.kubernetes.io/part-of", "app.kubernetes.io/component", "app.kubernetes.io/instance"} {
			if have.Text(name) == "" {
				faults = append(faults, fmt.Sprintf("%s: its pods have no label %s", workload.Name(), name))
			}
		}
		for _, container := range workload.Pod().Containers() {
			name := container.Text("name")
			if !strings.HasPrefix(name, "dk-") {
				continue
			}
			args, _ := container.At("args").([]any)
			port := ""
			for _, arg := range args {
				if text, _ := arg.(string); strings.HasPrefix(text, "--metrics-port=") {
					port = strings.TrimPrefix(text, "--metrics-port=")
				}
			}
			if !slices.ContainsFunc(container.List("ports"), func(p helm.Object) bool {
				return fmt.Sprint(p["containerPort"]) == port && strings.HasSuffix(p.Text("name"), "metrics")
			}) {
				faults = append(faults, fmt.Sprintf("%s: %s serves metrics on '%s', and no port of such a name says so", workload.Name(), name, port))
			}
		}
		if workload.Pod().Text("metadata", "labels", "dapr.io/sidecar-injected") == "true" && !hasPort(workload.Pod(), "dapr-metrics") {
			faults = append(faults, workload.Name()+": its daprd has no port dapr-metrics")
		}
	}
	return faults
}

// Where there are policies, each long-lived pod of ours has one.
func policiesCoverPods(objects []helm.Object) (faults []string) {
	var covered []labels
	for _, object := range objects {
		if object["kind"] == "NetworkPolicy" {
			covered = append(covered, object.Map("spec", "podSelector", "matchLabels"))
		}
	}
	if len(covered) == 0 {
		return nil
	}
	for _, workload := range pods(objects) {
		if workload["kind"] == "Job" {
			continue
		}
		if !slices.ContainsFunc(covered, func(l labels) bool { return contains(workload.Pod().Map("metadata", "labels"), l) }) {
			faults = append(faults, workload.Name()+" has no NetworkPolicy")
		}
	}
	return faults
}

// A field without a value is no field to server-side apply, but one that somebody emptied.
func fieldsHaveValues(objects []helm.Object) (faults []string) {
	var walk func(where string, value any)
	walk = func(where string, value any) {
		switch value := value.(type) {
		case nil:
			faults = append(faults, where+" is null")
		case map[string]any:
			for name, inner := range value {
				walk(where+"."+name, inner)
			}
		case []any:
			for _, inner := range value {
				walk(where+"[]", inner)
			}
		}
	}
	for _, object := range objects {
		walk(object.Name(), map[string]any(object))
	}
	return faults
}

func objectsAreOneEach(objects []helm.Object) (faults []string) {
	seen := map[string]bool{}
	for _, object := range objects {
		name := fmt.Sprint(object["apiVersion"], " ", object.Name())
		if seen[name] {
			faults = append(faults, name+" is there twice")
		}
		seen[name] = true
	}
	return faults
}

func TestImagesComeFromTheMirror(t *testing.T) {
	for _, file := range helm.Files(t) {
		for _, workload := range pods(helm.Render(t, append(file.Words, "--set", "global.imageRegistry=mirror.test")...)) {
			for _, container := range workload.Pod().Containers() {
				if image := container.Text("image"); !strings.HasPrefix(image, "mirror.test/") {
					t.Errorf("%s: %s: %s comes from elsewhere", file.Name, workload.Name(), image)
				}
			}
		}
	}
}

func TestPackageFitsIntoAReleaseRecord(t *testing.T) {
	folder := t.TempDir()
	if _, err := helm.Run(t, "package", helm.Chart, "-d", folder); err != nil {
		t.Fatal(err)
	}
	made, _ := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if len(made) != 1 {
		t.Fatalf("helm package made %v", made)
	}
	info, err := os.Stat(made[0])
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > packageBytesMax {
		t.Errorf("the package has %d bytes, %d at most", info.Size(), packageBytesMax)
	}
}

// Subcharts are of the parent's version, and each folder is named by it: Helm renders the others without asking.
func TestSubchartsAreListedAndOfOneVersion(t *testing.T) {
	type chart struct {
		Name, Version string
		Dependencies  []struct{ Name, Version, Condition string }
	}
	read := func(folder string) (made chart) {
		content, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
		if err == nil {
			err = yaml.Unmarshal(content, &made)
		}
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	parent := read(helm.Chart)
	folders, err := os.ReadDir(filepath.Join(helm.Chart, "charts"))
	if err != nil {
		t.Fatal(err)
	}
	var listed, there []string
	for _, one := range parent.Dependencies {
		listed = append(listed, one.Name)
		if one.Version != parent.Version {
			t.Errorf("%s is listed as %s, the chart is %s", one.Name, one.Version, parent.Version)
		}
		if one.Name != "lib" && !strings.HasPrefix(one.Condition, one.Name+".enabled") {
			t.Errorf("%s has the condition '%s'", one.Name, one.Condition)
		}
	}
	for _, folder := range folders {
		there = append(there, folder.Name())
		if sub := read(filepath.Join(helm.Chart, "charts", folder.Name())); sub.Version != parent.Version || sub.Name != folder.Name() {
			t.Errorf("charts/%s is %s %s, the chart is %s", folder.Name(), sub.Name, sub.Version, parent.Version)
		}
	}
	slices.Sort(listed)
	if !slices.Equal(listed, there) {
		t.Errorf("Chart.yaml lists %v, and there are %v", listed, there)
	}
}

// The golden list of each file of values: which objects, of which images. A change that adds or drops one is seen in
// review; GOLDEN=write writes them anew.
func TestObjectsAreAsListed(t *testing.T) {
	for _, file := range helm.Files(t) {
		lines := map[string]bool{}
		for _, object := range helm.Render(t, file.Words...) {
			if object["kind"] == "Job" && object.Text("metadata", "labels", "app.kubernetes.io/component") == "kafka-topics" {
				object["metadata"].(map[string]any)["name"] = "docs-kafka-topics" // the rest of its name is a hash
			}
			lines[object.Name()] = true
			if pod := object.Pod(); pod != nil {
				for _, container := range pod.Containers() {
					lines[fmt.Sprintf("%s: %s %s", object.Name(), container.Text("name"), container.Text("image"))] = true
				}
			}
		}
		got := strings.Join(slices.Sorted(maps.Keys(lines)), "\n") + "\n"
		golden := filepath.Join("golden", strings.TrimSuffix(filepath.Base(file.Name), ".yaml")+".txt")
		if os.Getenv("GOLDEN") == "write" {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Error(err)
		} else if string(want) != got {
			t.Errorf("%s: not what %s has; GOLDEN=write writes it anew. Now:\n%s", file.Name, golden, got)
		}
	}
}
