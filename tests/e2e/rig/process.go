package rig

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	logBytesMax = 64 << 10 // what a failed test shows of each process
	stopTimeout = 20 * time.Second
)

// Process is a program that runs until the test ends, or until the test ends it.
type Process struct {
	name   string
	cmd    *exec.Cmd
	log    *logBuffer
	ended  chan struct{} // closed when err is set
	err    error
	killed bool // by the test, so its exit status says nothing

	statusAfterTerm int
}

// start runs a program. When the test ends, it is stopped with SIGTERM and must then end well.
func start(t testing.TB, name, path string, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{name: name, cmd: exec.Command(path, args...), log: &logBuffer{}, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Stop(t)
		if t.Failed() {
			t.Logf("--- log of %s\n%s", name, p.Log())
		}
	})
	return p
}

// Stop asks the process to end and insists that it does, with statusAfterTerm.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if p.killed {
		return
	}
	if p.hasEnded() {
		p.killed = true // told once
		t.Errorf("%s: ended before it was asked to: %v", p.name, p.err)
		return
	}
	p.Signal(t, syscall.SIGCONT)
	p.Signal(t, syscall.SIGTERM)
	select {
	case <-p.ended:
		if status := p.cmd.ProcessState.ExitCode(); status != p.statusAfterTerm {
			t.Errorf("%s: %v after SIGTERM", p.name, p.err)
		}
	case <-time.After(stopTimeout):
		t.Errorf("%s: still there %v after SIGTERM", p.name, stopTimeout)
		p.Kill(t)
	}
	p.killed = true
}

// Kill ends the process at once, as a crash would.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	p.killed = true
	p.Signal(t, syscall.SIGKILL)
	<-p.ended
}

// Signal sends a signal; to a process that has ended it is nothing.
func (p *Process) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("%s: %v: %v", p.name, signal, err)
	}
}

// ready waits for a condition that cannot come true once the process has ended.
func (p *Process) ready(t testing.TB, condition func() error) {
	t.Helper()
	if err := await(condition, p.ended); err != nil {
		t.Fatalf("%s: never ready: %v", p.name, err)
	}
}

// ResidentKiB is the memory that the process has now.
func (p *Process) ResidentKiB(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib
		}
	}
	t.Fatalf("%s: its status has no VmRSS", p.name)
	return 0
}

// WaitForLog waits for words in the log.
func (p *Process) WaitForLog(t testing.TB, words string) {
	t.Helper()
	Eventually(t, p.name, func() error {
		if strings.Contains(p.Log(), words) {
			return nil
		}
		return fmt.Errorf("its log does not say %q", words)
	})
}

// WaitForEnd waits until the process ends by itself, and tells how.
func (p *Process) WaitForEnd(t testing.TB) error {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		t.Fatalf("%s: still there after %v", p.name, Patience)
	}
	p.killed = true
	return p.err
}

func (p *Process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Log is what the process has printed, its last lines where there are more than logBytesMax.
func (p *Process) Log() string { return p.log.String() }

type logBuffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (l *logBuffer) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.bytes.Len() > 2*logBytesMax {
		l.bytes.Next(l.bytes.Len() - logBytesMax)
		l.bytes.Next(bytes.IndexByte(l.bytes.Bytes(), '\n') + 1) // the rest of a line that is cut
	}
	return l.bytes.Write(data)
}

func (l *logBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.bytes.String()
}
