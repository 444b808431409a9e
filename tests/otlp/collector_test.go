// Package otlp holds a program's traces against a collector made of OpenTelemetry's own descriptors and grpc-go: what
// arrives, and what a collector that is away, slow or full of errors costs.
package otlp

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
	"path/filepath"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

const patience = 20 * time.Second

// fake is a collector that does as its script says, one entry a request; after the last everything is taken.
type fake struct {
	collector.UnimplementedTraceServiceServer
	address string
	server  *grpc.Server

	mutex    sync.Mutex
	script   []func(ctx context.Context) error
	spans    []*trace.Span
	resource map[string]string
	headers  metadata.MD
	requests int
	news     chan struct{}
}

func (f *fake) Export(ctx context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	f.mutex.Lock()
	var act func(context.Context) error
	if len(f.script) > 0 {
		act, f.script = f.script[0], f.script[1:]
	}
	f.requests++
	f.headers, _ = metadata.FromIncomingContext(ctx)
	f.mutex.Unlock()
	var err error
	if act != nil {
		err = act(ctx)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err == nil {
		for _, of := range request.ResourceSpans {
			f.resource = words(of.Resource.Attributes)
			for _, scope := range of.ScopeSpans {
				f.spans = append(f.spans, scope.Spans...)
			}
		}
	}
	select {
	case f.news <- struct{}{}:
	default:
	}
	return &collector.ExportTraceServiceResponse{}, err
}

func words(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, pair := range attributes {
		all[pair.Key] = pair.Value.GetStringValue()
	}
	return all
}

func number(t *testing.T, span *trace.Span, key string) int64 {
	t.Helper()
	for _, pair := range span.Attributes {
		if pair.Key == key {
			return pair.Value.GetIntValue()
		}
	}
	t.Fatalf("span %q has no %s", span.Name, key)
	return 0
}

// listen starts a collector at the address; "127.0.0.1:0" takes a free port.
func listen(t *testing.T, address string, certificate *tls.Certificate, script ...func(context.Context) error) *fake {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{address: listener.Addr().String(), script: script, news: make(chan struct{}, 1)}
	var options []grpc.ServerOption
	if certificate != nil {
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(certificate)))
	}
	server := grpc.NewServer(options...)
	collector.RegisterTraceServiceServer(server, f)
	f.server = server
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f
}

// await waits until the condition holds; it is asked with the collector's mutex held.
func (f *fake) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		f.mutex.Lock()
		is := holds()
		f.mutex.Unlock()
		if is {
			return
		}
		select {
		case <-f.news:
		case <-deadline:
			f.mutex.Lock()
			defer f.mutex.Unlock()
			t.Fatalf("%s: not within %v; %d requests, %d spans", what, patience, f.requests, len(f.spans))
		}
	}
}

// spansNamed waits for as many spans of that name and gives them.
func (f *fake) spansNamed(t *testing.T, name string, count int) (found []*trace.Span) {
	t.Helper()
	f.await(t, name, func() bool {
		found = nil
		for _, span := range f.spans {
			if span.Name == name {
				found = append(found, span)
			}
		}
		return len(found) >= count
	})
	if len(found) != count {
		t.Fatalf("%d spans %q instead of %d", len(found), name, count)
	}
	return found
}

// certify makes a certificate for 127.0.0.1, signed by itself, and the file with it for clients to trust.
func certify(t *testing.T) (*tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "collector"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}
