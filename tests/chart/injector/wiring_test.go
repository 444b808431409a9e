package injector

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// sockets is where daprd looks for components; two variables are about it and each of both programs reads another,
// so nobody may move it.
const sockets = "/tmp/dapr-components-sockets"

// Ports that daprd takes in its pod, whether it says so or not.
var daprdPorts = []int32{3500, 3501, 50001, 50002, 9090}

// started lists the containers that stay, in the order in which the kubelet starts them.
func started(pod *corev1.Pod) []corev1.Container {
	var containers []corev1.Container
	for _, container := range pod.Spec.InitContainers {
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, container)
		}
	}
	return append(containers, pod.Spec.Containers...)
}

func position(containers []corev1.Container, name string) int {
	return slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == name })
}

func isComponent(container corev1.Container) bool {
	return slices.ContainsFunc(container.Args, func(arg string) bool { return strings.HasPrefix(arg, "--socket-dir=") })
}

// checkWiring says what keeps daprd and the components of a pod from finding each other.
func checkWiring(pod *corev1.Pod) error {
	containers := started(pod)
	daprd := position(containers, "daprd")
	if daprd < 0 {
		return fmt.Errorf("no daprd")
	}
	number := 0
	for index, container := range containers {
		if container.Name == "daprd" && index != daprd {
			return fmt.Errorf("two containers are called daprd")
		}
		if !isComponent(container) {
			continue
		}
		number++
		if err := sharesSockets(pod, containers[daprd], container); err != nil {
			return err
		}
	}
	if number == 0 {
		return fmt.Errorf("no component")
	}
	for label, value := range map[string]string{"dapr.io/sidecar-injected": "true", "dapr.io/metrics-enabled": "true"} {
		if pod.Labels[label] != value {
			return fmt.Errorf("label %s is %q and not %q", label, pod.Labels[label], value)
		}
	}
	return nil
}

// checkOrder says which component daprd does not wait for: it looks for sockets once.
func checkOrder(pod *corev1.Pod) error {
	daprd := position(pod.Spec.InitContainers, "daprd")
	for index, container := range pod.Spec.InitContainers {
		if !isComponent(container) {
			continue
		}
		if daprd >= 0 && index > daprd {
			return fmt.Errorf("%s starts after daprd", container.Name)
		}
		if container.StartupProbe == nil {
			return fmt.Errorf("nothing waits for %s: it has no startupProbe", container.Name)
		}
	}
	for _, container := range pod.Spec.Containers {
		if isComponent(container) {
			return fmt.Errorf("%s starts beside daprd", container.Name)
		}
	}
	return nil
}

// sharesSockets holds daprd and a component to one folder of one volume, which both may write to.
func sharesSockets(pod *corev1.Pod, daprd, component corev1.Container) error {
	ours, err := socketsOf(component)
	if err != nil {
		return err
	}
	theirs, err := socketsOf(daprd)
	if err != nil {
		return err
	}
	if ours != theirs {
		return fmt.Errorf("%s has its sockets on volume %s, daprd looks on %s", component.Name, ours, theirs)
	}
	volume := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == ours })
	if volume < 0 || pod.Spec.Volumes[volume].EmptyDir == nil {
		return fmt.Errorf("volume %s of %s is no emptyDir of the pod", ours, component.Name)
	}
	return nil
}

func socketsOf(container corev1.Container) (volume string, err error) {
	for _, mount := range container.VolumeMounts {
		if mount.MountPath != sockets {
			continue
		}
		if mount.ReadOnly {
			return "", fmt.Errorf("%s cannot write to %s", container.Name, sockets)
		}
		if volume != "" {
			return "", fmt.Errorf("%s mounts %s twice", container.Name, sockets)
		}
		volume = mount.Name
	}
	if volume == "" {
		return "", fmt.Errorf("%s does not mount %s", container.Name, sockets)
	}
	return volume, nil
}

// checkPorts says which port two containers of a pod want: they share one address.
func checkPorts(pod *corev1.Pod) error {
	owners := map[int32]string{}
	if position(started(pod), "daprd") >= 0 {
		for _, port := range daprdPorts {
			owners[port] = "daprd"
		}
	}
	for _, container := range started(pod) {
		for _, port := range container.Ports {
			if owner, isTaken := owners[port.ContainerPort]; isTaken && owner != container.Name {
				return fmt.Errorf("port %d is wanted by %s and by %s", port.ContainerPort, owner, container.Name)
			}
			owners[port.ContainerPort] = container.Name
		}
	}
	names := map[string]string{}
	for _, container := range started(pod) {
		for _, port := range container.Ports {
			if owner, isTaken := names[port.Name]; isTaken && port.Name != "" {
				return fmt.Errorf("port name %s is used by %s and by %s", port.Name, owner, container.Name)
			}
			names[port.Name] = container.Name
		}
	}
	return nil
}
