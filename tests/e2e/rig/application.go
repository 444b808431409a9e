package rig

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
)

// Application is a program of ours behind a port that a daprd calls.
type Application struct {
	*Process
	Port int

	t       testing.TB
	program string
	env     []string
	args    []string
}

// NewApplication gives a program from DK_BIN a port, and starts nothing. args may name further
// addresses.
func NewApplication(t testing.TB, program string, args ...string) *Application {
	t.Helper()
	a := &Application{Port: port(t), t: t, program: program}
	a.args = append([]string{"--app-port", strconv.Itoa(a.Port)}, args...)
	return a
}

// Setenv gives the program a variable, before it is started.
func (a *Application) Setenv(name, value string) { a.env = append(a.env, name+"="+value) }

// Launch starts the program and does not wait.
func (a *Application) Launch() {
	a.t.Helper()
	a.Process = start(a.t, a.program, filepath.Join(Need(a.t, BinVar), a.program), a.env, a.args...)
}

// Start starts the program, or starts it again on the same port, and waits until it can be connected
// to.
func (a *Application) Start() {
	a.t.Helper()
	a.Launch()
	a.ready(a.t, func() error {
		connection, err := net.Dial("tcp", a.Address())
		if err == nil {
			connection.Close()
		}
		return err
	})
}

// Address is where the program is called directly.
func (a *Application) Address() string { return loopback(a.Port) }
