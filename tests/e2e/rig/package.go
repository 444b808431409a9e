package rig

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// Package stands in for a test where a server is to live as long as the whole test binary, because
// its tests share it. What it says goes to stderr; Run ends what was started.
type Package struct {
	testing.TB // unused: the interface cannot be implemented without it

	mutex    sync.Mutex
	cleanups []func()
	failed   bool
}

// Run runs the tests, then the cleanups, and gives the exit status.
func (p *Package) Run(m *testing.M) int {
	status := m.Run()
	p.failed = p.failed || status != 0
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
	if p.failed && status == 0 {
		status = 1
	}
	return status
}

// Shared makes a thing once, for all tests of a package. When that fails, each of them gets the zero value, and what was
// started by then is ended with the rest: sync.OnceValue alone would let Fatal's Goexit end the process at once.
func Shared[T any](create func() T) func() T {
	return sync.OnceValue(func() (made T) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			made = create()
		}()
		<-over
		return made
	})
}

func (p *Package) Helper() {}

func (p *Package) Name() string { return "package" }

func (p *Package) Cleanup(cleanup func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cleanups = append(p.cleanups, cleanup)
}

// TempDir makes a folder that goes with the package.
func (p *Package) TempDir() string {
	folder, err := os.MkdirTemp("", "dk-package-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// Context is for as long as the tests run.
func (p *Package) Context() context.Context { return context.Background() }

func (p *Package) Failed() bool { return p.failed }

func (p *Package) Log(args ...any) { fmt.Fprintln(os.Stderr, args...) }

func (p *Package) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (p *Package) Errorf(format string, args ...any) {
	p.failed = true
	p.Logf(format, args...)
}

// Fatal ends the test that wanted the server.
func (p *Package) Fatal(args ...any) {
	p.failed = true
	p.Log(args...)
	runtime.Goexit()
}

func (p *Package) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }
