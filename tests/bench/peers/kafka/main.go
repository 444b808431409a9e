// Command kafka is Dapr's pubsub.kafka as a pluggable component: kafka SOCKET.
package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"dapr-kit.test/bench/peers/peer"
	contribmetadata "github.com/dapr/components-contrib/metadata"
	"github.com/dapr/components-contrib/pubsub"
	"github.com/dapr/components-contrib/pubsub/kafka"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"github.com/dapr/kit/logger"
)

type pubsubServer struct {
	components.UnimplementedPubSubServer
	brokers peer.Instances[pubsub.PubSub]
}

func (s *pubsubServer) Init(ctx context.Context, r *components.PubSubInitRequest) (*components.PubSubInitResponse, error) {
	broker := kafka.NewKafka(logger.NewLogger("peer"))
	err := broker.Init(ctx, pubsub.Metadata{Base: contribmetadata.Base{
		Name: peer.NameOf(ctx), Properties: r.GetMetadata().GetProperties()}})
	if err != nil {
		return nil, err
	}
	s.brokers.Put(ctx, broker)
	return &components.PubSubInitResponse{}, nil
}

func (s *pubsubServer) Features(ctx context.Context, _ *components.FeaturesRequest) (*components.FeaturesResponse, error) {
	broker, err := s.brokers.Find(ctx)
	if err != nil {
		return nil, err
	}
	response := &components.FeaturesResponse{}
	for _, feature := range broker.Features() {
		response.Features = append(response.Features, string(feature))
	}
	return response, nil
}

func (s *pubsubServer) Ping(context.Context, *components.PingRequest) (*components.PingResponse, error) {
	return &components.PingResponse{}, nil
}

func (s *pubsubServer) Publish(ctx context.Context, r *components.PublishRequest) (*components.PublishResponse, error) {
	broker, err := s.brokers.Find(ctx)
	if err != nil {
		return nil, err
	}
	err = broker.Publish(ctx, &pubsub.PublishRequest{
		Data: r.GetData(), PubsubName: r.GetPubsubName(), Topic: r.GetTopic(),
		Metadata: r.GetMetadata(), ContentType: peer.TextOf(r.GetContentType())})
	if err != nil {
		return nil, err
	}
	return &components.PublishResponse{}, nil
}

func (s *pubsubServer) BulkPublish(ctx context.Context, r *components.BulkPublishRequest) (*components.BulkPublishResponse, error) {
	broker, err := s.brokers.Find(ctx)
	if err != nil {
		return nil, err
	}
	bulk, ok := broker.(pubsub.BulkPublisher)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "the broker has no bulk publish")
	}
	entries := make([]pubsub.BulkMessageEntry, len(r.GetEntries()))
	for i, entry := range r.GetEntries() {
		entries[i] = pubsub.BulkMessageEntry{
			EntryId: entry.GetEntryId(), Event: entry.GetEvent(),
			ContentType: entry.GetContentType(), Metadata: entry.GetMetadata()}
	}
	done, err := bulk.BulkPublish(ctx, &pubsub.BulkPublishRequest{
		Entries: entries, PubsubName: r.GetPubsubName(), Topic: r.GetTopic(), Metadata: r.GetMetadata()})
	if err != nil && len(done.FailedEntries) == 0 {
		return nil, err
	}
	response := &components.BulkPublishResponse{}
	for _, failed := range done.FailedEntries {
		response.FailedEntries = append(response.FailedEntries, &components.BulkPublishResponseFailedEntry{
			EntryId: failed.EntryId, Error: failed.Error.Error()})
	}
	return response, nil
}

// PullMessages hands each message of the built-in's handlers to the stream and lets the handler
// wait for its ack.
func (s *pubsubServer) PullMessages(stream components.PubSub_PullMessagesServer) error {
	ctx := stream.Context()
	broker, err := s.brokers.Find(ctx)
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	topic := first.GetTopic()
	if topic == nil {
		return status.Error(codes.InvalidArgument, "the first message names no topic")
	}
	var (
		waiting sync.Map // id → chan error
		sending sync.Mutex
		last    atomic.Uint64
	)
	handler := func(ctx context.Context, message *pubsub.NewMessage) error {
		id := strconv.FormatUint(last.Add(1), 10)
		acked := make(chan error, 1)
		waiting.Store(id, acked)
		defer waiting.Delete(id)
		sending.Lock()
		err := stream.Send(&components.PullMessagesResponse{
			Data: message.Data, TopicName: message.Topic, Metadata: message.Metadata, Id: id})
		sending.Unlock()
		if err != nil {
			return err
		}
		select {
		case err := <-acked:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
	request := pubsub.SubscribeRequest{Topic: topic.GetName(), Metadata: topic.GetMetadata()}
	if err := broker.Subscribe(ctx, request, handler); err != nil {
		return err
	}
	for {
		ack, err := stream.Recv()
		if err != nil {
			return nil //nolint:nilerr // the client has gone; what waits sees the stream's context
		}
		acked, ok := waiting.Load(ack.GetAckMessageId())
		if !ok {
			continue
		}
		var refused error
		if ack.GetAckError() != nil {
			refused = errors.New(ack.GetAckError().GetMessage())
		}
		acked.(chan error) <- refused
	}
}

func main() {
	peer.Serve(func(server *grpc.Server) { components.RegisterPubSubServer(server, &pubsubServer{}) })
}
