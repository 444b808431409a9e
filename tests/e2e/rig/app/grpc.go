package app

import (
	"context"
	"errors"
	"net"
	"testing"

	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"
)

const appBytesMax = 16 << 20

type grpcApp struct {
	runtime.UnimplementedAppCallbackServer
	*App
}

func (a *App) serveGRPC(t testing.TB, listener net.Listener) {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(appBytesMax))
	runtime.RegisterAppCallbackServer(server, grpcApp{App: a})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
}

func (a grpcApp) ListTopicSubscriptions(context.Context, *emptypb.Empty) (*runtime.ListTopicSubscriptionsResponse, error) {
	answer := &runtime.ListTopicSubscriptionsResponse{}
	for _, s := range a.subscriptions {
		answer.Subscriptions = append(answer.Subscriptions, &runtime.TopicSubscription{
			PubsubName: s.PubSub, Topic: s.Topic, Metadata: s.Metadata, DeadLetterTopic: s.DeadLetter})
	}
	return answer, nil
}

func (a grpcApp) OnTopicEvent(ctx context.Context, e *runtime.TopicEventRequest) (*runtime.TopicEventResponse, error) {
	about := map[string]string{"id": e.GetId(), "source": e.GetSource(), "type": e.GetType(), "specversion": e.GetSpecVersion()}
	for name, value := range e.GetExtensions().GetFields() {
		if text := value.GetStringValue(); text != "" {
			about[name] = text
		}
	}
	err := a.handler(Event{
		Source: e.GetPubsubName(), Topic: e.GetTopic(), Data: e.GetData(), Type: e.GetDataContentType(),
		Binary: e.GetDataContentType() == "application/octet-stream", About: about, Metadata: headersOf(ctx)})
	switch {
	case errors.Is(err, ErrDropped):
		return &runtime.TopicEventResponse{Status: runtime.TopicEventResponse_DROP}, nil
	case err != nil:
		return &runtime.TopicEventResponse{Status: runtime.TopicEventResponse_RETRY}, nil
	default:
		return &runtime.TopicEventResponse{}, nil
	}
}

func (a grpcApp) ListInputBindings(context.Context, *emptypb.Empty) (*runtime.ListInputBindingsResponse, error) {
	return &runtime.ListInputBindingsResponse{Bindings: a.bindings}, nil
}

func (a grpcApp) OnBindingEvent(_ context.Context, e *runtime.BindingEventRequest) (*runtime.BindingEventResponse, error) {
	err := a.handler(Event{Source: e.GetName(), Data: e.GetData(), Metadata: e.GetMetadata()})
	return &runtime.BindingEventResponse{}, err
}

func headersOf(ctx context.Context) map[string]string {
	headers := map[string]string{}
	incoming, _ := metadata.FromIncomingContext(ctx)
	for name, values := range incoming {
		headers[name] = values[0]
	}
	return headers
}
