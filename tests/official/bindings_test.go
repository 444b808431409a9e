package official

import (
	"context"
	"testing"

	"dapr-kit.test/e2e/rig"
	"github.com/dapr/components-contrib/bindings"
	"github.com/dapr/components-contrib/bindings/kafka"
	suite "github.com/dapr/components-contrib/tests/conformance/bindings"
	pluggable "github.com/dapr/dapr/pkg/components/bindings"
)

// Upstream leaves out "read", and with it the whole input half.
var bindingOperations = []string{"create", "operations", "read"}

func TestBindings(t *testing.T) {
	if s := given(t); s != nil {
		runBindings(t, *s)
		return
	}
	need(t)
	t.Run("dk-kafka", func(t *testing.T) {
		t.Parallel()
		runBindings(t, settings{
			name: "dk-kafka", socket: rig.StartComponent(t, "dk-kafka", "dk-kafka", rig.SocketFolder(t)).Socket,
			properties: bindingOnKafka(rig.StartKafka(t)), operations: bindingOperations,
		})
	})
	t.Run("built-in kafka, the reference", func(t *testing.T) {
		t.Parallel()
		runBindings(t, settings{
			name: "kafka", socket: builtinKafka, properties: bindingOnKafka(rig.StartKafka(t)),
			operations: bindingOperations,
		})
	})
}

func bindingOnKafka(broker *rig.Kafka) map[string]string {
	return map[string]string{
		"brokers": broker.Address(), "authType": "none", "initialOffset": "oldest", "consumerGroup": "official",
		"topics": "official-binding", "publishTopic": "official-binding",
	}
}

func runBindings(t *testing.T, s settings) {
	config, err := suite.NewTestConfig(s.name, s.operations, s.config)
	if err != nil {
		t.Fatal(err)
	}
	if s.socket == builtinKafka {
		suite.ConformanceTests(t, s.properties, kafka.NewKafka(log), kafka.NewKafka(log), config)
		return
	}
	suite.ConformanceTests(t, s.properties, &inputShim{InputBinding: pluggable.NewGRPCInputBinding(log, s.socket)},
		pluggable.NewGRPCOutputBinding(log, s.socket), config)
}

// inputShim ends the stream of Read before Close, as daprd does; the adapter alone waits for ever.
type inputShim struct {
	bindings.InputBinding
	cancel context.CancelFunc
}

func (s *inputShim) Read(ctx context.Context, handler bindings.Handler) error {
	ctx, s.cancel = context.WithCancel(ctx)
	return s.InputBinding.Read(ctx, handler)
}

func (s *inputShim) Close() error {
	if s.cancel != nil {
		s.cancel()
	}
	return s.InputBinding.Close()
}
