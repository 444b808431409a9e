package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Document is one Component document, as a user writes it.
type Document struct {
	Name     string
	Type     string
	Metadata map[string]string
}

// Daprd is a sidecar.
type Daprd struct {
	*Process
	URL      string             // of the HTTP API
	API      runtime.DaprClient // the gRPC API
	GRPC     *grpc.ClientConn   // the same as a connection, for calls that daprd passes on
	GRPCPort int

	appID        string
	internalPort int // where other daprds call it

	t       testing.TB
	path    string
	args    []string
	env     []string
	sockets string

	subscriptions int // that the application asks for
}

// NewDaprd prepares a sidecar and starts nothing. variable names the program: DaprdVar or
// DaprdCompareVar. sockets may be empty: then there are no pluggable components.
func NewDaprd(t testing.TB, variable, appID, sockets string, documents ...Document) *Daprd {
	t.Helper()
	if sockets == "" {
		sockets = SocketFolder(t)
	}
	resources := t.TempDir()
	for _, document := range documents {
		document.write(t, resources)
	}
	httpPort, grpcPort, internalPort := port(t), port(t), port(t)
	d := &Daprd{
		URL: "http://" + loopback(httpPort), GRPCPort: grpcPort, appID: appID, internalPort: internalPort, t: t, path: Need(t, variable), sockets: sockets,
		args: []string{
			"--app-id", appID, "--resources-path", resources, "--log-level", "warn",
			"--dapr-listen-addresses", "127.0.0.1", "--dapr-http-port", strconv.Itoa(httpPort),
			"--dapr-grpc-port", strconv.Itoa(grpcPort), "--enable-metrics=false",
			"--dapr-internal-grpc-listen-address", "127.0.0.1",
			"--dapr-internal-grpc-port", strconv.Itoa(internalPort),
		},
	}
	connection, err := grpc.NewClient(loopback(grpcPort),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	d.API, d.GRPC = runtime.NewDaprClient(connection), connection
	return d
}

// Serve puts an application beside the sidecar, before it is started; it is then healthy when it has
// opened so many subscriptions.
func (d *Daprd) Serve(protocol string, port, subscriptions int) {
	d.args = append(d.args, "--app-protocol", protocol, "--app-port", strconv.Itoa(port))
	d.subscriptions = subscriptions
}

// Add gives the sidecar further flags, before it is started.
func (d *Daprd) Add(args ...string) { d.args = append(d.args, args...) }

// Introduce lets sidecars find each other's applications by their ids, before they are started.
func Introduce(t testing.TB, sidecars ...*Daprd) {
	t.Helper()
	peers := map[string]string{}
	for _, d := range sidecars {
		peers[d.appID] = loopback(d.internalPort)
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "dapr.io/v1alpha1",
		"kind":       "Configuration",
		"metadata":   map[string]any{"name": "peers"},
		"spec": map[string]any{
			"nameResolution": map[string]any{"component": "static", "configuration": peers}},
	})
	path := filepath.Join(t.TempDir(), "peers.yaml")
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range sidecars {
		d.Add("--config", path)
	}
}

// Setenv gives the sidecar a variable, before it is started.
func (d *Daprd) Setenv(name, value string) { d.env = append(d.env, name+"="+value) }

// StartDaprd prepares a sidecar, starts it, and waits until it is healthy.
func StartDaprd(t testing.TB, variable, appID, sockets string, documents ...Document) *Daprd {
	t.Helper()
	d := NewDaprd(t, variable, appID, sockets, documents...)
	d.Start()
	return d
}

// Start starts the sidecar, or starts it again on the same ports, and waits until it is healthy.
func (d *Daprd) Start() {
	d.t.Helper()
	d.Launch()
	d.ready(d.t, func() error {
		response, err := http.Get(d.URL + "/v1.0/healthz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode/100 != 2 {
			text, _ := io.ReadAll(response.Body)
			return fmt.Errorf("%s: %s", response.Status, text)
		}
		return d.hasSubscribed()
	})
}

// hasSubscribed tells whether daprd has opened all that the application asked for.
func (d *Daprd) hasSubscribed() error {
	if d.subscriptions == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), Patience)
	defer cancel()
	metadata, err := d.API.GetMetadata(ctx, &runtime.GetMetadataRequest{})
	if err == nil && len(metadata.GetSubscriptions()) < d.subscriptions {
		err = fmt.Errorf("%d of %d subscriptions", len(metadata.GetSubscriptions()), d.subscriptions)
	}
	return err
}

// Launch starts the sidecar and does not wait, for tests in which it is not to become healthy.
func (d *Daprd) Launch() {
	d.t.Helper()
	d.Process = start(d.t, "daprd", d.path, append(d.env, "DAPR_COMPONENTS_SOCKETS_FOLDER="+d.sockets), d.args...)
}

// write puts the document where daprd finds it. JSON is YAML that needs no quoting rules.
func (d Document) write(t testing.TB, folder string) {
	t.Helper()
	type item struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	var items []item
	for _, name := range slices.Sorted(maps.Keys(d.Metadata)) {
		items = append(items, item{name, d.Metadata[name]})
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "dapr.io/v1alpha1",
		"kind":       "Component",
		"metadata":   map[string]any{"name": d.Name},
		"spec":       map[string]any{"type": d.Type, "version": "v1", "metadata": items},
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, d.Name+".yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
