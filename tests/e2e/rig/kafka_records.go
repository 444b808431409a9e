package rig

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

const (
	recordBytesMax = 16 << 20
	asTheBroker    = -1 // a new topic has as many replicas as the broker gives by default
)

// Record is a message as the broker keeps it. A nil Key or Value is an absent one.
type Record struct {
	Partition int32
	Offset    int64
	Key       []byte
	Value     []byte
	Headers   map[string]string
	Time      time.Time // when it was published; not written
}

// connect is a client past everything under test; one for each use, so that a broker may come and go.
func (k *Kafka) connect(t testing.TB) sarama.Client {
	t.Helper()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.MaxMessageBytes = recordBytesMax
	config.Consumer.MaxWaitTime = 10 * time.Millisecond // closing a reader waits for its last fetch
	config.Metadata.AllowAutoTopicCreation = false
	client, err := sarama.NewClient([]string{k.Address()}, config)
	if err != nil {
		t.Fatalf("kafka: %v", err)
	}
	t.Cleanup(func() {
		if !client.Closed() {
			client.Close()
		}
	})
	return client
}

// CreateTopic makes a topic and waits until it can be written to.
func (k *Kafka) CreateTopic(t testing.TB, name string, partitions int32) {
	t.Helper()
	k.CreateTopics(t, partitions, name)
}

// CreateTopics makes many.
func (k *Kafka) CreateTopics(t testing.TB, partitions int32, names ...string) {
	t.Helper()
	client := k.connect(t)
	defer client.Close()
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		err := admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: asTheBroker}, false)
		if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			t.Fatalf("topic %s: %v", name, err)
		}
	}
	Eventually(t, "the topics' leaders", func() error {
		if err := client.RefreshMetadata(names...); err != nil {
			return err
		}
		for _, name := range names {
			if writable, err := client.WritablePartitions(name); err != nil || len(writable) != int(partitions) {
				return fmt.Errorf("%s: %d of %d partitions: %v", name, len(writable), partitions, err)
			}
		}
		return nil
	})
}

// Write puts records into the partitions they name.
func (k *Kafka) Write(t testing.TB, topic string, records ...Record) {
	t.Helper()
	client := k.connect(t)
	defer client.Close()
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for _, r := range records {
		message := &sarama.ProducerMessage{Topic: topic, Partition: r.Partition}
		if r.Key != nil {
			message.Key = sarama.ByteEncoder(r.Key)
		}
		if r.Value != nil {
			message.Value = sarama.ByteEncoder(r.Value)
		}
		for name, value := range r.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(name), Value: []byte(value)})
		}
		if _, _, err := producer.SendMessage(message); err != nil {
			t.Fatalf("%s/%d: %v", topic, r.Partition, err)
		}
	}
}

// Read gives all that a topic has now: one partition after the other, each in its order.
func (k *Kafka) Read(t testing.TB, topic string) []Record {
	t.Helper()
	client := k.connect(t)
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	partitions, err := client.Partitions(topic)
	if err != nil {
		t.Fatalf("%s: %v", topic, err)
	}
	var records []Record
	for _, partition := range partitions {
		end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
		if err != nil {
			t.Fatalf("%s/%d: %v", topic, partition, err)
		}
		if end > 0 {
			records = append(records, readUntil(t, consumer, topic, partition, end)...)
		}
	}
	return records
}

func readUntil(t testing.TB, consumer sarama.Consumer, topic string, partition int32, end int64) []Record {
	t.Helper()
	reader, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
	if err != nil {
		t.Fatalf("%s/%d: %v", topic, partition, err)
	}
	defer reader.Close()
	var records []Record
	for message := range reader.Messages() {
		r := Record{Partition: partition, Offset: message.Offset, Key: message.Key, Value: message.Value,
			Headers: map[string]string{}, Time: message.Timestamp}
		for _, header := range message.Headers {
			r.Headers[string(header.Key)] = string(header.Value)
		}
		records = append(records, r)
		if message.Offset == end-1 {
			break
		}
	}
	return records
}

// Lag is how many records of some topics a group has yet to commit.
func (k *Kafka) Lag(t testing.TB, group string, topics ...string) (int64, error) {
	t.Helper()
	client := k.connect(t)
	defer client.Close()
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return 0, err
	}
	partitions := map[string][]int32{}
	for _, topic := range topics {
		if partitions[topic], err = client.Partitions(topic); err != nil {
			return 0, err
		}
	}
	committed, err := admin.ListConsumerGroupOffsets(group, partitions)
	if err != nil {
		return 0, err
	}
	var lag int64
	for topic, list := range partitions {
		for _, partition := range list {
			end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
			if err != nil {
				return 0, err
			}
			lag += end
			if block := committed.GetBlock(topic, partition); block != nil && block.Offset > 0 {
				lag -= block.Offset
			}
		}
	}
	return lag, nil
}
