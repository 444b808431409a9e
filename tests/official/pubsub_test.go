package official

import (
	"context"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"github.com/dapr/components-contrib/pubsub"
	"github.com/dapr/components-contrib/pubsub/kafka"
	suite "github.com/dapr/components-contrib/tests/conformance/pubsub"
	pluggable "github.com/dapr/dapr/pkg/components/pubsub"
	runtime "github.com/dapr/dapr/pkg/runtime/pubsub"
)

var pubsubOperations = []string{"bulkpublish", "bulksubscribe"}

// The suite sleeps so long before it publishes; its own 5 s are for brokers without retention.
var pubsubConfig = map[string]any{"waitDurationToPublish": "1s"}

func TestPubSub(t *testing.T) {
	if s := given(t); s != nil {
		runPubSub(t, *s)
		return
	}
	need(t)
	t.Run("dk-memory", func(t *testing.T) {
		t.Parallel()
		runPubSub(t, settings{
			name:       "dk-memory",
			socket:     rig.StartComponent(t, "dk-memory", "dk-memory", rig.SocketFolder(t)).Socket,
			properties: map[string]string{"consumerID": "official", "redeliverInterval": "500ms"},
			operations: pubsubOperations, config: pubsubConfig, settle: 200 * time.Millisecond,
		})
	})
	t.Run("dk-kafka", func(t *testing.T) {
		t.Parallel()
		runPubSub(t, settings{
			name: "dk-kafka", socket: rig.StartComponent(t, "dk-kafka", "dk-kafka", rig.SocketFolder(t)).Socket,
			properties: pubsubOnKafka(rig.StartKafka(t)), operations: pubsubOperations, config: pubsubConfig,
		})
	})
	t.Run("built-in kafka, the reference", func(t *testing.T) {
		t.Parallel()
		runPubSub(t, settings{
			name: "kafka", socket: builtinKafka, properties: pubsubOnKafka(rig.StartKafka(t)),
			operations: pubsubOperations, config: pubsubConfig,
		})
	})
}

func pubsubOnKafka(broker *rig.Kafka) map[string]string {
	return map[string]string{
		"brokers": broker.Address(), "authType": "none", "initialOffset": "oldest", "consumerGroup": "official",
		"backOffDuration": "500ms", // the suite refuses every fifth message
	}
}

func runPubSub(t *testing.T, s settings) {
	config, err := suite.NewTestConfig(s.name, s.operations, s.config)
	if err != nil {
		t.Fatal(err)
	}
	if s.socket == builtinKafka {
		suite.ConformanceTests(t, s.properties, kafka.NewKafka(log), config)
		return
	}
	adapter := pluggable.NewGRPCPubSub(log, s.socket)
	suite.ConformanceTests(t, s.properties, &pubsubShim{adapter, runtime.NewDefaultBulkSubscriber(adapter), s.settle}, config)
}

// pubsubAdapter is what Dapr's adapter for pluggable brokers can do; its type has no public name.
type pubsubAdapter interface {
	pubsub.PubSub
	pubsub.BulkPublisher
}

// pubsubShim adds what daprd itself puts over the adapter: bulk subscriptions.
type pubsubShim struct {
	pubsubAdapter
	pubsub.BulkSubscriber
	settle time.Duration
}

// Subscribe waits: the adapter returns before the component has seen the subscription, and what is
// published until then is lost to a broker that keeps nothing.
func (s *pubsubShim) Subscribe(ctx context.Context, request pubsub.SubscribeRequest, handler pubsub.Handler) error {
	err := s.pubsubAdapter.Subscribe(ctx, request, handler)
	time.Sleep(s.settle)
	return err
}
