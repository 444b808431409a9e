package core

import (
	"fmt"
	"slices"
	"strings"

	"dapr-kit.test/chart/helm"
)

// A secret that a component reads from the environment is in its daprd's.
func inlineDaprdsHaveSecrets(objects []helm.Object) (faults []string) {
	components, err := components(objects)
	if err != nil {
		return []string{err.Error()}
	}
	for _, workload := range pods(objects) {
		for _, container := range workload.Pod().Containers() {
			args, _ := container.At("args").([]any)
			if container.Text("name") != "daprd" || !slices.Contains(args, any("--resources-path=/etc/dapr/resources")) {
				continue
			}
			for _, component := range components {
				for _, property := range component.List("spec", "metadata") {
					name := property.Text("envRef")
					if name != "" && !slices.ContainsFunc(container.List("env"), func(v helm.Object) bool {
						return v.Text("name") == name && v.Text("valueFrom", "secretKeyRef", "name") != ""
					}) {
						faults = append(faults, fmt.Sprintf("%s: daprd has no %s", workload.Name(), name))
					}
				}
			}
		}
	}
	return faults
}

// daprd looks for sockets once: as native sidecars, components answer before it starts, and are there after the
// application ended.
func sidecarsStartInOrder(objects []helm.Object) (faults []string) {
	components, err := components(objects)
	if err != nil {
		return []string{err.Error()}
	}
	for _, workload := range pods(objects) {
		var order []string
		for _, container := range workload.Pod().List("spec", "initContainers") {
			name := container.Text("name")
			if name != "daprd" && !strings.HasPrefix(name, "dk-") {
				continue
			}
			order = append(order, name)
			if container["restartPolicy"] != "Always" {
				faults = append(faults, fmt.Sprintf("%s: %s is no sidecar", workload.Name(), name))
			}
			command, _ := container.At("startupProbe", "exec", "command").([]any)
			if name != "daprd" && !slices.Contains(command, any("--check")) {
				faults = append(faults, fmt.Sprintf("%s: nothing waits for the socket of %s", workload.Name(), name))
			}
			if server := serverOf(components, name); name != "daprd" && !slices.Contains(command, any("--check-server="+server)) {
				faults = append(faults, fmt.Sprintf("%s: nothing waits for %s, the server of %s", workload.Name(), server, name))
			}
		}
		if !slices.IsSortedFunc(order, func(a, b string) int {
			return strings.Index("dk-redis dk-kafka daprd", a) - strings.Index("dk-redis dk-kafka daprd", b)
		}) {
			faults = append(faults, fmt.Sprintf("%s: sidecars start as %v", workload.Name(), order))
		}
	}
	return faults
}

// serverOf is where the component that a program serves goes, as daprd is told.
func serverOf(components map[string]helm.Object, program string) string {
	component, property := "statestore", "redisHost"
	if program == "dk-kafka" {
		component, property = "pubsub", "brokers"
	}
	for _, one := range components[component].List("spec", "metadata") {
		if one.Text("name") == property {
			return one.Text("value")
		}
	}
	return ""
}

// daprd, added here or by the injector, sees the folder where the components have their sockets.
func daprdsSeeSockets(objects []helm.Object) (faults []string) {
	const folder = "/tmp/dapr-components-sockets"
	for _, workload := range pods(objects) {
		volume, daprd := "", ""
		for _, container := range workload.Pod().Containers() {
			for _, mount := range container.List("volumeMounts") {
				if mount.Text("mountPath") != folder {
					continue
				}
				if container.Text("name") == "daprd" {
					daprd = mount.Text("name")
				} else {
					volume = mount.Text("name")
				}
			}
		}
		if annotation := workload.Pod().Text("metadata", "annotations", "dapr.io/volume-mounts-rw"); annotation != "" {
			daprd, _ = strings.CutSuffix(annotation, ":"+folder)
		}
		if volume != daprd {
			faults = append(faults, fmt.Sprintf("%s: components have their sockets in '%s', and daprd looks in '%s'", workload.Name(), volume, daprd))
		}
	}
	return faults
}
