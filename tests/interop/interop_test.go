// Package interop drives gRPC's interoperability cases: grpc-go as the client against the server at
// INTEROP_TARGET ("unix:///path.sock" or "127.0.0.1:port"), and our client at INTEROP_CLIENT against
// that server and grpc-go's.
package interop

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

const (
	targetVar   = "INTEROP_TARGET" // the server to test
	caseVar     = "INTEROP_CASE"   // in a child: the one case to run
	caseTimeout = 30 * time.Second
)

type client struct {
	testgrpc.TestServiceClient
	connection *grpc.ClientConn
}

// plain wraps the cases that need the test service alone.
func plain(do func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(context.Context, client) {
	return func(ctx context.Context, c client) { do(ctx, c) }
}

var cases = []struct {
	name string
	run  func(context.Context, client)
}{
	{"empty_unary", plain(interop.DoEmptyUnaryCall)},
	{"large_unary", plain(interop.DoLargeUnaryCall)},
	{"client_streaming", plain(interop.DoClientStreaming)},
	{"server_streaming", plain(interop.DoServerStreaming)},
	{"ping_pong", plain(interop.DoPingPong)},
	{"empty_stream", plain(interop.DoEmptyStream)},
	{"cancel_after_begin", plain(interop.DoCancelAfterBegin)},
	{"cancel_after_first_response", plain(interop.DoCancelAfterFirstResponse)},
	{"timeout_on_sleeping_server", plain(interop.DoTimeoutOnSleepingServer)},
	{"status_code_and_message", plain(interop.DoStatusCodeAndMessage)},
	{"special_status_message", plain(interop.DoSpecialStatusMessage)},
	{"custom_metadata", plain(interop.DoCustomMetadata)},
	{"unimplemented_method", func(ctx context.Context, c client) {
		interop.DoUnimplementedMethod(ctx, c.connection)
	}},
	{"unimplemented_service", func(ctx context.Context, c client) {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(c.connection))
	}},
}

// grpc-go's cases end the process when they fail, so each runs in a child of its own: this program,
// started again with the name of the case.
func TestMain(m *testing.M) {
	if name := os.Getenv(caseVar); name != "" {
		runCase(name, os.Getenv(targetVar))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runCase(name, target string) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	defer cancel()
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	for _, c := range cases {
		if c.name == name {
			c.run(ctx, client{testgrpc.NewTestServiceClient(connection), connection})
			return
		}
	}
	fmt.Fprintf(os.Stderr, "no case is called %q\n", name)
	os.Exit(1)
}

// inChild runs one case and gives its words and whether it passed.
func inChild(name, target string) (string, error) {
	// A case has its own deadline; this one is for a child that ignores it.
	ctx, cancel := context.WithTimeout(context.Background(), 2*caseTimeout)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), caseVar+"="+name, targetVar+"="+target)
	words, err := child.CombinedOutput()
	return string(words), err
}

func TestServer(t *testing.T) {
	target := os.Getenv(targetVar)
	if target == "" {
		t.Fatalf("%s is not set: name the server to test, as unix:///path.sock or host:port", targetVar)
	}
	passAll(t, target)
}

// The cases are worth what grpc-go's own server says about them.
func TestReferenceServer(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			passAll(t, serve(t, network, func(s *grpc.Server) {
				testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
			}))
		})
	}
}

func TestEmptyServerFailsWhatItCannotServe(t *testing.T) {
	failAll(t, inChild)
}

// failAll asks a server without services what it cannot serve: every such case must fail.
func failAll(t *testing.T, ask func(name, target string) (string, error)) {
	target := serve(t, "unix", func(*grpc.Server) {})
	for _, c := range cases {
		switch c.name {
		case "unimplemented_method", "unimplemented_service":
			continue // served by having nothing
		case "cancel_after_begin", "timeout_on_sleeping_server":
			continue // over before the server has to answer
		}
		t.Run(c.name, func(t *testing.T) {
			if words, err := ask(c.name, target); err == nil {
				t.Errorf("passes:\n%s", words)
			}
		})
	}
}

func passAll(t *testing.T, target string) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if words, err := inChild(c.name, target); err != nil {
				t.Errorf("%v\n%s", err, words)
			}
		})
	}
}

// serve starts a server of grpc-go in this process and gives its target.
func serve(t *testing.T, network string, register func(*grpc.Server)) string {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	if network == "unix" {
		return "unix://" + address
	}
	return listener.Addr().String()
}
