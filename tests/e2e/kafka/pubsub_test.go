package kafka

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

func TestPubSub(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		for _, protocol := range []string{"grpc", "http"} {
			t.Run(protocol, func(t *testing.T) {
				topic := topicOf(t)
				box, dead, raw := &inbox{}, "dead."+topic, "raw."+topic
				box.refuse = func(e app.Event) error {
					if e.Topic == topic && string(e.Data) == "poison" {
						return app.ErrRefused
					}
					return nil
				}
				application := app.Start(t, protocol, box.handle, []app.Subscription{
					{PubSub: brokerName, Topic: topic, DeadLetter: dead},
					{PubSub: brokerName, Topic: dead},
					{PubSub: brokerName, Topic: raw, Metadata: map[string]string{"rawPayload": "true"}},
				})
				m := startMember(t, s, application, s.pubsub(settings(t, broker)))
				for name, a := range apisOf(m.Daprd) {
					p := world{member: m, broker: broker, box: box, api: a, topic: topic, mark: name}
					t.Run("through "+name, func(t *testing.T) {
						t.Run("publish", p.publish)
						t.Run("attributes of the CloudEvent", p.attributes)
						t.Run("a CloudEvent of the caller", p.ownEnvelope)
						t.Run("many at once", p.publishMany)
						t.Run("raw payload", p.rawPayload)
						t.Run("dead letter", p.deadLetter)
						t.Run("message metadata", p.messageMetadata)
					})
				}
			})
		}
	})
}

// A world is what the cases of TestPubSub share; mark tells the events of one api from the other's.
type world struct {
	*member
	broker *rig.Kafka
	box    *inbox
	api    api
	topic  string
	mark   string
}

func (w world) publish(t *testing.T) {
	for kind, data := range map[string]string{"text/plain": "plain " + w.mark, "application/json": `{"json":"` + w.mark + `"}`} {
		must(t, w.api.publish(soon(t), w.topic, kind, data, nil))

		e := w.box.one(t, data)

		if e.Topic != w.topic || e.Source != brokerName || e.Type != kind {
			t.Errorf("topic %q, pubsub %q, type %q", e.Topic, e.Source, e.Type)
		}
		if e.About["source"] != appID || e.About["type"] != "com.dapr.event.sent" || e.About["id"] == "" ||
			e.About["specversion"] != "1.0" {
			t.Errorf("the envelope says %v", e.About)
		}
	}
}

func (w world) attributes(t *testing.T) {
	want := map[string]string{"id": "id-" + w.mark, "source": "a-source", "type": "a.type", "subject": "a-subject"}
	metadata := map[string]string{}
	for name, value := range want {
		metadata["cloudevent."+name] = value
	}
	must(t, w.api.publish(soon(t), w.topic, "text/plain", "attributes "+w.mark, metadata))

	e := w.box.one(t, "attributes "+w.mark)

	for name, value := range want {
		if e.About[name] != value {
			t.Errorf("%s is %q, want %q", name, e.About[name], value)
		}
	}
}

func (w world) ownEnvelope(t *testing.T) {
	data := "own " + w.mark
	envelope, err := json.Marshal(map[string]string{"specversion": "1.0", "id": "own-" + w.mark, "source": "elsewhere",
		"type": "own.type", "datacontenttype": "text/plain", "data": data, "extra": "kept"})
	must(t, err)
	must(t, w.api.publish(soon(t), w.topic, "application/cloudevents+json", string(envelope), nil))

	e := w.box.one(t, data)

	if e.About["id"] != "own-"+w.mark || e.About["type"] != "own.type" || e.About["extra"] != "kept" {
		t.Errorf("the envelope says %v", e.About)
	}
}

func (w world) publishMany(t *testing.T) {
	var entries []entry
	var want []string
	for i := range 100 {
		data := fmt.Sprintf("many %s %02d", w.mark, i)
		want = append(want, data)
		entries = append(entries, entry{id: fmt.Sprint(i), data: data,
			metadata: map[string]string{"partitionKey": "one"}})
	}

	failed, err := w.api.publishMany(soon(t), w.topic, entries, nil)

	must(t, err)
	if len(failed) > 0 {
		t.Errorf("failed: %v", failed)
	}
	w.box.one(t, want[len(want)-1])
	var got []string
	for _, e := range w.box.all() {
		if slices.Contains(want, string(e.Data)) {
			got = append(got, string(e.Data))
		}
	}
	if !slices.Equal(got, want) { // one key, one partition, one order
		t.Errorf("got %d events: %v", len(got), got)
	}
}

func (w world) rawPayload(t *testing.T) {
	data, topic := "raw \x00\x01 "+w.mark, "raw."+w.topic
	must(t, w.api.publish(soon(t), topic, "application/octet-stream", data, map[string]string{"rawPayload": "true"}))

	e := w.box.one(t, data)

	if !e.Binary {
		t.Errorf("it came as %q", e.Type)
	}
	if records := w.broker.Read(t, topic); !slices.ContainsFunc(records, func(r rig.Record) bool { return string(r.Value) == data }) {
		t.Errorf("no record of %d has the bytes as they were", len(records))
	}
}

func (w world) deadLetter(t *testing.T) {
	before := len(w.box.all())
	must(t, w.api.publish(soon(t), w.topic, "text/plain", "poison", nil))
	must(t, w.api.publish(soon(t), w.topic, "text/plain", "after poison "+w.mark, nil))
	w.box.one(t, "after poison "+w.mark)

	events := w.box.wait(t, before+2)

	if !slices.ContainsFunc(events[before:], func(e app.Event) bool {
		return e.Topic == "dead."+w.topic && string(e.Data) == "poison"
	}) {
		t.Errorf("%d events, and none is the poison on the dead letter topic", len(events)-before)
	}
}

func (w world) messageMetadata(t *testing.T) {
	data := "metadata " + w.mark
	sent := map[string]string{"partitionKey": "key-" + w.mark, "x-colour": "blue"}
	must(t, w.api.publish(soon(t), w.topic, "text/plain", data, maps.Clone(sent)))

	e := w.box.one(t, data)

	if e.Metadata["__key"] != "key-"+w.mark || e.Metadata["__topic"] != w.topic || e.Metadata["x-colour"] != "blue" ||
		e.Metadata["partitionkey"] != "key-"+w.mark {
		t.Errorf("the event's metadata is %v", e.Metadata)
	}
	for _, name := range []string{"__offset", "__partition", "__timestamp"} {
		if e.Metadata[name] == "" {
			t.Errorf("there is no %s among %v", name, e.Metadata)
		}
	}
}
