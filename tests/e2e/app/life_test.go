package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/codes"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// open lets the handler go on.
func (g gate) open(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(string(g), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// waitBegan waits until the handler stands at the gate.
func (g gate) waitBegan(t *testing.T) {
	t.Helper()
	rig.Eventually(t, "a handler at the gate", func() error {
		_, err := os.Stat(string(g) + ".began")
		return err
	})
}

// exitCode is what a program that has ended by itself gave.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func expectExit(t *testing.T, probe *rig.Application, code int, words string) {
	t.Helper()
	if have := exitCode(probe.WaitForEnd(t)); have != code || !strings.Contains(probe.Log(), words) {
		t.Errorf("exit code %d, log:\n%s", have, probe.Log())
	}
}

// later makes a call in the background.
func later[A any](call func() A) <-chan A {
	answers := make(chan A, 1)
	go func() { answers <- call() }()
	return answers
}

func receive[A any](t *testing.T, answers <-chan A) A {
	t.Helper()
	select {
	case a := <-answers:
		return a
	case <-time.After(rig.Patience):
		t.Fatal("no answer came")
		panic("unreachable")
	}
}

// holdTyped begins a call that stands at the gate.
func holdTyped(ctx context.Context, typed stub, request string) <-chan error {
	return later(func() error {
		_, err := typed.call(ctx, "Hold", request)
		return err
	})
}

func TestCallsInFlightFinishOnSIGTERM(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t, "--drain-timeout", "60s")
	direct := dial(t, probe.Address(), nil)
	typed, watched, invoked := learn(t, direct, direct), newGate(t), newGate(t)
	first := holdTyped(patient(t), typed, watched.request())
	second := later(func() answer { return invoke(t, daprd, "GET", "hold?file="+url.QueryEscape(string(invoked)), "") })
	watched.waitBegan(t)
	invoked.waitBegan(t)

	probe.Signal(t, syscall.SIGTERM)
	rig.Eventually(t, "the port is closed", func() error {
		connection, err := net.Dial("tcp", probe.Address())
		if err == nil {
			connection.Close()
			return errors.New("it is open")
		}
		return nil
	})
	watched.open(t)
	invoked.open(t)

	if err := receive(t, first); err != nil {
		t.Errorf("typed: %v", err)
	}
	if got := receive(t, second); got.status != 200 {
		t.Errorf("through daprd: %d %s", got.status, got.body)
	}
	expectExit(t, probe, 0, `msg="stopped"`)
}

func TestHealthTellsThatItStops(t *testing.T) {
	t.Parallel()
	probe := startProbe(t, "--drain-timeout", "60s")
	ctx, cancel := context.WithCancel(patient(t))
	watch, err := health.NewHealthClient(dial(t, probe.Address(), nil)).Watch(ctx, &health.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []health.HealthCheckResponse_ServingStatus{
		health.HealthCheckResponse_SERVING, health.HealthCheckResponse_NOT_SERVING} {
		told, err := watch.Recv()
		if err != nil || told.GetStatus() != want {
			t.Fatalf("%v %v, not %v", told, err, want)
		}
		probe.Signal(t, syscall.SIGTERM)
	}
	cancel()
	expectExit(t, probe, 0, `msg="stopped"`)
}

func TestAHandlerHearsThatTheDrainIsOver(t *testing.T) {
	t.Parallel()
	probe := startProbe(t, "--drain-timeout", "100ms")
	direct := dial(t, probe.Address(), nil)
	at := newGate(t)
	call := holdTyped(patient(t), learn(t, direct, direct), at.request())
	at.waitBegan(t)

	probe.Signal(t, syscall.SIGTERM)

	if err := receive(t, call); err == nil {
		t.Error("the call succeeded")
	}
	expectExit(t, probe, 0, "drain-timeout reached")
}

func TestAHandlerThatDoesNotHearIsLeftBehind(t *testing.T) {
	t.Parallel()
	probe := startProbe(t, "--drain-timeout", "0s")
	direct := dial(t, probe.Address(), nil)
	at := newGate(t)
	call := holdTyped(patient(t), learn(t, direct, direct), strings.TrimSuffix(at.request(), "}")+`,"isDeaf":true}`)
	at.waitBegan(t)

	probe.Signal(t, syscall.SIGTERM)

	if err := receive(t, call); err == nil {
		t.Error("the call succeeded")
	}
	expectExit(t, probe, 1, "handlers do not end")
}

func TestDaprdFindsAProgramThatWasKilledAndCameBack(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t)
	at := newGate(t)
	call := later(func() answer { return invoke(t, daprd, "GET", "hold?file="+url.QueryEscape(string(at)), "") })
	at.waitBegan(t)

	probe.Kill(t)

	if got := receive(t, call); got.status/100 != 5 {
		t.Errorf("the call that it held: %d %s", got.status, got.body)
	}
	probe.Start()
	rig.Eventually(t, "calls after the restart", func() error {
		if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
}

func TestDaprdWaitsForAProgramThatComesLater(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe")
	daprd := sidecar(t, probe, "grpc")
	daprd.Launch()
	status := func(path string) int {
		response, err := http.Get(daprd.URL + path)
		if err != nil {
			return 0
		}
		response.Body.Close()
		return response.StatusCode
	}
	rig.Eventually(t, "the sidecar's own API", func() error {
		if status("/v1.0/healthz/outbound") != 204 {
			return errors.New("not ready")
		}
		return nil
	})
	if code := status("/v1.0/healthz"); code == 204 {
		t.Error("healthy without its application")
	}

	probe.Start()

	rig.Eventually(t, "calls", func() error {
		if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 || status("/v1.0/healthz") != 204 {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
}

// daprd looks into the application's health all the time and stops what it does for one that is not well.
func TestDaprdFindsTheApplicationHealthy(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)
	daprd := sidecar(t, probe, "grpc")
	daprd.Add("--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-threshold", "1")
	daprd.Start()

	rig.Eventually(t, "calls", func() error {
		if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
}

func TestStartNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []string
		code    int
		words   string
	}{
		"unknown option":   {[]string{"--colour", "red"}, 2, "'--colour' is no option; see --help"},
		"wrong value":      {[]string{"--handlers-max", "none"}, 2, "handlers-max: 'none' is not an integer"},
		"own option":       {[]string{"--open-fault", strings.Repeat("x", 101)}, 2, "open-fault: 101 bytes is outside"},
		"key alone":        {[]string{"--tls-key", "/k"}, 2, "tls-certificate and tls-key"},
		"unreadable file":  {[]string{"--tls-key", "/none", "--tls-certificate", "/none"}, 1, "tls: '/none': No such file"},
		"no address":       {[]string{"--app-address", "localhost"}, 1, "'localhost:"},
		"open":             {[]string{"--open-fault", "index: cannot be read"}, 1, "index: cannot be read"},
		"socket in a file": {[]string{"--unix-socket", "/dev/null/x"}, 1, "/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe := rig.NewApplication(t, "dk-probe", c.options...)
			probe.Launch()
			expectExit(t, probe, c.code, c.words)
		})
	}
}

func TestTheSidecarsSettingsAreChecked(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe")
	probe.Setenv("DAPR_GRPC_PORT", "many")
	probe.Launch()
	expectExit(t, probe, 2, "DAPR_GRPC_PORT: 'many'")
}

func TestAPortHasOneProgram(t *testing.T) {
	t.Parallel()
	authority := rig.NewAuthority(t, "authority")
	files := write(t, authority.Issue(t, "probe", time.Now(), "127.0.0.1"))
	for name, options := range map[string][]string{
		"plain": nil, "TLS": {"--tls-certificate", files.certificate, "--tls-key", files.key}} {
		t.Run(name, func(t *testing.T) {
			probe := rig.NewApplication(t, "dk-probe", options...)
			listener, err := net.Listen("tcp", probe.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			probe.Launch()
			expectExit(t, probe, 1, probe.Address()+"': Address already in use")
		})
	}
}

func TestAKeyOfAnotherCertificateIsRefused(t *testing.T) {
	t.Parallel()
	authority := rig.NewAuthority(t, "authority")
	one := write(t, authority.Issue(t, "one", time.Now(), "127.0.0.1"))
	other := write(t, authority.Issue(t, "other", time.Now(), "127.0.0.1"))
	probe := rig.NewApplication(t, "dk-probe", "--tls-certificate", one.certificate, "--tls-key", other.key)
	probe.Launch()
	expectExit(t, probe, 1, "are no certificate and its key")
}

func TestThePortOpensWhenTheApplicationHas(t *testing.T) {
	t.Parallel()
	at := newGate(t)
	probe := rig.NewApplication(t, "dk-probe", "--open-gate", string(at))
	probe.Launch()
	at.waitBegan(t)
	if connection, err := net.Dial("tcp", probe.Address()); err == nil {
		connection.Close()
		t.Error("it is open before")
	}

	at.open(t)

	probe.WaitForLog(t, "address is ready")
}

func TestSIGTERMWhileTheApplicationOpens(t *testing.T) {
	t.Parallel()
	at := newGate(t)
	probe := rig.NewApplication(t, "dk-probe", "--open-gate", string(at))
	probe.Launch()
	at.waitBegan(t)

	probe.Signal(t, syscall.SIGTERM)

	expectExit(t, probe, 0, `msg="stopped"`)
}

func TestTheServiceManagerHears(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	probe := rig.NewApplication(t, "dk-probe")
	probe.Setenv("NOTIFY_SOCKET", path)
	probe.Launch()
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		buffer := make([]byte, 64)
		if err := manager.SetReadDeadline(time.Now().Add(rig.Patience)); err != nil {
			t.Fatal(err)
		}
		size, err := manager.Read(buffer)
		if err != nil || string(buffer[:size]) != want {
			t.Fatalf("%q %v, not %s", buffer[:size], err, want)
		}
		probe.Signal(t, syscall.SIGTERM)
	}
	expectExit(t, probe, 0, `msg="stopped"`)
}

// One handler runs, one call waits, the third is told to come again.
func TestAFullQueueIsExhausted(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t, "--handlers-max", "1", "--handler-queue-max", "1")
	direct := dial(t, probe.Address(), nil)
	typed, at := learn(t, direct, direct), newGate(t)
	first := holdTyped(patient(t), typed, at.request())
	at.waitBegan(t)

	ended := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := typed.call(patient(t), "Echo", `{}`)
			ended <- err
		}()
	}

	if err := receive(t, ended); status.Code(err) != codes.ResourceExhausted ||
		!strings.Contains(err.Error(), "handler-queue-max") {
		t.Errorf("beyond the queue: %v", err)
	}
	if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 429 {
		t.Errorf("through daprd: %d %s", got.status, got.body)
	}
	at.open(t)
	if err := receive(t, ended); err != nil {
		t.Errorf("in the queue: %v", err)
	}
	if err := receive(t, first); err != nil {
		t.Errorf("at the gate: %v", err)
	}
}

// daprd gives a call no deadline; the handler's worker is free again all the same.
func TestACallEndsAtTheHandlersTimeout(t *testing.T) {
	t.Parallel()
	_, daprd := startBoth(t, "--handlers-max", "1", "--handler-timeout", "100ms")

	got := invoke(t, daprd, "GET", "hold?file="+url.QueryEscape(string(newGate(t))), "")

	if got.status != 504 || !strings.Contains(got.message(t), "handler-timeout") {
		t.Errorf("%d %s", got.status, got.body)
	}
	rig.Eventually(t, "the worker is free", func() error {
		if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
}

// The caller's own deadline is the handler's too.
func TestACallerThatGoesAwayFreesItsWorker(t *testing.T) {
	t.Parallel()
	probe := startProbe(t, "--handlers-max", "1")
	direct := dial(t, probe.Address(), nil)
	typed, at := learn(t, direct, direct), newGate(t)
	ctx, cancel := context.WithCancel(patient(t))
	call := holdTyped(ctx, typed, at.request())
	at.waitBegan(t)

	cancel()

	if err := receive(t, call); status.Code(err) != codes.Canceled {
		t.Errorf("the call: %v", err)
	}
	typed.echo(t, patient(t))
}
