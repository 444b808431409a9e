package rig

import (
	"strconv"
	"testing"
)

// ServiceTopics are those that the services publish to and read, whatever their daprds.
var ServiceTopics = []string{"documents", "documents.dead", "compute.results", "compute.results.dead", "ingest", "export"}

// Pod is a service of ours as it is deployed: its program, a daprd, dk-redis and dk-kafka of its own.
type Pod struct {
	*Application
	ID           string
	Daprd        *Daprd
	Redis, Kafka *Component
	Sockets      string
	Metrics      []Target // of the three programs; empty unless NewObservedPod made it

	args map[string][]string // of a component, by its program
}

// NewPod prepares dk-<id> and its daprd on a Redis and a Kafka, and starts the components. The service is started
// first, then Daprd; options are the service's.
func NewPod(t testing.TB, id string, redis *Redis, kafka *Kafka, options ...string) *Pod {
	t.Helper()
	return newPod(t, id, redis, kafka, nil, options)
}

// NewObservedPod is NewPod with every program's metrics on a port of its own.
func NewObservedPod(t testing.TB, id string, redis *Redis, kafka *Kafka, options ...string) *Pod {
	t.Helper()
	var targets []Target
	for _, program := range []string{"dk-" + id, "dk-redis", "dk-kafka"} {
		targets = append(targets, Target{program, port(t)})
	}
	return newPod(t, id, redis, kafka, targets, options)
}

func newPod(t testing.TB, id string, redis *Redis, kafka *Kafka, targets []Target, options []string) *Pod {
	t.Helper()
	p := &Pod{ID: id, Sockets: SocketFolder(t), Metrics: targets, args: map[string][]string{}}
	for _, target := range targets {
		p.args[target.Name] = []string{"--metrics-listen-address", "127.0.0.1", "--metrics-port", strconv.Itoa(target.Port)}
	}
	p.Application = NewApplication(t, "dk-"+id, append(p.args["dk-"+id], options...)...)
	p.StartRedis(t)
	p.StartKafka(t)
	p.Daprd = NewDaprd(t, DaprdVar, id, p.Sockets, documentsOf(id, redis, kafka)...)
	subscriptions := map[string]int{"document": 2, "compute": 1}
	p.Daprd.Serve("grpc", p.Port, subscriptions[id])
	p.Setenv("DAPR_GRPC_PORT", strconv.Itoa(p.Daprd.GRPCPort))
	return p
}

// StartRedis starts the pod's dk-redis, or starts it again.
func (p *Pod) StartRedis(t testing.TB) {
	t.Helper()
	p.Redis = StartComponent(t, "dk-redis", "dk-redis", p.Sockets, p.args["dk-redis"]...)
}

// StartKafka starts the pod's dk-kafka, or starts it again.
func (p *Pod) StartKafka(t testing.TB) {
	t.Helper()
	p.Kafka = StartComponent(t, "dk-kafka", "dk-kafka", p.Sockets, p.args["dk-kafka"]...)
}

// documentsOf are the components that the services' daprds load, as resources/ has them.
func documentsOf(id string, redis *Redis, kafka *Kafka) []Document {
	with := func(more map[string]string) map[string]string {
		more["brokers"], more["authType"], more["initialOffset"] = kafka.Address(), "none", "oldest"
		return more
	}
	documents := []Document{
		{Name: "statestore", Type: "state.dk-redis", Metadata: map[string]string{"redisHost": redis.Address(), "redisPassword": ""}},
		{Name: "pubsub", Type: "pubsub.dk-kafka", Metadata: with(map[string]string{})},
	}
	if id == "document" {
		documents = append(documents,
			Document{Name: "ingest", Type: "bindings.dk-kafka", Metadata: with(map[string]string{
				"direction": "input", "topics": "ingest", "consumerGroup": "document-ingest"})},
			Document{Name: "export", Type: "bindings.dk-kafka", Metadata: with(map[string]string{
				"direction": "output", "publishTopic": "export"})})
	}
	return documents
}
