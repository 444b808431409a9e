package official

import (
	"context"
	"testing"

	"dapr-kit.test/e2e/rig"
	"github.com/dapr/components-contrib/state"
	"github.com/dapr/components-contrib/state/redis"
	suite "github.com/dapr/components-contrib/tests/conformance/state"
	pluggable "github.com/dapr/dapr/pkg/components/state"
)

var redisOperations = []string{"transaction", "etag", "first-write", "ttl", "actorStateStore"}

func TestState(t *testing.T) {
	if s := given(t); s != nil {
		runState(t, *s)
		return
	}
	need(t)
	t.Run("dk-memory", func(t *testing.T) {
		runState(t, settings{
			name:       "dk-memory",
			socket:     rig.StartComponent(t, "dk-memory", "dk-memory", rig.SocketFolder(t)).Socket,
			operations: append([]string{"query"}, redisOperations...),
			config:     map[string]any{"badEtag": "9999999"},
		})
	})
	for name, server := range map[string]string{
		"dk-redis": rig.RedisServerVar, "dk-redis on valkey": rig.ValkeyServerVar,
	} {
		t.Run(name, func(t *testing.T) {
			server := rig.StartServer(t, server)
			runState(t, settings{
				name:       "dk-redis",
				socket:     rig.StartComponent(t, "dk-redis", "dk-redis", rig.SocketFolder(t)).Socket,
				properties: map[string]string{"redisHost": server.Address()},
				operations: redisOperations,
				config:     map[string]any{"badEtag": "9999999"},
			})
		})
	}
	t.Run("built-in redis, the reference", func(t *testing.T) {
		server := rig.StartRedis(t)
		runState(t, settings{
			name:       "redis",
			socket:     builtinRedis,
			properties: map[string]string{"redisHost": server.Address()},
			operations: append([]string{"keyslike"}, redisOperations...), // it empties its server
			config:     map[string]any{"badEtag": "9999999"},
		})
	})
}

func runState(t *testing.T, s settings) {
	config, err := suite.NewTestConfig(s.name, s.operations, s.config)
	if err != nil {
		t.Fatal(err)
	}
	if s.socket == builtinRedis {
		suite.ConformanceTests(t, s.properties, redis.NewRedisStateStore(log), config)
		return
	}
	adapter := pluggable.NewGRPCStateStore(log, s.socket)
	suite.ConformanceTests(t, s.properties, &stateShim{adapter, state.NewDefaultBulkStore(adapter)}, config)
}

// stateAdapter is what Dapr's adapter for pluggable stores can do; its type has no public name.
type stateAdapter interface {
	state.Store
	state.TransactionalStore
	state.Querier
}

// stateShim runs bulk writes as single ones. The suite wants one error for each key of a bulk write,
// and the protocol has room for one error for all of them. The RPCs themselves are tested in e2e.
type stateShim struct {
	stateAdapter
	single state.BulkStore
}

func (s *stateShim) BulkSet(ctx context.Context, items []state.SetRequest, options state.BulkStoreOpts) error {
	return s.single.BulkSet(ctx, items, options)
}

func (s *stateShim) BulkDelete(ctx context.Context, items []state.DeleteRequest, options state.BulkStoreOpts) error {
	return s.single.BulkDelete(ctx, items, options)
}
