package kafka

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

func TestBindings(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		for _, protocol := range []string{"grpc", "http"} {
			t.Run(protocol, func(t *testing.T) {
				first, second := topicOf(t)+".1", topicOf(t)+".2"
				broker.CreateTopics(t, 2, first, second)
				box, refused := &inbox{}, 0
				box.refuse = func(e app.Event) error {
					if string(e.Data) == "twice" && refused < 2 {
						refused++
						return app.ErrRefused
					}
					return nil
				}
				application := app.Start(t, protocol, box.handle, nil, inputName)
				m := startMember(t, s, application,
					s.binding(inputName, settings(t, broker, map[string]string{"topics": first + "," + second,
						"direction": "input", "consumeRetryEnabled": "true"})),
					s.binding(outputName, settings(t, broker, map[string]string{"publishTopic": first, "direction": "output"})))

				for name, a := range apisOf(m.Daprd) {
					sent := map[string]string{"partitionKey": "key-" + name, "colour": "blue"}
					must(t, a.invoke(soon(t), outputName, "out through "+name, maps.Clone(sent)))
				}
				broker.Write(t, second, rig.Record{Partition: 1, Key: []byte("k"), Value: []byte("from outside"),
					Headers: map[string]string{"shape": "round"}})
				broker.Write(t, second, rig.Record{Value: []byte("twice")})

				e := box.one(t, "from outside")
				if e.Source != inputName || e.Metadata["__key"] != "k" || e.Metadata["__topic"] != second ||
					e.Metadata["__partition"] != "1" || e.Metadata["__offset"] != "0" || e.Metadata["shape"] != "round" {
					t.Errorf("binding %q, metadata %v", e.Source, e.Metadata)
				}
				e = box.one(t, "out through grpc")
				if e.Metadata["__key"] != "key-grpc" || e.Metadata["__topic"] != first || e.Metadata["colour"] != "blue" {
					t.Errorf("metadata %v", e.Metadata)
				}
				box.one(t, `"out through http"`) // data of the HTTP API is JSON, and travels as such
				box.one(t, "twice")
				if refused != 2 {
					t.Errorf("it was refused %d times", refused)
				}
			})
		}
	})
}

// Without consumeRetryEnabled a refused event is passed over: a binding's default.
func TestBindingPassesOverWhatIsRefused(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		topic := topicOf(t)
		broker.CreateTopic(t, topic, 1)
		var seen []string
		box := &inbox{}
		box.refuse = func(e app.Event) error {
			seen = append(seen, string(e.Data))
			if string(e.Data) == "2" {
				return app.ErrRefused
			}
			return nil
		}
		application := app.Start(t, "grpc", box.handle, nil, inputName)
		startMember(t, s, application, s.binding(inputName,
			settings(t, broker, map[string]string{"topics": topic, "direction": "input"})))

		var want []string
		for i := range 5 {
			want = append(want, fmt.Sprint(i))
			broker.Write(t, topic, rig.Record{Value: []byte(want[i])})
		}
		box.one(t, "4")

		box.mutex.Lock()
		defer box.mutex.Unlock()
		if !slices.Equal(seen, want) {
			t.Errorf("the application saw %v", seen)
		}
	})
}
