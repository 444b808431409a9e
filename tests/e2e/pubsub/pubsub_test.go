package pubsub

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

func TestPublishedEventsReachTheSubscriberInOrder(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		box, daprd := w.subscribe(appID, nil, on("orders"))

		publish(t, daprd, "orders", "application/json", `{"n":1}`, "")
		publishMany(t, daprd, "orders", 50)

		events := box.expect(t, "orders", 51)
		first := events[0]
		if first.Topic != "orders" || first.Source != pubsubName || first.About["source"] != appID ||
			first.Type != "application/json" || first.About["type"] != "com.dapr.event.sent" {
			t.Errorf("the envelope is %v", first)
		}
		if string(first.Data) != `{"n":1}` {
			t.Errorf("data is %s", first.Data)
		}
		for i, event := range events[1:] {
			if string(event.Data) != fmt.Sprint(i) {
				t.Fatalf("event %d is %q", i, string(event.Data))
			}
		}
	})
}

func TestTopicsAreApart(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		box, daprd := w.subscribe(appID, nil, on("orders"), on("bills"))

		publish(t, daprd, "orders", "text/plain", "order", "")
		publish(t, daprd, "bills", "text/plain", "bill", "")
		publish(t, daprd, "nobody", "text/plain", "x", "")

		if data := box.expect(t, "orders", 1)[0].Data; string(data) != "order" {
			t.Errorf("orders: %q", data)
		}
		if data := box.expect(t, "bills", 1)[0].Data; string(data) != "bill" {
			t.Errorf("bills: %q", data)
		}
		if orders, bills := len(box.of("orders")), len(box.of("bills")); orders != 1 || bills != 1 {
			t.Errorf("%d and %d events came", orders, bills)
		}
	})
}

// Each application gets every message, instances of one application share them.
func TestApplicationsAreConsumerGroups(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		const messages = 60
		first, daprd := w.subscribe("shop", nil, on("orders"))
		second, _ := w.subscribe("shop", nil, on("orders"))
		other, _ := w.subscribe("stock", nil, on("orders"))

		publishMany(t, daprd, "orders", messages)

		other.expect(t, "orders", messages)
		rig.Eventually(t, "both shops together", func() error {
			if have := len(first.of("orders")) + len(second.of("orders")); have < messages {
				return fmt.Errorf("%d of %d", have, messages)
			}
			return nil
		})
		expectExactly(t, other.of("orders"), messages, 1)
		expectExactly(t, append(first.of("orders"), second.of("orders")...), messages, 1)
	})
}

func TestBulkPublish(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		box, daprd := w.subscribe(appID, nil, on("orders"))
		request := &runtime.BulkPublishRequest{PubsubName: pubsubName, Topic: "orders"}
		for i := range 100 {
			request.Entries = append(request.Entries, &runtime.BulkPublishRequestEntry{
				EntryId: fmt.Sprint("id", i), Event: []byte(fmt.Sprint(i)), ContentType: "text/plain"})
		}

		response := bulkPublish(t, daprd, request)

		if failed := response.GetFailedEntries(); len(failed) != 0 {
			t.Errorf("failed: %v", failed)
		}
		expectExactly(t, box.expect(t, "orders", 100), 100, 1)
	})
}

// One entry that makes no sense is named, the others are published.
func TestBulkPublishNamesTheEntriesThatFailed(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		box, daprd := w.subscribe(appID, nil, on("orders"))

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
		expectExactly(t, box.expect(t, "orders", 2), 2, 1)
	})
}

func TestRawPayload(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		raw := on("raw")
		raw.Metadata = map[string]string{"rawPayload": "true"}
		box, daprd := w.subscribe(appID, nil, raw)
		const bytes = "\x00no JSON\xff"

		publish(t, daprd, "raw", "application/octet-stream", bytes, "metadata.rawPayload=true")

		if event := box.expect(t, "raw", 1)[0]; string(event.Data) != bytes || !event.Binary {
			t.Errorf("came %q", event.Data)
		}
	})
}

func TestRefusedMessagesComeAgain(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		var mutex sync.Mutex
		tries := map[string]int{}
		box, daprd := w.subscribe(appID, func(event app.Event) error {
			mutex.Lock()
			defer mutex.Unlock()
			tries[string(event.Data)]++
			if tries[string(event.Data)] <= 2 && string(event.Data) != "0" {
				return app.ErrRefused
			}
			return nil
		}, on("orders"))

		publishMany(t, daprd, "orders", 5)

		rig.Eventually(t, "three tries of each, one of the first", func() error {
			seen := count(box.of("orders"))
			if seen["0"] == 1 && seen["1"] == 3 && seen["2"] == 3 && seen["3"] == 3 && seen["4"] == 3 {
				return nil
			}
			return fmt.Errorf("%v", seen)
		})
		publish(t, daprd, "orders", "text/plain", "0", "") // a handled one does not come again
		rig.Eventually(t, "the last one", func() error {
			if seen := count(box.of("orders")); seen["0"] != 2 || seen["1"] != 3 {
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
		box, daprd := w.subscribe(appID, func(event app.Event) error {
			if event.Topic == "orders" && string(event.Data) == "bad" {
				return app.ErrRefused
			}
			return nil
		}, orders, on("poison"))

		publish(t, daprd, "orders", "text/plain", "bad", "")
		publish(t, daprd, "orders", "text/plain", "good", "")

		if data := box.expect(t, "poison", 1)[0].Data; string(data) != "bad" {
			t.Errorf("dead letter: %q", data)
		}
		if seen := count(box.expect(t, "orders", 2)); seen["bad"] != 1 || seen["good"] != 1 {
			t.Errorf("orders: %v", seen)
		}
	})
}

// The component keeps the time of a message, for it has said MESSAGE_TTL.
func TestExpiredMessagesAreNotDelivered(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		box, daprd := w.subscribe(appID, nil, on("orders"))
		publisher := w.daprd("publisher", nil)
		publisher.Start()
		publish(t, publisher, "orders", "text/plain", "before", "")
		box.expect(t, "orders", 1)
		daprd.Stop(t) // the group stays, and keeps what is published now

		publish(t, publisher, "orders", "text/plain", "short", "metadata.ttlInSeconds=1ms")
		publish(t, publisher, "orders", "text/plain", "long", "metadata.ttlInSeconds=600")
		w.startSubscribed(daprd, 1)

		box.expect(t, "orders", 2)
		if seen := count(box.of("orders")); seen["long"] != 1 || seen["short"] != 0 {
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
		box, daprd := w.prepare(appID, func(app.Event) error {
			handled.Add(1)
			time.Sleep(2 * time.Millisecond) // work, so that some is in flight
			return nil
		}, on("orders"))
		daprd.Add("--dapr-block-shutdown-duration", "1s")
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

		box.expect(t, "orders", messages)
		expectExactly(t, box.of("orders"), messages, 1)
	})
}

// What was on its way when a daprd died was not handled: it comes again, nothing is lost.
func TestADaprdThatDiesLosesNothing(t *testing.T) {
	forBrokers(t, func(t *testing.T, w *world) {
		const messages = 200
		box, daprd := w.prepare(appID, func(app.Event) error {
			time.Sleep(time.Millisecond)
			return nil
		}, on("orders"))
		w.startSubscribed(daprd, 1)
		publisher := w.daprd("publisher", nil)
		publisher.Start()

		publishMany(t, publisher, "orders", messages)
		box.expect(t, "orders", 5)
		daprd.Kill(t)
		w.startSubscribed(daprd, 1)

		rig.Eventually(t, "all of them", func() error {
			if seen := count(box.of("orders")); len(seen) < messages {
				return fmt.Errorf("%d of %d", len(seen), messages)
			}
			return nil
		})
		doubles := 0
		for _, times := range count(box.of("orders")) {
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
		box, daprd := w.subscribe(appID, nil, on("orders"), on("bills"))
		publishMany(t, daprd, "orders", 20)
		box.expect(t, "orders", 20)

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
		_, daprd := w.subscribe(appID, func(app.Event) error {
			arrived <- true
			<-release
			return nil
		}, on("orders"))
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
		_, daprd := w.subscribe(appID, nil, on("orders"))
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
		box, again := w.subscribe(appID, nil, on("orders"))
		publish(t, again, "orders", "text/plain", "0", "")

		box.expect(t, "orders", 1)
	})
}

// daprd opens no stream again by itself; started anew by its supervisor, here the test, it does.
func TestSubscriptionsComeBackWithTheSidecarThatTheComponentHasStartedAnew(t *testing.T) {
	b := brokers[0]
	w := &world{t: t, broker: b, protocol: "grpc", metadata: b.prepare(t), sockets: rig.SocketFolder(t)}
	box, daprd := w.prepare(appID, nil, on("orders"))
	w.component = rig.StartBeside(t, daprd, b.program, b.program, w.sockets)
	w.startSubscribed(daprd, 1)
	publish(t, daprd, "orders", "text/plain", "before", "")
	box.expect(t, "orders", 1)

	w.component.Kill(t)
	w.component = rig.StartBeside(t, daprd, b.program, b.program, w.sockets)
	if err := daprd.WaitForEnd(t); err != nil {
		t.Errorf("daprd ended with %v", err)
	}
	w.startSubscribed(daprd, 1)

	publish(t, daprd, "orders", "text/plain", "after", "")
	if events := box.expect(t, "orders", 2); string(events[1].Data) != "after" {
		t.Errorf("%q came", events[1].Data)
	}
}
