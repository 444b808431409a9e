package rig

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
)

// Subscription is what an application tells its daprd on /dapr/subscribe.
type Subscription struct {
	PubSub     string            `json:"pubsubname"`
	Topic      string            `json:"topic"`
	Route      string            `json:"route"`
	DeadLetter string            `json:"deadLetterTopic,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// Event is one POST of daprd to a route of the application.
type Event struct {
	Route  string
	Header http.Header
	Body   []byte
	Cloud  map[string]any // the body as a CloudEvent; nil when it is no JSON
}

// Data is the event's data as text: what data holds, or data_base64.
func (e Event) Data() string {
	for _, key := range []string{"data", "data_base64"} {
		if text, ok := e.Cloud[key].(string); ok {
			return text
		}
	}
	return string(e.Body)
}

// App is an application behind a daprd. It answers events with the HTTP status that its handler
// gives, and keeps what it has seen.
type App struct {
	Port int

	mutex  sync.Mutex
	events []Event
}

// StartApp listens. handle runs for each event, several at a time; nil says 200 to all.
func StartApp(t testing.TB, subscriptions []Subscription, handle func(Event) int) *App {
	t.Helper()
	listener, err := net.Listen("tcp", loopback(port(t)))
	if err != nil {
		t.Fatal(err)
	}
	a := &App{Port: listener.Addr().(*net.TCPAddr).Port}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(subscriptions)
	})
	mux.HandleFunc("GET /dapr/config", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		event := Event{Route: r.URL.Path, Header: r.Header, Body: body}
		_ = json.Unmarshal(body, &event.Cloud)
		a.mutex.Lock()
		a.events = append(a.events, event)
		a.mutex.Unlock()
		if handle != nil {
			w.WriteHeader(handle(event))
		}
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return a
}

// Events is all that came on a route so far; an empty route is every one.
func (a *App) Events(route string) []Event {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var found []Event
	for _, event := range a.events {
		if route == "" || event.Route == route {
			found = append(found, event)
		}
	}
	return found
}

// Expect waits until a route has seen so many events, and gives them.
func (a *App) Expect(t testing.TB, route string, count int) []Event {
	t.Helper()
	Eventually(t, "events on "+route, func() error {
		if have := len(a.Events(route)); have < count {
			return fmt.Errorf("%d of %d came", have, count)
		}
		return nil
	})
	return a.Events(route)
}

// With prepares a sidecar for an application. Call it before Start.
func (d *Daprd) With(app *App) *Daprd {
	return d.Add("--app-port", strconv.Itoa(app.Port), "--app-protocol", "http")
}

// Add prepares a sidecar with further flags. Call it before Start.
func (d *Daprd) Add(args ...string) *Daprd {
	d.args = append(d.args, args...)
	return d
}
