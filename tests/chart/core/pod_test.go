package core

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dapr-kit.test/chart/helm"
	"dapr-kit.test/e2e/rig"
)

// A pod as the kubelet would run it, from its rendered template: its containers are processes with their rendered
// arguments and environment. What they share is this machine, so each pod has ports and folders of its own.
type pod struct {
	t       *testing.T
	objects []helm.Object
	name    string
	ports   map[string]int    // a port in the pod, and here
	folders map[string]string // a mount in the pod, and here
}

// Every port that a pod of ours may have.
var podPorts = []string{"3500", "3501", "50001", "50002", "9090", "50051", "9464", "9465", "9466"}

func newPod(t *testing.T, name string) *pod {
	p := &pod{t: t, name: name, ports: map[string]int{}, folders: map[string]string{}}
	for _, port := range podPorts {
		p.ports[port] = rig.FreePort(t)
	}
	return p
}

func (p *pod) address(port string) string { return fmt.Sprintf("127.0.0.1:%d", p.ports[port]) }

func (p *pod) object(kind, name string) helm.Object {
	p.t.Helper()
	for _, object := range p.objects {
		if object.Name() == kind+" "+name {
			return object
		}
	}
	p.t.Fatalf("%s names %s %s, which is not there", p.name, kind, name)
	return nil
}

// mount makes the folders that the pod's volumes are.
func (p *pod) mount(template helm.Object) {
	p.t.Helper()
	volumes := map[string]string{}
	for _, volume := range template.List("spec", "volumes") {
		folder := rig.SocketFolder(p.t)
		if name := volume.Text("configMap", "name"); name != "" {
			for file, text := range p.object("ConfigMap", name).Map("data") {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text.(string)), 0o600); err != nil {
					p.t.Fatal(err)
				}
			}
		}
		volumes[volume.Text("name")] = folder
	}
	for _, container := range template.Containers() {
		for _, mount := range container.List("volumeMounts") {
			p.folders[mount.Text("mountPath")] = volumes[mount.Text("name")]
		}
	}
}

var (
	portAtTheEnd = regexp.MustCompile(`=(\d+)$`)
	allAddresses = strings.NewReplacer("=0.0.0.0", "=127.0.0.1")
)

// here says a rendered argument in the words of this machine.
func (p *pod) here(argument string) string {
	if match := portAtTheEnd.FindStringSubmatch(argument); match != nil {
		if port, ok := p.ports[match[1]]; ok {
			return strings.TrimSuffix(argument, match[1]) + strconv.Itoa(port)
		}
	}
	option, value, _ := strings.Cut(argument, "=")
	mount := ""
	for path := range p.folders { // the innermost: /tmp is a mount too
		if (value == path || strings.HasPrefix(value, path+"/")) && len(path) > len(mount) {
			mount = path
		}
	}
	if mount != "" {
		return option + "=" + p.folders[mount] + strings.TrimPrefix(value, mount)
	}
	return allAddresses.Replace(argument)
}

// environment of a container, its Secrets read.
func (p *pod) environment(container helm.Object) []string {
	p.t.Helper()
	environment := []string{"DAPR_COMPONENTS_SOCKETS_FOLDER=" + p.folders["/tmp/dapr-components-sockets"]}
	for _, variable := range container.List("env") {
		value := variable.Text("value")
		if port, ok := p.ports[value]; ok {
			value = strconv.Itoa(port)
		}
		if reference := variable.Map("valueFrom", "secretKeyRef"); reference != nil {
			encoded := p.object("Secret", reference.Text("name")).Text("data", reference.Text("key"))
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || len(decoded) == 0 {
				p.t.Fatalf("%s: Secret %s has no %s (%v)", p.name, reference.Text("name"), reference.Text("key"), err)
			}
			value = string(decoded)
		}
		if variable.Text("valueFrom", "fieldRef", "fieldPath") != "" {
			value = "127.0.0.1"
		}
		environment = append(environment, variable.Text("name")+"="+value)
	}
	return environment
}

// start runs the pod's containers in their order; a sidecar's startup probe is waited for, as the kubelet does.
func (p *pod) start(objects []helm.Object, workload string) {
	p.t.Helper()
	p.objects = objects
	var template helm.Object
	for _, object := range pods(objects) {
		if object.Text("metadata", "name") == workload {
			template = object.Pod()
		}
	}
	p.mount(template)
	for _, container := range template.Containers() {
		name := container.Text("name")
		program := filepath.Join(rig.Need(p.t, rig.BinVar), name)
		var args []string
		for _, argument := range container.At("args").([]any) {
			args = append(args, p.here(argument.(string)))
		}
		switch {
		case name == "daprd":
			program = rig.Need(p.t, rig.DaprdVar)
			args = append(args, "--dapr-internal-grpc-listen-address=127.0.0.1", "--dapr-public-listen-address=127.0.0.1",
				"--metrics-listen-address=127.0.0.1")
		case !strings.HasPrefix(name, "dk-"):
			continue // Traefik, or the test itself
		}
		process := rig.StartTool(p.t, p.name+"/"+name, 0, p.environment(container), program, args...)
		if command, ok := container.At("startupProbe", "exec", "command").([]any); ok {
			var words []string
			for _, word := range command[1:] {
				words = append(words, p.here(word.(string)))
			}
			process.Ready(p.t, func() error { return exec.Command(program, words...).Run() })
		}
	}
}

// ready waits for each readiness probe of the pod.
func (p *pod) ready(workload string) {
	p.t.Helper()
	for _, object := range pods(p.objects) {
		if object.Text("metadata", "name") != workload {
			continue
		}
		for _, container := range object.Pod().Containers() {
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				path := container.Text(probe, "httpGet", "path")
				port := fmt.Sprint(container.At(probe, "httpGet", "port"))
				if port == "metrics" {
					port = "9464"
				}
				if path != "" && p.ports[port] != 0 {
					rig.Eventually(p.t, fmt.Sprintf("%s/%s: %s", p.name, container.Text("name"), probe), func() error {
						_, err := call("GET", "http://"+p.address(port)+path, "", "")
						return err
					})
				}
			}
		}
	}
}
