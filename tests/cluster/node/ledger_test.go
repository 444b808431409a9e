package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"dapr-kit.test/cluster/rig"
)

// A ledger writes documents and remembers which were acknowledged, to be held against what is there afterwards.
type ledger struct {
	gateway *gateway
	tenant  string

	next    atomic.Int64
	retries atomic.Int64 // calls that were not answered well, and were made again
	mutex   sync.Mutex
	acked   map[string]string // id: hash of its text
}

func newLedger(g *gateway, tenant string) *ledger {
	return &ledger{gateway: g, tenant: tenant, acked: map[string]string{}}
}

func story(number int64) string {
	return fmt.Sprintf("Document %d tells of a cluster whose pods come and go, while every word that was taken is kept.", number)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// write makes the next document; it insists until it is told that the document was taken, or until ctx ends.
func (l *ledger) write(ctx context.Context) error {
	const pause = 200 * time.Millisecond
	number := l.next.Add(1)
	id := fmt.Sprintf("d%05d", number)
	body, _ := json.Marshal(map[string]any{"id": id, "text": story(number)})
	for {
		got, err := l.gateway.call(ctx, "POST", "/documents", string(body), "dk-tenant", l.tenant, "idempotency-key", id)
		if err == nil && got.status/100 == 2 {
			l.mutex.Lock()
			defer l.mutex.Unlock()
			l.acked[id] = hashOf(story(number))
			return nil
		}
		if err == nil && got.status/100 == 4 && got.status != 409 && got.status != 429 {
			return fmt.Errorf("%s: %d %.300s", id, got.status, got.body)
		}
		l.retries.Add(1)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %d %.300s %w", id, got.status, got.body, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// load writes with so many writers until it is told to end, which waits for the last of them.
func (l *ledger) load(t *testing.T, writers int) (end func()) {
	t.Helper()
	over := make(chan struct{})
	var group sync.WaitGroup
	for range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-over:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
				err := l.write(ctx)
				cancel()
				if err != nil {
					t.Errorf("a document was never taken: %v", err)
					return
				}
			}
		}()
	}
	return func() {
		close(over)
		group.Wait()
	}
}

func (l *ledger) size() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.acked)
}

// settle waits until all that was acknowledged is there, has its event, and what the compute service found in it.
func (l *ledger) settle(t *testing.T, namespace string) (events int) {
	t.Helper()
	rig.Eventually(t, "every document is there, with annotations", func() error {
		for id, hash := range l.acked {
			got, err := l.gateway.expect(t.Context(), 200, "GET", "/documents/"+id, "", "dk-tenant", l.tenant)
			if err != nil {
				return err
			}
			var document struct {
				ContentSha256 string
				Text          string
				Annotations   map[string]any
			}
			if err := json.Unmarshal([]byte(got.body), &document); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			if document.ContentSha256 != hash || hashOf(document.Text) != hash {
				t.Fatalf("%s was taken with %s and is there with %s", id, hash, document.ContentSha256)
			}
			if len(document.Annotations) == 0 {
				return fmt.Errorf("%s has no annotations: %.300s", id, got.body)
			}
		}
		return nil
	})
	rig.Eventually(t, "every document has its event", func() error {
		told, err := readEvents(t, namespace, l.tenant)
		if err != nil {
			return err
		}
		events = 0
		for id := range l.acked {
			if told[id] == 0 {
				return fmt.Errorf("no event of %s, %d documents have one", id, len(told))
			}
			events += told[id]
		}
		return nil
	})
	return events
}

// readEvents reads the whole topic, and counts for each document of a tenant how often it was told to be made.
func readEvents(t *testing.T, namespace, tenant string) (map[string]int, error) {
	t.Helper()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Net.Proxy.Enable, config.Net.Proxy.Dialer = true, clusterDialer{}
	client, err := sarama.NewClient([]string{release + "-kafka." + namespace + ".svc.cluster.local:9092"}, config)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	partitions, err := client.Partitions(topic)
	if err != nil {
		return nil, err
	}
	told := map[string]int{}
	for _, partition := range partitions {
		if err := readPartition(t, client, consumer, partition, tenant, told); err != nil {
			return nil, err
		}
	}
	return told, nil
}

func readPartition(t *testing.T, client sarama.Client, consumer sarama.Consumer, partition int32, tenant string, told map[string]int) error {
	end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
	if err != nil {
		return err
	}
	begin, err := client.GetOffset(topic, partition, sarama.OffsetOldest)
	if err != nil || begin == end {
		return err
	}
	records, err := consumer.ConsumePartition(topic, partition, begin)
	if err != nil {
		return err
	}
	defer records.Close()
	late := time.After(rig.Patience)
	for offset := begin; offset < end-1; {
		select {
		case record := <-records.Messages():
			offset = record.Offset
			var event struct {
				Data struct{ Tenant, ID, Change string }
			}
			if json.Unmarshal(record.Value, &event) == nil && event.Data.Tenant == tenant && strings.HasSuffix(event.Data.Change, "CREATED") {
				told[event.Data.ID]++
			}
		case <-late:
			return fmt.Errorf("partition %d ends at %d and reads to %d only", partition, end, offset)
		}
	}
	return nil
}
