package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// A ledger counts every message of one test. Three books are compared at the end: what daprd
// acknowledged to the publisher, what the broker keeps, what the applications have handled.
type ledger struct {
	broker *rig.Kafka
	group  string
	topics []string

	mutex        sync.Mutex
	acknowledged map[string][]string // by topic
	refused      int
	handled      []handling // in the order of handling
}

// A handling is one record that one application took.
type handling struct {
	member string
	place
}

type place struct {
	topic     string
	partition int32
	offset    int64
}

func newLedger(broker *rig.Kafka, group string, topics ...string) *ledger {
	return &ledger{broker: broker, group: group, topics: topics, acknowledged: map[string][]string{}}
}

// handler takes everything, in the name of a member of the group.
func (l *ledger) handler(member string) app.Handler {
	return func(e app.Event) error {
		partition, err := strconv.ParseInt(e.Metadata["__partition"], 10, 32)
		if err != nil {
			return err
		}
		offset, err := strconv.ParseInt(e.Metadata["__offset"], 10, 64)
		if err != nil {
			return err
		}
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.handled = append(l.handled, handling{member, place{e.Metadata["__topic"], int32(partition), offset}})
		return nil
	}
}

// publish publishes one event as it stands and books what became of it.
func (l *ledger) publish(ctx context.Context, a api, topic, key, data string) error {
	return l.publishWith(ctx, a, topic, data, map[string]string{"rawPayload": "true", "partitionKey": key})
}

// publishTo publishes to a partition, and insists.
func (l *ledger) publishTo(t *testing.T, a api, topic string, partition int, data string) {
	t.Helper()
	must(t, l.publishWith(soon(t), a, topic, data,
		map[string]string{"rawPayload": "true", "partitionNumber": strconv.Itoa(partition)}))
}

func (l *ledger) publishWith(ctx context.Context, a api, topic, data string, metadata map[string]string) error {
	err := a.publish(ctx, topic, "text/plain", data, metadata)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err == nil {
		l.acknowledged[topic] = append(l.acknowledged[topic], data)
	} else {
		l.refused++
	}
	return err
}

func (l *ledger) handledCount() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.handled)
}

func (l *ledger) handledBy(member string) func() int {
	return func() int {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		n := 0
		for _, h := range l.handled {
			if h.member == member {
				n++
			}
		}
		return n
	}
}

func (l *ledger) acknowledgedCount() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := 0
	for _, list := range l.acknowledged {
		n += len(list)
	}
	return n
}

func (l *ledger) refusedCount() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.refused
}

// waitFor waits until a count has grown by so many.
func waitFor(t *testing.T, what string, count func() int, more int) {
	t.Helper()
	waitUntil(t, what, count, count()+more)
}

// waitUntil waits until a count is so high.
func waitUntil(t *testing.T, what string, count func() int, goal int) {
	t.Helper()
	rig.Eventually(t, what, func() error {
		if n := count(); n < goal {
			return fmt.Errorf("%d of %d", n, goal)
		}
		return nil
	})
}

// drain waits until the group has committed all that the topics have. Its patience starts anew
// whenever something was handled.
func (l *ledger) drain(t *testing.T) {
	t.Helper()
	const pause = 100 * time.Millisecond // each look asks the broker for every topic
	deadline, before := time.Now().Add(rig.Patience), -1
	for {
		lag, err := l.broker.Lag(t, l.group, l.topics...)
		if err == nil && lag == 0 {
			return
		}
		if n := l.handledCount(); n != before {
			deadline, before = time.Now().Add(rig.Patience), n
		}
		if time.Now().After(deadline) {
			t.Errorf("the group has yet to commit %d records: %v", lag, err)
			return
		}
		time.Sleep(pause)
	}
}

// check compares the books and writes the line of the table. No partition may go back to what was
// handled before more often than replaysMax.
func (l *ledger) check(t *testing.T, replaysMax int) {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	r := row{name: t.Name(), refused: l.refused, handled: len(l.handled)}
	handled := map[place]bool{}
	for _, h := range l.handled {
		handled[h.place] = true
	}
	r.duplicated = len(l.handled) - len(handled)
	for _, topic := range l.topics {
		kept := map[string]bool{}
		for _, record := range l.broker.Read(t, topic) {
			kept[string(record.Value)] = true
			p := place{topic, record.Partition, record.Offset}
			if !handled[p] {
				r.lost++
				t.Errorf("never handled: %v", p)
			}
			delete(handled, p)
			r.kept++
		}
		for _, data := range l.acknowledged[topic] {
			r.sent++
			if !kept[data] {
				r.lost++
				t.Errorf("acknowledged, and not in %s: %.60q", topic, data)
			}
		}
	}
	for p := range handled {
		t.Errorf("handled, and the broker does not have it: %v", p)
	}
	l.checkOrder(t, replaysMax)
	rows.add(r)
	t.Log(r)
}

// checkOrder follows each member through its partitions. One offset follows the other; a start, and a
// new start after a fault or a rebalance, is never behind a record that nobody has handled.
func (l *ledger) checkOrder(t *testing.T, replaysMax int) {
	t.Helper()
	type seat struct {
		member, topic string
		partition     int32
	}
	type partition struct {
		topic  string
		number int32
	}
	next, reached, replays := map[seat]int64{}, map[partition]int64{}, map[partition]int{}
	for _, h := range l.handled {
		s, p := seat{h.member, h.topic, h.partition}, partition{h.topic, h.partition}
		if wanted, sits := next[s]; !sits || h.offset != wanted {
			if h.offset > reached[p] {
				t.Errorf("%s handled %d of %s/%d when it had come to %d", h.member, h.offset, h.topic, h.partition, reached[p])
			}
			if h.offset < reached[p] {
				replays[p]++
			}
		}
		next[s] = h.offset + 1
		reached[p] = max(reached[p], h.offset+1)
	}
	for p, n := range replays {
		if n > replaysMax {
			t.Errorf("%s/%d: went back %d times; what happened explains %d", p.topic, p.number, n, replaysMax)
		}
	}
}

// A row is one line of the table of what became of every message.
type row struct {
	name                                           string
	sent, refused, kept, handled, duplicated, lost int
}

func (r row) String() string {
	return fmt.Sprintf("%-64s %9d %9d %9d %9d %10d %6d", r.name, r.sent, r.refused, r.kept, r.handled, r.duplicated, r.lost)
}

// rows are printed when all tests are over.
var rows table

type table struct {
	mutex sync.Mutex
	rows  map[string]row
}

func (t *table) add(r row) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.rows == nil {
		t.rows = map[string]row{}
	}
	t.rows[r.name] = r
}

func (t *table) print() {
	if len(t.rows) == 0 {
		return
	}
	fmt.Printf("count| %-64s %9s %9s %9s %9s %10s %6s\n", "", "sent", "refused", "in topic", "received", "duplicated", "lost")
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		fmt.Printf("count| %v\n", t.rows[name])
	}
}
