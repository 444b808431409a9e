package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	e2e "dapr-kit.test/e2e/rig"
)

// dns is where every cluster of ours resolves its names.
const dns = "10.96.0.10:53"

// inside dials names of the cluster: the node itself does not know them.
var inside = &net.Dialer{Timeout: 5 * time.Second, Resolver: &net.Resolver{PreferGo: true,
	Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, dns)
	}}}

// Dial is for clients that take a dialer.
type clusterDialer struct{}

func (clusterDialer) Dial(network, address string) (net.Conn, error) {
	return inside.Dial(network, address)
}

// gateway calls the release as its users do.
type gateway struct {
	address string
	client  *http.Client
}

func newGateway(namespace string) *gateway {
	return &gateway{
		address: "http://" + release + "-gateway." + namespace + ".svc.cluster.local",
		client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
			DialContext: inside.DialContext, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}},
	}
}

type answer struct {
	status int
	body   string
}

// call asks the document service for something; headers come in pairs.
func (g *gateway) call(ctx context.Context, verb, path, body string, headers ...string) (answer, error) {
	got, err := e2e.AskJSON(ctx, g.client, verb, g.address+"/api"+path, body, headers...)
	return answer{got.Status, got.Body}, err
}

// expect is call for those who know what comes.
func (g *gateway) expect(ctx context.Context, status int, verb, path, body string, headers ...string) (answer, error) {
	got, err := g.call(ctx, verb, path, body, headers...)
	if err == nil && got.status != status {
		err = fmt.Errorf("%s %s: %d %.300s", verb, path, got.status, got.body)
	}
	return got, err
}
