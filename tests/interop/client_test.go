package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

const clientVar = "INTEROP_CLIENT" // the path of dk-interop-client

// ask runs one case of our client and gives its words and whether it passed.
func ask(t *testing.T, name, target string, options ...string) (string, error) {
	t.Helper()
	program := os.Getenv(clientVar)
	if program == "" {
		t.Fatalf("%s is not set: name the program dk-interop-client", clientVar)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*caseTimeout)
	defer cancel()
	words, err := exec.CommandContext(ctx, program, append(append([]string{"--target", target}, options...), name)...).CombinedOutput()
	return string(words), err
}

func askAll(t *testing.T, target string, options ...string) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if words, err := ask(t, c.name, target, options...); err != nil {
				t.Errorf("%v\n%s", err, words)
			}
		})
	}
}

// Both sides have the same cases: none is left out by accident.
func TestOurClientHasEveryCase(t *testing.T) {
	words, err := exec.Command(os.Getenv(clientVar), "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	if got, want := strings.TrimSpace(string(words)), strings.Join(names, "\n"); got != want {
		t.Errorf("the cases are\n%s\ninstead of\n%s", got, want)
	}
}

func TestOurClient(t *testing.T) {
	target := os.Getenv(targetVar)
	if target == "" {
		t.Fatalf("%s is not set: name the server to test, as unix:///path.sock or host:port", targetVar)
	}
	askAll(t, target)
}

func registerTest(s *grpc.Server) {
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
}

func TestOurClientAtReferenceServer(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			askAll(t, serve(t, network, registerTest))
		})
	}
}

func TestOurClientFailsAtAnEmptyServer(t *testing.T) {
	failAll(t, func(name, target string) (string, error) { return ask(t, name, target) })
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

// authority signs certificates into a folder: name.crt and name.key.
type authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (a *authority) file(name string) string { return filepath.Join(a.folder, name) }

func (a *authority) write(t *testing.T, name, kind string, bytes []byte) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
	if err := os.WriteFile(a.file(name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// issue makes a key and a certificate for these host names; the first one signs itself.
func (a *authority) issue(t *testing.T, name string, hosts ...string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     hosts,
	}
	if a.certificate == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign
		a.certificate, a.key = template, key
	}
	bytes, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".crt", "CERTIFICATE", bytes)
	a.write(t, name+".key", "PRIVATE KEY", private)
	if a.certificate == template {
		if a.certificate, err = x509.ParseCertificate(bytes); err != nil {
			t.Fatal(err)
		}
	}
}

// serveTLS starts a server of grpc-go named "localhost" that wants a certificate from its client.
func serveTLS(t *testing.T, a *authority) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.file("server.crt"), a.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.certificate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    clients,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	})))
	registerTest(server)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func TestOurClientOverTLS(t *testing.T) {
	a := &authority{folder: t.TempDir()}
	a.issue(t, "ca")
	a.issue(t, "server", "localhost")
	a.issue(t, "client")
	other := &authority{folder: t.TempDir()}
	other.issue(t, "ca")
	target := serveTLS(t, a)
	certificate := []string{"--certificate", a.file("client.crt"), "--key", a.file("client.key")}

	askAll(t, target, append(certificate, "--ca", a.file("ca.crt"), "--server-name", "localhost")...)

	for name, options := range map[string][]string{
		"unknown authority":     append(certificate, "--ca", other.file("ca.crt"), "--server-name", "localhost"),
		"another server's name": append(certificate, "--ca", a.file("ca.crt"), "--server-name", "elsewhere"),
		"no certificate":        {"--ca", a.file("ca.crt"), "--server-name", "localhost"},
		"in the clear":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			words, err := ask(t, "empty_unary", target, options...)
			if err == nil || !strings.Contains(words, "status 14") {
				t.Errorf("is not UNAVAILABLE but %v:\n%s", err, words)
			}
		})
	}
}
