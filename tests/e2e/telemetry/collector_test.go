package telemetry

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"google.golang.org/grpc/metadata"
)

const (
	rounds       = 9
	roundCalls   = 1500
	roundInUse   = 16
	slowerMax    = 1.35 // the median of the rounds' ratios: a busy machine, not a slow exporter, is within it
	latestAnswer = 2 * time.Second
)

// A subject is a dk-redis whose spans go somewhere.
type subject struct {
	name   string
	client components.StateStoreClient
	took   []time.Duration // of each round
	latest time.Duration   // of all its calls
}

// newSubject starts a dk-redis that exports every span to endpoint, through a queue that is soon full.
func newSubject(t *testing.T, name, endpoint string, redis *rig.Redis) *subject {
	t.Helper()
	for variable, value := range map[string]string{
		endpointVar: endpoint, delayVar: "50", "OTEL_BSP_MAX_QUEUE_SIZE": "512", "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
	} {
		old, was := os.LookupEnv(variable)
		os.Setenv(variable, value)
		defer func() {
			if os.Unsetenv(variable); was {
				os.Setenv(variable, old)
			}
		}()
	}
	component := rig.StartComponent(t, "dk-redis", "dk-redis", rig.SocketFolder(t))
	s := &subject{name: name, client: components.NewStateStoreClient(rig.Dial(t, "unix://"+component.Socket))}
	_, err := s.client.Init(instance(t), &components.InitRequest{Metadata: &components.MetadataRequest{
		Properties: map[string]string{"redisHost": redis.Address(), "redisPassword": ""}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run makes a round of calls.
func (s *subject) run(t *testing.T) {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(instance(t), "traceparent", newTrace().parent())
	var working sync.WaitGroup
	var mutex sync.Mutex
	started := time.Now()
	for worker := range roundInUse {
		working.Go(func() {
			for number := range roundCalls / roundInUse {
				before := time.Now()
				_, err := s.client.Set(ctx, &components.SetRequest{Key: fmt.Sprintf("%d-%d", worker, number), Value: []byte("value")})
				took := time.Since(before)
				mutex.Lock()
				s.latest = max(s.latest, took)
				mutex.Unlock()
				if err != nil {
					t.Errorf("%s: %v", s.name, err)
					return
				}
			}
		})
	}
	working.Wait()
	s.took = append(s.took, time.Since(started))
}

// Nothing slows down when the collector is away, never answers, or answers with errors: beside a dk-redis whose
// collector is well, in the same run, turn by turn.
func TestTroubleOfTheCollectorSlowsNothing(t *testing.T) {
	redis := rig.StartRedis(t, "--appendonly", "no")
	well, failing, silent := rig.StartCollector(t, rig.Content), rig.StartCollector(t, rig.Failing), rig.StartCollector(t, rig.Silent)
	measure := newSubject(t, "collector well", well.Endpoint, redis)
	troubled := []*subject{
		newSubject(t, "collector away", rig.AbsentCollector(t), redis),
		newSubject(t, "collector failing", failing.Endpoint, redis),
		newSubject(t, "collector silent", silent.Endpoint, redis),
	}
	for range rounds {
		measure.run(t)
		for _, s := range troubled {
			s.run(t)
		}
	}
	for name, collector := range map[string]*rig.Collector{"well": well, "failing": failing, "silent": silent} {
		rig.Eventually(t, "the collector that is "+name, func() error {
			if collector.Calls.Load() == 0 {
				return fmt.Errorf("nobody brought it spans: the test says nothing")
			}
			return nil
		})
	}
	for _, s := range troubled {
		var ratios []float64
		for i := range s.took {
			ratios = append(ratios, s.took[i].Seconds()/measure.took[i].Seconds())
		}
		slices.Sort(ratios)
		fmt.Printf("telemetry| %s: a round takes %.2f (%.2f to %.2f) of one with the collector well, the latest answer came after %v\n",
			s.name, ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1], s.latest.Round(time.Millisecond))
		if ratios[len(ratios)/2] > slowerMax {
			t.Errorf("%s: slower by %.2f, at most %.2f", s.name, ratios[len(ratios)/2], slowerMax)
		}
		if s.latest > latestAnswer {
			t.Errorf("%s: an answer came after %v", s.name, s.latest)
		}
	}
}
