package core

import (
	"fmt"
	"slices"

	"dapr-kit.test/chart/helm"
)

// backend is where a route of a controller leads: a Service, and one of its ports by name or number.
type backend struct {
	service string
	port    any
}

// backends of an Ingress, an IngressRoute of Traefik's, or a route of the Gateway API.
func backends(object helm.Object) (found []backend) {
	for _, rule := range object.List("spec", "rules") {
		for _, path := range rule.List("http", "paths") {
			service := path.Map("backend", "service")
			port := service.At("port", "name")
			if port == nil {
				port = service.At("port", "number")
			}
			found = append(found, backend{service.Text("name"), port})
		}
		for _, one := range rule.List("backendRefs") {
			found = append(found, backend{one.Text("name"), one["port"]})
		}
	}
	for _, route := range object.List("spec", "routes") {
		for _, one := range route.List("services") {
			found = append(found, backend{one.Text("name"), one["port"]})
		}
	}
	return found
}

// Every route of a controller of one's own leads to a port of a Service whose pods have a daprd: the gateway's.
func routesLeadToTheGateway(objects []helm.Object) (faults []string) {
	kinds := []string{"Ingress", "IngressRoute", "HTTPRoute", "GRPCRoute"}
	for _, object := range objects {
		kind, _ := object["kind"].(string)
		if !slices.Contains(kinds, kind) {
			continue
		}
		led := backends(object)
		if len(led) == 0 {
			faults = append(faults, object.Name()+" leads nowhere")
		}
		for _, one := range led {
			if !isServed(objects, one) {
				faults = append(faults, fmt.Sprintf("%s leads to port %v of Service %s, which no pod with a daprd serves", object.Name(), one.port, one.service))
			}
		}
	}
	return faults
}

func isServed(objects []helm.Object, to backend) bool {
	for _, object := range objects {
		if object.Name() != "Service "+to.service {
			continue
		}
		hasPort := slices.ContainsFunc(object.List("spec", "ports"), func(port helm.Object) bool {
			return port["name"] == to.port || port["port"] == to.port
		})
		for _, workload := range selected(objects, object.Map("spec", "selector")) {
			if hasPort && workload.Pod().Text("metadata", "labels", "dapr-kit.io/has-daprd") == "true" {
				return true
			}
		}
	}
	return false
}
