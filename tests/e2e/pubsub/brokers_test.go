// Package pubsub tests the brokers as a user meets them: an application, its daprd, and a
// component behind a socket.
package pubsub

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// A broker is a component under test. A new one adds a row.
type broker struct {
	name    string
	program string
	// prepare starts what the component needs, and gives the metadata of its document.
	prepare func(t *testing.T) map[string]string
}

var brokers = []broker{
	{name: "dk-memory", program: "dk-memory",
		prepare: func(*testing.T) map[string]string { return map[string]string{"redeliverInterval": "50ms"} }},
}

// forBrokers runs a test with applications over gRPC and over HTTP.
func forBrokers(t *testing.T, run func(t *testing.T, w *world)) {
	for _, b := range brokers {
		for _, protocol := range []string{"grpc", "http"} {
			t.Run(b.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				run(t, start(t, b, protocol))
			})
		}
	}
}

// A world is a broker with its component program; daprds and applications come as a test wants.
type world struct {
	t         *testing.T
	broker    broker
	protocol  string
	metadata  map[string]string
	sockets   string
	component *rig.Component
}

const (
	pubsubName = "messages"
	appID      = "app"
)

func start(t *testing.T, b broker, protocol string) *world {
	t.Helper()
	w := &world{t: t, broker: b, protocol: protocol, metadata: b.prepare(t), sockets: rig.SocketFolder(t)}
	w.component = rig.StartComponent(t, b.program, b.program, w.sockets)
	return w
}

// daprd prepares a sidecar; metadata is added to the component's document.
func (w *world) daprd(id string, metadata map[string]string) *rig.Daprd {
	w.t.Helper()
	all := maps.Clone(w.metadata)
	maps.Copy(all, metadata)
	return rig.NewDaprd(w.t, rig.DaprdVar, id, w.sockets,
		rig.Document{Name: pubsubName, Type: "pubsub." + w.broker.program, Metadata: all})
}

// on is a subscription to a topic.
func on(topic string) app.Subscription { return app.Subscription{PubSub: pubsubName, Topic: topic} }

// subscribe starts a sidecar for an application and waits until the component has seen all its
// subscriptions: what is published before is kept for nobody. handle may be nil.
func (w *world) subscribe(id string, handle app.Handler, subscriptions ...app.Subscription) (*inbox, *rig.Daprd) {
	w.t.Helper()
	box, daprd := w.prepare(id, handle, subscriptions...)
	w.startSubscribed(daprd, len(subscriptions))
	return box, daprd
}

// prepare is subscribe without the start.
func (w *world) prepare(id string, handle app.Handler, subscriptions ...app.Subscription) (*inbox, *rig.Daprd) {
	w.t.Helper()
	box := &inbox{handle: handle}
	application := app.Start(w.t, w.protocol, box.receive, subscriptions)
	daprd := w.daprd(id, nil)
	daprd.Serve(w.protocol, application.Port, len(subscriptions))
	return box, daprd
}

func (w *world) startSubscribed(daprd *rig.Daprd, subscriptions int) {
	w.t.Helper()
	before := strings.Count(w.component.Log(), "subscription begins")
	daprd.Start()
	rig.Eventually(w.t, "subscriptions", func() error {
		if have := strings.Count(w.component.Log(), "subscription begins") - before; have < subscriptions {
			return fmt.Errorf("%d of %d have begun", have, subscriptions)
		}
		return nil
	})
}

// publish posts over HTTP; query is what follows the "?".
func publish(t *testing.T, d *rig.Daprd, topic, contentType, data, query string) {
	t.Helper()
	if status, text := tryPublish(t, d, topic, contentType, data, query); status/100 != 2 {
		t.Fatalf("publish: %d %s", status, text)
	}
}

func tryPublish(t *testing.T, d *rig.Daprd, topic, contentType, data, query string) (int, string) {
	t.Helper()
	url := d.URL + "/v1.0/publish/" + pubsubName + "/" + topic
	if query != "" {
		url += "?" + query
	}
	response, err := http.Post(url, contentType, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func publishMany(t *testing.T, d *rig.Daprd, topic string, count int) {
	t.Helper()
	for i := range count {
		publish(t, d, topic, "text/plain", fmt.Sprint(i), "")
	}
}

func bulkPublish(t *testing.T, d *rig.Daprd, request *runtime.BulkPublishRequest) *runtime.BulkPublishResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	t.Cleanup(cancel)
	response, err := d.API.BulkPublishEventAlpha1(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// An inbox is what an application has seen.
type inbox struct {
	handle app.Handler

	mutex  sync.Mutex
	events []app.Event
}

func (b *inbox) receive(event app.Event) error {
	b.mutex.Lock()
	b.events = append(b.events, event)
	b.mutex.Unlock()
	if b.handle == nil {
		return nil
	}
	return b.handle(event)
}

// of is all that came of a topic so far.
func (b *inbox) of(topic string) []app.Event {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var found []app.Event
	for _, event := range b.events {
		if event.Topic == topic {
			found = append(found, event)
		}
	}
	return found
}

// expect waits until a topic has seen so many events, and gives them.
func (b *inbox) expect(t *testing.T, topic string, count int) []app.Event {
	t.Helper()
	rig.Eventually(t, "events of "+topic, func() error {
		if have := len(b.of(topic)); have < count {
			return fmt.Errorf("%d of %d came", have, count)
		}
		return nil
	})
	return b.of(topic)
}

// count tells how often each datum came.
func count(events []app.Event) map[string]int {
	seen := map[string]int{}
	for _, event := range events {
		seen[string(event.Data)]++
	}
	return seen
}

// expectExactly wants the messages 0 … wanted-1, each so many times, and no others.
func expectExactly(t *testing.T, events []app.Event, wanted int, times int) {
	t.Helper()
	seen := count(events)
	for i := range wanted {
		if have := seen[fmt.Sprint(i)]; have != times {
			t.Errorf("message %d came %d times, not %d", i, have, times)
		}
	}
	if len(seen) != wanted {
		t.Errorf("%d different messages came, not %d", len(seen), wanted)
	}
}
