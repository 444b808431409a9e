package rig

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Component is a program of ours that serves a socket.
type Component struct {
	*Process
	Socket string
}

// transportVar picks the transport that components are served by: "h2", which is how they are shipped,
// or "core", for which their "-core" builds are started.
const transportVar = "DK_TRANSPORT"

// StartComponent starts dk-<something> from DK_BIN and waits until its socket can be connected to.
// The socket is called name.sock, so name is what follows "state." in a component document.
func StartComponent(t testing.TB, program, name, sockets string, args ...string) *Component {
	t.Helper()
	return startComponent(t, nil, program, name, sockets, args...)
}

// StartBeside starts a component that has its sidecar restarted when it finds an earlier life of its own.
func StartBeside(t testing.TB, d *Daprd, program, name, sockets string, args ...string) *Component {
	t.Helper()
	return startComponent(t, []string{"DAPR_GRPC_PORT=" + strconv.Itoa(d.GRPCPort)}, program, name, sockets,
		append([]string{"--restart-sidecar", "true"}, args...)...)
}

func startComponent(t testing.TB, env []string, program, name, sockets string, args ...string) *Component {
	t.Helper()
	switch transport := os.Getenv(transportVar); transport {
	case "", "h2":
	case "core":
		program += "-core"
		args = append([]string{"--transport", transport}, args...)
	default:
		t.Fatalf("%s: '%s' is neither h2 nor core", transportVar, transport)
	}
	c := &Component{Socket: filepath.Join(sockets, name+".sock")}
	c.Process = start(t, program, filepath.Join(Need(t, BinVar), program),
		append(env, "DAPR_COMPONENTS_SOCKETS_FOLDER="+sockets),
		append([]string{"--name", name}, args...)...)
	c.ready(t, func() error {
		connection, err := net.Dial("unix", c.Socket)
		if err == nil {
			connection.Close()
		}
		return err
	})
	return c
}
