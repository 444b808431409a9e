package app

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const token = "a-token-of-the-application"

func startWithToken(t *testing.T) *rig.Application {
	t.Helper()
	probe := rig.NewApplication(t, "dk-probe")
	probe.Setenv("APP_API_TOKEN", token)
	probe.Start()
	return probe
}

func TestTheSidecarShowsTheToken(t *testing.T) {
	t.Parallel()
	probe := startWithToken(t)
	daprd := sidecar(t, probe, "grpc")
	daprd.Setenv("APP_API_TOKEN", token)
	daprd.Start()

	if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 {
		t.Errorf("OnInvoke: %d %s", got.status, got.body)
	}
	learn(t, dial(t, probe.Address(), nil), daprd.GRPC).echo(t,
		metadata.AppendToOutgoingContext(patient(t), "dapr-app-id", appID))
}

func TestAWrongTokenIsRefused(t *testing.T) {
	t.Parallel()
	probe := startWithToken(t)
	daprd := sidecar(t, probe, "grpc")
	daprd.Setenv("APP_API_TOKEN", "another")
	daprd.Start()

	if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 401 ||
		!strings.Contains(got.message(t), "dapr-api-token") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Health, reflection and what daprd asks at its start come without a token.
func TestOnlyHandlersAskForTheToken(t *testing.T) {
	t.Parallel()
	probe := startWithToken(t)
	direct := dial(t, probe.Address(), nil)

	_, err := learn(t, direct, direct).call(patient(t), "Echo", `{}`)
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("Echo: %v", err)
	}
	if _, err = health.NewHealthClient(direct).Check(patient(t), &health.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	if _, err = runtime.NewAppCallbackHealthCheckClient(direct).HealthCheck(patient(t), &emptypb.Empty{}); err != nil {
		t.Errorf("HealthCheck: %v", err)
	}
	callback := runtime.NewAppCallbackClient(direct)
	if _, err = callback.ListTopicSubscriptions(patient(t), &emptypb.Empty{}); err != nil {
		t.Errorf("ListTopicSubscriptions: %v", err)
	}
	if _, err = callback.ListInputBindings(patient(t), &emptypb.Empty{}); err != nil {
		t.Errorf("ListInputBindings: %v", err)
	}
	if _, err = callback.OnTopicEvent(patient(t), &runtime.TopicEventRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("OnTopicEvent: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(patient(t), "dapr-api-token", token)
	if _, err = learn(t, direct, direct).call(ctx, "Echo", `{}`); err != nil {
		t.Errorf("Echo with the token: %v", err)
	}
}

// A pem is a certificate with its key, as files.
type pem struct{ certificate, key string }

func write(t *testing.T, c rig.Certificate) pem {
	t.Helper()
	folder := t.TempDir()
	p := pem{filepath.Join(folder, "crt.pem"), filepath.Join(folder, "key.pem")}
	for path, text := range map[string]string{p.certificate: c.PEM, p.key: c.Key} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// trusting is a client that knows the authority.
func trusting(t *testing.T, authority *rig.Authority, own ...tls.Certificate) credentials.TransportCredentials {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(authority.PEM))
	return credentials.NewTLS(&tls.Config{RootCAs: pool, Certificates: own})
}

func TestTLSBehindDaprdAndDirectly(t *testing.T) {
	t.Parallel()
	authority := rig.NewAuthority(t, "authority")
	files := write(t, authority.Issue(t, "probe", time.Now(), "127.0.0.1"))
	socket := t.TempDir() + "/s"
	probe := startProbe(t, "--tls-certificate", files.certificate, "--tls-key", files.key, "--unix-socket", socket)
	daprd := sidecar(t, probe, "grpcs")
	daprd.Start()

	if got := invoke(t, daprd, "POST", "echo/x", ""); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	direct := dial(t, probe.Address(), trusting(t, authority))
	learn(t, direct, direct).echo(t, patient(t))
	local := dial(t, "unix:"+socket, nil) // the socket's permissions guard it
	learn(t, local, local).echo(t, patient(t))

	plain := dial(t, probe.Address(), nil)
	if _, err := learn(t, direct, plain).call(patient(t), "Echo", `{}`); status.Code(err) != codes.Unavailable {
		t.Errorf("in the clear: %v", err)
	}
}

func TestCallersShowACertificateWhenTheyMust(t *testing.T) {
	t.Parallel()
	authority := rig.NewAuthority(t, "authority")
	files := write(t, authority.Issue(t, "probe", time.Now(), "127.0.0.1"))
	ca := write(t, rig.Certificate{PEM: authority.PEM})
	probe := startProbe(t, "--tls-certificate", files.certificate, "--tls-key", files.key, "--tls-client-ca", ca.certificate)
	issued := authority.Issue(t, "caller", time.Now())
	own, err := tls.X509KeyPair([]byte(issued.PEM), []byte(issued.Key))
	if err != nil {
		t.Fatal(err)
	}

	known := dial(t, probe.Address(), trusting(t, authority, own))
	learn(t, known, known).echo(t, patient(t))

	unknown := dial(t, probe.Address(), trusting(t, authority))
	_, err = learn(t, known, unknown).call(patient(t), "Echo", `{}`)
	if status.Code(err) != codes.Unavailable {
		t.Errorf("without one: %v", err)
	}
}

// Bytes that are no HTTP/2 end their connection and nothing else.
func TestGarbageOnThePort(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)
	direct := dial(t, probe.Address(), nil)
	typed := learn(t, direct, direct)
	for _, bytes := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", strings.Repeat("x", 1<<16),
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 512)} {
		connection, err := net.Dial("tcp", probe.Address())
		if err != nil {
			t.Fatal(err)
		}
		if err = connection.SetDeadline(time.Now().Add(rig.Patience)); err != nil {
			t.Fatal(err)
		}
		_, _ = connection.Write([]byte(bytes)) // it may be refused before it is all written
		for buffer := make([]byte, 4096); err == nil; {
			_, err = connection.Read(buffer)
		}
		if refused, ok := err.(net.Error); ok && refused.Timeout() {
			t.Errorf("%.20q: the connection stays", bytes)
		}
		connection.Close()
		typed.echo(t, patient(t))
	}
}
