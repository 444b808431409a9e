package kafka

import (
	"os"
	"sync"
	"testing"

	"dapr-kit.test/e2e/rig"
)

var (
	lasting      = &rig.Package{}
	sharedBroker = sync.OnceValue(func() *rig.Kafka { return rig.StartKafka(lasting) })
)

func TestMain(m *testing.M) {
	status := lasting.Run(m)
	rows.print()
	os.Exit(status)
}

// shared is a broker for tests that do it no harm; they share it, with topics and groups of their own.
func shared(t *testing.T) *rig.Kafka {
	t.Helper()
	broker := sharedBroker()
	if broker == nil {
		t.Fatal("the broker that tests share has not started")
	}
	return broker
}
