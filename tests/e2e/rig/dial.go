package rig

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Dial connects to "host:port" or "unix:/path" in the clear, as daprd and grpcurl do; the test's end closes it.
func Dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

// Answer is what an HTTP caller sees.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Ask makes one HTTP call. Headers come in pairs.
func Ask(ctx context.Context, client *http.Client, verb, url, body string, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, verb, url, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(text)}, err
}

// AskJSON is Ask with a body that is JSON unless the headers say otherwise.
func AskJSON(ctx context.Context, client *http.Client, verb, url, body string, headers ...string) (Answer, error) {
	if body != "" {
		headers = append([]string{"content-type", "application/json"}, headers...)
	}
	return Ask(ctx, client, verb, url, body, headers...)
}
