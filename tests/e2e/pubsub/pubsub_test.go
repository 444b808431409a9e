package pubsub

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

func on(topic string) rig.Subscription {
	return rig.Subscription{PubSub: pubsubName, Topic: topic, Route: "/" + topic}
}

func TestPublishedEventsReachTheSubscriberInOrder(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)

		publish(t, daprd, "orders", "application/json", `{"n":1}`, "")
		publishMany(t, daprd, "orders", 50)

		events := app.Expect(t, "/orders", 51)
		first := events[0].Cloud
		if first["topic"] != "orders" || first["pubsubname"] != pubsubName || first["source"] != appID ||
			first["datacontenttype"] != "application/json" || first["type"] != "com.dapr.event.sent" {
			t.Errorf("the envelope is %v", first)
		}
		if data, ok := first["data"].(map[string]any); !ok || data["n"] != 1.0 {
			t.Errorf("data is %v", first["data"])
		}
		for i, event := range events[1:] {
			if event.Data() != fmt.Sprint(i) {
				t.Fatalf("event %d is %q", i, event.Data())
			}
		}
	})
}

func TestTopicsAreApart(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders"), on("bills")}, nil)

		publish(t, daprd, "orders", "text/plain", "order", "")
		publish(t, daprd, "bills", "text/plain", "bill", "")
		publish(t, daprd, "nobody", "text/plain", "x", "")

		if data := app.Expect(t, "/orders", 1)[0].Data(); data != "order" {
			t.Errorf("orders: %q", data)
		}
		if data := app.Expect(t, "/bills", 1)[0].Data(); data != "bill" {
			t.Errorf("bills: %q", data)
		}
		if all := app.Events(""); len(all) != 2 {
			t.Errorf("%d events came", len(all))
		}
	})
}

// Each application gets every message, instances of one application share them.
func TestApplicationsAreConsumerGroups(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		const messages = 60
		first, daprd := w.subscribe("shop", []rig.Subscription{on("orders")}, nil)
		second, _ := w.subscribe("shop", []rig.Subscription{on("orders")}, nil)
		other, _ := w.subscribe("stock", []rig.Subscription{on("orders")}, nil)

		publishMany(t, daprd, "orders", messages)

		other.Expect(t, "/orders", messages)
		rig.Eventually(t, "both shops together", func() error {
			if have := len(first.Events("")) + len(second.Events("")); have < messages {
				return fmt.Errorf("%d of %d", have, messages)
			}
			return nil
		})
		expectExactly(t, other.Events(""), messages, 1)
		expectExactly(t, append(first.Events(""), second.Events("")...), messages, 1)
	})
}

func TestBulkPublish(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)
		request := &runtime.BulkPublishRequest{PubsubName: pubsubName, Topic: "orders"}
		for i := range 100 {
			request.Entries = append(request.Entries, &runtime.BulkPublishRequestEntry{
				EntryId: fmt.Sprint("id", i), Event: []byte(fmt.Sprint(i)), ContentType: "text/plain"})
		}

		response := bulkPublish(t, daprd, request)

		if failed := response.GetFailedEntries(); len(failed) != 0 {
			t.Errorf("failed: %v", failed)
		}
		expectExactly(t, app.Expect(t, "/orders", 100), 100, 1)
	})
}

// One entry that makes no sense is named, the others are published.
func TestBulkPublishNamesTheEntriesThatFailed(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)

		response := bulkPublish(t, daprd, &runtime.BulkPublishRequest{PubsubName: pubsubName, Topic: "orders",
			Entries: []*runtime.BulkPublishRequestEntry{
				{EntryId: "good", Event: []byte("0"), ContentType: "text/plain"},
				{EntryId: "bad", Event: []byte("1"), ContentType: "text/plain",
					Metadata: map[string]string{"ttlInSeconds": "soon"}},
				{EntryId: "fine", Event: []byte("1"), ContentType: "text/plain"},
			}})

		failed := response.GetFailedEntries()
		if len(failed) != 1 || failed[0].GetEntryId() != "bad" || !strings.Contains(failed[0].GetError(), "ttlInSeconds: 'soon'") {
			t.Errorf("failed: %v", failed)
		}
		expectExactly(t, app.Expect(t, "/orders", 2), 2, 1)
	})
}

func TestRawPayload(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		raw := on("raw")
		raw.Metadata = map[string]string{"rawPayload": "true"}
		app, daprd := w.subscribe(appID, []rig.Subscription{raw}, nil)
		const bytes = "\x00no JSON\xff"

		publish(t, daprd, "raw", "application/octet-stream", bytes, "metadata.rawPayload=true")

		event := app.Expect(t, "/raw", 1)[0]
		data, err := base64.StdEncoding.DecodeString(event.Data())
		if err != nil || string(data) != bytes {
			t.Errorf("came %q (%v) in %v", data, err, event.Cloud)
		}
	})
}

func TestRefusedMessagesComeAgain(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		var mutex sync.Mutex
		tries := map[string]int{}
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, func(event rig.Event) int {
			mutex.Lock()
			defer mutex.Unlock()
			tries[event.Data()]++
			if tries[event.Data()] <= 2 && event.Data() != "0" {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})

		publishMany(t, daprd, "orders", 5)

		rig.Eventually(t, "three tries of each, one of the first", func() error {
			seen := count(app.Events("/orders"))
			if seen["0"] == 1 && seen["1"] == 3 && seen["2"] == 3 && seen["3"] == 3 && seen["4"] == 3 {
				return nil
			}
			return fmt.Errorf("%v", seen)
		})
		publish(t, daprd, "orders", "text/plain", "0", "") // a handled one does not come again
		rig.Eventually(t, "the last one", func() error {
			if seen := count(app.Events("/orders")); seen["0"] != 2 || seen["1"] != 3 {
				return fmt.Errorf("%v", seen)
			}
			return nil
		})
	})
}

func TestDeadLetterTopic(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		orders := on("orders")
		orders.DeadLetter = "poison"
		app, daprd := w.subscribe(appID, []rig.Subscription{orders, on("poison")}, func(event rig.Event) int {
			if event.Route == "/orders" && event.Data() == "bad" {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})

		publish(t, daprd, "orders", "text/plain", "bad", "")
		publish(t, daprd, "orders", "text/plain", "good", "")

		if data := app.Expect(t, "/poison", 1)[0].Data(); data != "bad" {
			t.Errorf("dead letter: %q", data)
		}
		if seen := count(app.Expect(t, "/orders", 2)); seen["bad"] != 1 || seen["good"] != 1 {
			t.Errorf("orders: %v", seen)
		}
	})
}

// The component keeps the time of a message, for it has said MESSAGE_TTL.
func TestExpiredMessagesAreNotDelivered(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)
		publisher := w.daprd("publisher", nil)
		publisher.Start()
		publish(t, publisher, "orders", "text/plain", "before", "")
		app.Expect(t, "/orders", 1)
		daprd.Stop(t) // the group stays, and keeps what is published now

		publish(t, publisher, "orders", "text/plain", "short", "metadata.ttlInSeconds=1ms")
		publish(t, publisher, "orders", "text/plain", "long", "metadata.ttlInSeconds=600")
		w.startSubscribed(daprd, 1)

		app.Expect(t, "/orders", 2)
		if seen := count(app.Events("/orders")); seen["long"] != 1 || seen["short"] != 0 {
			t.Errorf("came %v", seen)
		}
	})
}

// daprd stops in order: it pauses, finishes what it has, acknowledges, and only then leaves. So
// what the next daprd gets is the rest, and nothing comes twice.
func TestNothingComesTwiceWhenDaprdPausesBeforeItStops(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		const messages = 300
		var handled atomic.Int64
		app := rig.StartApp(t, []rig.Subscription{on("orders")}, func(rig.Event) int {
			handled.Add(1)
			time.Sleep(2 * time.Millisecond) // work, so that some is in flight
			return http.StatusOK
		})
		daprd := w.daprd(appID, nil).With(app).Add("--dapr-block-shutdown-duration", "1s")
		w.startSubscribed(daprd, 1)
		publisher := w.daprd("publisher", nil)
		publisher.Start()

		publishMany(t, publisher, "orders", messages/2)
		rig.Eventually(t, "the first ones", func() error {
			if handled.Load() < 10 {
				return fmt.Errorf("%d handled", handled.Load())
			}
			return nil
		})
		daprd.Signal(t, syscall.SIGTERM)
		w.component.WaitForLog(t, "instance is paused")
		for i := messages / 2; i < messages; i++ {
			publish(t, publisher, "orders", "text/plain", fmt.Sprint(i), "")
		}
		if err := daprd.WaitForEnd(t); err != nil {
			t.Errorf("daprd ended with %v", err)
		}
		w.startSubscribed(daprd, 1)

		app.Expect(t, "/orders", messages)
		expectExactly(t, app.Events("/orders"), messages, 1)
	})
}

// What was on its way when a daprd died was not handled: it comes again, nothing is lost.
func TestADaprdThatDiesLosesNothing(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		const messages = 200
		app := rig.StartApp(t, []rig.Subscription{on("orders")}, func(rig.Event) int {
			time.Sleep(time.Millisecond)
			return http.StatusOK
		})
		daprd := w.daprd(appID, nil).With(app)
		w.startSubscribed(daprd, 1)
		publisher := w.daprd("publisher", nil)
		publisher.Start()

		publishMany(t, publisher, "orders", messages)
		app.Expect(t, "/orders", 5)
		daprd.Kill(t)
		w.startSubscribed(daprd, 1)

		rig.Eventually(t, "all of them", func() error {
			if seen := count(app.Events("/orders")); len(seen) < messages {
				return fmt.Errorf("%d of %d", len(seen), messages)
			}
			return nil
		})
		doubles := 0
		for _, times := range count(app.Events("/orders")) {
			doubles += times - 1
		}
		if doubles > 2 { // the one in the application's hands, and one whose ack was under way
			t.Errorf("%d came twice", doubles)
		}
	})
}

// SIGTERM: subscriptions end at once when nothing is on its way, and the program does not wait for
// its drain timeout.
func TestTheComponentStopsUnderOpenSubscriptions(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		app, daprd := w.subscribe(appID, []rig.Subscription{on("orders"), on("bills")}, nil)
		publishMany(t, daprd, "orders", 20)
		app.Expect(t, "/orders", 20)

		w.component.Signal(t, syscall.SIGTERM)

		if err := w.component.WaitForEnd(t); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if log := w.component.Log(); strings.Contains(log, "drain-timeout reached") || !strings.Contains(log, "handled=20") {
			t.Errorf("its log says otherwise")
		}
		if status, text := tryPublish(t, daprd, "orders", "text/plain", "x", ""); status/100 == 2 {
			t.Errorf("published to nobody: %s", text)
		}
	})
}

// A message in the application's hands may still be acknowledged after SIGTERM.
func TestTheComponentTakesTheLastAckBeforeItStops(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		release, arrived := make(chan bool), make(chan bool)
		_, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, func(rig.Event) int {
			arrived <- true
			<-release
			return http.StatusOK
		})
		publish(t, daprd, "orders", "text/plain", "0", "")
		<-arrived

		w.component.Signal(t, syscall.SIGTERM)
		w.component.WaitForLog(t, "stopping")
		close(release)

		if err := w.component.WaitForEnd(t); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if !strings.Contains(w.component.Log(), "handled=1 refused=0 abandoned=0") {
			t.Errorf("its log says otherwise")
		}
	})
}

// daprd does not call Init again: it has to be told, and the error says so.
func TestAComponentThatIsKilledSaysWhatToDo(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		_, daprd := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)
		w.component.Kill(t)
		if status, text := tryPublish(t, daprd, "orders", "text/plain", "x", ""); status/100 == 2 {
			t.Errorf("published to nobody: %s", text)
		}

		w.component = rig.StartComponent(t, w.broker.program, w.broker.program, w.sockets)
		rig.Eventually(t, "words that help", func() error {
			status, text := tryPublish(t, daprd, "orders", "text/plain", "x", "")
			if status/100 == 2 || !strings.Contains(text, "is not initialised") || !strings.Contains(text, "restart daprd") {
				return fmt.Errorf("%d %s", status, text)
			}
			return nil
		})
		daprd.Stop(t)
		app, again := w.subscribe(appID, []rig.Subscription{on("orders")}, nil)
		publish(t, again, "orders", "text/plain", "0", "")

		app.Expect(t, "/orders", 1)
	})
}
