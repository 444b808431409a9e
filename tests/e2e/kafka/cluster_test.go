package kafka

import (
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// Three brokers, every partition on all of them, two of which have to have a message before it is
// acknowledged: one of them may be lost at any moment, and with it leaders and perhaps the
// coordinator of the group. What was acknowledged is read from those that are left.
func TestOneBrokerOfThreeKilledUnderLoad(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		cluster := rig.StartCluster(t, 3, map[string]string{
			"default.replication.factor": "3", "min.insync.replicas": "2",
			"offsets.topic.replication.factor": "3", "num.partitions": "4",
		})
		lost, left := cluster[0], cluster[1]
		topic := topicOf(t)
		left.CreateTopic(t, topic, faultPartitions)
		st := &stage{broker: left, ledger: newLedger(left, topicOf(t), topic)}
		application := app.Start(t, "grpc", st.ledger.handler("first"), []app.Subscription{rawTopic(topic)})
		var brokers []string
		for _, k := range cluster {
			brokers = append(brokers, k.Address())
		}
		metadata := settings(t, left, map[string]string{"brokers": strings.Join(brokers, ",")})
		st.member = startMember(t, s, application, s.pubsub(metadata))
		st.startLoad(t)

		lost.Kill(t)

		st.finish(t, 2) // a session with the coordinator that is gone, and one that begins anew
	})
}

// With consumerGroupRebalanceStrategy sticky, dk-kafka rebalances cooperatively: who joins gets what it
// is to have, and nobody lets go of what he keeps. The built-in's sticky takes everything from
// everybody first; the two cannot share a group, which is why it is not tried here.
func TestCooperativeRebalanceMovesOnlyWhatMoves(t *testing.T) {
	const half = faultPartitions / 2
	ofOurs(t, func(t *testing.T, s subject) {
		broker, topic := shared(t), topicOf(t)
		broker.CreateTopic(t, topic, faultPartitions)
		l := newLedger(broker, topicOf(t), topic)
		join := func(name string) *member {
			application := app.Start(t, "grpc", l.handler(name), []app.Subscription{rawTopic(topic)})
			return startMember(t, s, application,
				s.pubsub(settings(t, broker, map[string]string{"consumerGroupRebalanceStrategy": "sticky"})))
		}
		first := join("first")
		st := &stage{broker: broker, member: first, ledger: l}
		st.startLoad(t)

		second := join("second")
		waitFor(t, "events for the second", l.handledBy("second"), 50)
		waitFor(t, "events for the first", l.handledBy("first"), 50)
		if log := first.program.Log(); revocations(log, half) != 1 || revocations(log, faultPartitions) != 0 {
			t.Errorf("the first gave back more than the %d partitions that moved:\n%s", half, log)
		}
		second.Stop(t)

		st.finish(t, 2) // the second comes, the second goes
	})
}

// revocations counts the log's lines of so many partitions that were taken away at a time.
func revocations(log string, partitions int) int {
	n := 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, "partitions revoked") && strings.Contains(line, fmt.Sprintf("count=%d ", partitions)) {
			n++
		}
	}
	return n
}
