package kafka

import (
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig/app"
)

// One group, one topic, the built-in and ours: each handles its share, each takes over the other's,
// and each handles what the other has published.
func TestOneGroupWithTheBuiltIn(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		for _, order := range []struct {
			name  string
			first subject
			then  subject
		}{{"the built-in first", builtinKafka, s}, {"the built-in second", s, builtinKafka}} {
			t.Run(order.name, func(t *testing.T) {
				broker, topic := shared(t), topicOf(t)
				broker.CreateTopic(t, topic, faultPartitions)
				l := newLedger(broker, topicOf(t), topic)
				join := func(name string, s subject) *member {
					application := app.Start(t, "grpc", l.handler(name), []app.Subscription{rawTopic(topic)})
					return startMember(t, s, application, s.pubsub(settings(t, broker)))
				}
				first := join("first", order.first)
				ofFirst := startLoad(t, l, grpcAPI{first.API})
				waitFor(t, "events for the first", l.handledBy("first"), 100)

				second := join("second", order.then)
				waitFor(t, "events for the second", l.handledBy("second"), 100)
				waitFor(t, "events for the first", l.handledBy("first"), 100)
				ofFirst.stop()
				first.Stop(t)
				ofSecond := startLoad(t, l, grpcAPI{second.API})
				waitFor(t, "events for the second", l.handledBy("second"), 200)
				ofSecond.stop()
				l.drain(t)

				l.check(t, 2) // one comes, one goes
				second.Stop(t)
			})
		}
	})
}

// A bulk publish of one is what the other's subscriber sees: same envelope, same metadata.
func TestEnvelopesAreTheSame(t *testing.T) {
	broker, topic := shared(t), topicOf(t)
	broker.CreateTopic(t, topic, 1)
	seen := map[string]string{}
	forSubjects(t, func(t *testing.T, s subject) {
		box := &inbox{}
		application := app.Start(t, "http", box.handle, []app.Subscription{{PubSub: brokerName, Topic: topic}})
		m := startMember(t, s, application, s.pubsub(settings(t, broker)))
		for name, a := range apisOf(m.Daprd) {
			_, err := a.publishMany(soon(t), topic, []entry{{id: "1", data: s.name + name, metadata: map[string]string{
				"partitionKey": "k", "cloudevent.id": "one", "colour": "blue"}}}, map[string]string{"shape": "round"})
			must(t, err)
		}
		for _, publisher := range subjects {
			for _, name := range []string{"grpc", "http"} {
				if s == builtinKafka && publisher != s {
					continue // it has not published yet
				}
				e := box.one(t, publisher.name+name)
				var about []string
				for _, attribute := range []string{"id", "source", "specversion", "type", "topic", "pubsubname", "datacontenttype"} {
					about = append(about, attribute+"="+e.About[attribute])
				}
				for _, header := range []string{"__key", "__topic", "__partition", "partitionkey", "cloudevent.id", "colour", "shape"} {
					about = append(about, header+"="+e.Metadata[header])
				}
				text := strings.Join(about, " ")
				if want, ok := seen[name]; !ok {
					seen[name] = text
				} else if text != want {
					t.Errorf("published by %s through %s, seen by %s:\n%s\nthe built-in's own:\n%s", publisher.name, name, s.name, text, want)
				}
			}
		}
	})
	if len(seen) != 2 {
		t.Error(fmt.Sprint("seen: ", seen))
	}
}
