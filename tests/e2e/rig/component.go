package rig

import (
	"net"
	"os"
	"path/filepath"
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
		[]string{"DAPR_COMPONENTS_SOCKETS_FOLDER=" + sockets},
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
