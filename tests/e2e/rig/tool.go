package rig

import "testing"

// StartTool runs a program of others, with these variables besides our own, until the test ends, or until it is stopped; after SIGTERM it must
// end with this status (a JVM: 143; one that does not catch it: -1).
func StartTool(t testing.TB, name string, status int, env []string, path string, args ...string) *Process {
	t.Helper()
	p := start(t, name, path, env, args...)
	p.statusAfterTerm = status
	return p
}

// Ready waits until the condition holds; a program that ends before is the test's end.
func (p *Process) Ready(t testing.TB, condition func() error) {
	t.Helper()
	p.ready(t, condition)
}

// FreePort gives a port of loopback that nobody has, each once.
func FreePort(t testing.TB) int {
	t.Helper()
	return port(t)
}
