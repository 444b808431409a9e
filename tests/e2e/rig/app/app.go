// Package app is an application beside a daprd, over gRPC or HTTP, that hands every event to a handler.
package app

import (
	"encoding/json"
	"errors"
	"net"
	"testing"
)

// Subscription is what an application asks daprd for.
type Subscription struct {
	PubSub     string
	Topic      string
	DeadLetter string // where a refused event goes; empty: it comes again
	Metadata   map[string]string
}

// Event is what daprd hands to an application.
type Event struct {
	Source   string            // the Component it came through
	Topic    string            // empty for a binding
	Data     []byte            // what was published
	Binary   bool              // Data travelled as data_base64
	Type     string            // its content type; empty for a binding
	About    map[string]string // attributes of the CloudEvent, those that are texts
	Metadata map[string]string // of the message; names in lower case
}

// ErrRefused is what a handler returns for an event that it wants again.
var ErrRefused = errors.New("refused by the test")

// ErrDropped is what a handler returns for an event that it wants to see nowhere again.
var ErrDropped = errors.New("dropped by the test")

// Handler sees each event; it runs at the same time for events that daprd delivers at the same time.
type Handler func(Event) error

// App is an application beside daprd, over gRPC or HTTP.
type App struct {
	Protocol string // "grpc" or "http", as daprd calls them
	Port     int

	subscriptions []Subscription
	bindings      []string
	handler       Handler
}

// Start serves until the test ends. bindings names the input bindings it wants events from.
func Start(t testing.TB, protocol string, handler Handler, subscriptions []Subscription, bindings ...string) *App {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &App{Protocol: protocol, Port: listener.Addr().(*net.TCPAddr).Port,
		subscriptions: subscriptions, bindings: bindings, handler: handler}
	switch protocol {
	case "grpc":
		a.serveGRPC(t, listener)
	case "http":
		a.serveHTTP(t, listener)
	default:
		t.Fatalf("'%s' is neither grpc nor http", protocol)
	}
	return a
}

// Subscriptions is how many it asks for.
func (a *App) Subscriptions() int { return len(a.subscriptions) }

// textOf takes JSON's quotes off a text; other JSON is taken as it stands.
func textOf(data []byte) []byte {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return []byte(text)
	}
	return data
}
