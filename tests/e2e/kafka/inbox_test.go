package kafka

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// An inbox keeps the events that an application was handed.
type inbox struct {
	mutex  sync.Mutex
	events []app.Event
	refuse func(app.Event) error // may be nil: everything is taken
}

func (i *inbox) handle(e app.Event) error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.refuse != nil {
		if err := i.refuse(e); err != nil {
			return err
		}
	}
	i.events = append(i.events, e)
	return nil
}

func (i *inbox) all() []app.Event {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return slices.Clone(i.events)
}

// wait waits until so many events have been taken, and gives them.
func (i *inbox) wait(t *testing.T, count int) []app.Event {
	t.Helper()
	rig.Eventually(t, "events", func() error {
		if n := len(i.all()); n < count {
			return fmt.Errorf("%d of %d are here", n, count)
		}
		return nil
	})
	return i.all()
}

// one waits for the event with this data.
func (i *inbox) one(t *testing.T, data string) app.Event {
	t.Helper()
	var found app.Event
	rig.Eventually(t, "the event with "+data, func() error {
		for _, e := range i.all() {
			if string(e.Data) == data {
				found = e
				return nil
			}
		}
		return fmt.Errorf("it is not among %d", len(i.all()))
	})
	return found
}
