package kafka

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// A key has its partition, whoever publishes; the built-in tells which.
func TestKeysHaveThePartitionsOfTheBuiltIn(t *testing.T) {
	const partitions, keys = 7, 200
	broker := shared(t)
	wanted := map[string]int32{}
	if subjects[0] != builtinKafka {
		t.Fatal("the built-in is not the first subject")
	}
	forSubjects(t, func(t *testing.T, s subject) {
		topic := topicOf(t)
		broker.CreateTopic(t, topic, partitions)
		m := startMember(t, s, nil, s.pubsub(settings(t, broker)))
		for i := range keys {
			name := []string{"partitionKey", "__key"}[i%2]
			must(t, grpcAPI{m.API}.publish(soon(t), topic, "text/plain", "x", map[string]string{name: keyOf(i)}))
		}

		got := map[string]int32{}
		for _, r := range broker.Read(t, topic) {
			got[string(r.Key)] = r.Partition
		}

		if len(got) != keys {
			t.Fatalf("%d keys of %d arrived", len(got), keys)
		}
		if len(wanted) == 0 {
			wanted = got
		} else if !maps.Equal(got, wanted) {
			t.Errorf("the partitions of %d keys are %v, want %v", keys, got, wanted)
		}
	})
}

// keyOf makes keys of many lengths, with bytes above 127 among them.
func keyOf(i int) string {
	return []string{"k", "key-", "ключ-", "a-rather-long-key-that-fills-more-than-one-word-", "🔑"}[i%5] + fmt.Sprint(i)
}

func TestPartitionNumberDecides(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		topic := topicOf(t)
		broker.CreateTopic(t, topic, 4)
		m := startMember(t, s, nil, s.pubsub(settings(t, broker)))
		a := grpcAPI{m.API}
		for i := range 8 {
			must(t, a.publish(soon(t), topic, "text/plain", "x",
				map[string]string{"partitionNumber": fmt.Sprint(i % 4), "partitionKey": "the same"}))
		}
		for _, wrong := range []string{"4", "-1", "many"} {
			if err := a.publish(soon(t), topic, "text/plain", "x", map[string]string{"partitionNumber": wrong}); err == nil {
				t.Errorf("partition '%s' was accepted", wrong)
			}
		}

		var got []int32
		for _, r := range broker.Read(t, topic) {
			got = append(got, r.Partition)
		}

		if !slices.Equal(got, []int32{0, 0, 1, 1, 2, 2, 3, 3}) {
			t.Errorf("the records are in %v", got)
		}
	})
}

// Every entry of the request's metadata is a header of the record, and nothing else is one.
func TestHeadersAreTheMetadata(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		topic := topicOf(t)
		m := startMember(t, s, nil, s.pubsub(settings(t, broker, map[string]string{"excludeHeaderMetaRegex": "^secret-"})))
		sent := map[string]string{"partitionKey": "k", "colour": "blau", "grösse": "groß", "empty": "", "ttlInSeconds": "60"}
		request := maps.Clone(sent)
		request["secret-word"] = "hush"
		must(t, grpcAPI{m.API}.publish(soon(t), topic, "application/json", `{"n":1}`, request))

		records := broker.Read(t, topic)

		if len(records) != 1 || string(records[0].Key) != "k" {
			t.Fatalf("the topic has %v", records)
		}
		if got := records[0].Headers; !maps.Equal(got, sent) {
			t.Errorf("the headers are %v, want %v", got, sent)
		}
	})
}

// A raw null is a tombstone: a record with a key and without a value.
func TestNullIsATombstone(t *testing.T) {
	broker := shared(t)
	forSubjects(t, func(t *testing.T, s subject) {
		topic := topicOf(t)
		m := startMember(t, s, nil, s.pubsub(settings(t, broker)))
		must(t, grpcAPI{m.API}.publish(soon(t), topic, "application/json", "null",
			map[string]string{"rawPayload": "true", "partitionKey": "gone"}))

		records := broker.Read(t, topic)

		if len(records) != 1 || string(records[0].Key) != "gone" || records[0].Value != nil {
			t.Errorf("the topic has %v", records)
		}
	})
}
