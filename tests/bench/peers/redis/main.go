// Command redis is Dapr's state.redis as a pluggable component: redis SOCKET.
package main

import (
	"context"
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"dapr-kit.test/bench/peers/peer"
	contribmetadata "github.com/dapr/components-contrib/metadata"
	"github.com/dapr/components-contrib/state"
	"github.com/dapr/components-contrib/state/redis"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"github.com/dapr/kit/logger"
)

type stateServer struct {
	components.UnimplementedStateStoreServer
	components.UnimplementedTransactionalStateStoreServer
	stores peer.Instances[state.Store]
}

var concurrencies = map[components.StateOptions_StateConcurrency]string{
	components.StateOptions_CONCURRENCY_FIRST_WRITE: state.FirstWrite,
	components.StateOptions_CONCURRENCY_LAST_WRITE:  state.LastWrite,
}

var consistencies = map[components.StateOptions_StateConsistency]string{
	components.StateOptions_CONSISTENCY_EVENTUAL: state.Eventual,
	components.StateOptions_CONSISTENCY_STRONG:   state.Strong,
}

func etagOf(etag *components.Etag) *string {
	if etag.GetValue() == "" {
		return nil
	}
	return &etag.Value
}

func etagTo(etag *string) *components.Etag {
	if etag == nil {
		return nil
	}
	return &components.Etag{Value: *etag}
}

func getOf(r *components.GetRequest) state.GetRequest {
	return state.GetRequest{
		Key:      r.GetKey(),
		Metadata: r.GetMetadata(),
		Options:  state.GetStateOption{Consistency: consistencies[r.GetConsistency()]},
	}
}

func setOf(r *components.SetRequest) state.SetRequest {
	return state.SetRequest{
		Key:         r.GetKey(),
		Value:       r.GetValue(),
		ETag:        etagOf(r.GetEtag()),
		Metadata:    r.GetMetadata(),
		ContentType: peer.TextOf(r.GetContentType()),
		Options: state.SetStateOption{
			Concurrency: concurrencies[r.GetOptions().GetConcurrency()],
			Consistency: consistencies[r.GetOptions().GetConsistency()],
		},
	}
}

func deleteOf(r *components.DeleteRequest) state.DeleteRequest {
	return state.DeleteRequest{
		Key:      r.GetKey(),
		ETag:     etagOf(r.GetEtag()),
		Metadata: r.GetMetadata(),
		Options: state.DeleteStateOption{
			Concurrency: concurrencies[r.GetOptions().GetConcurrency()],
			Consistency: consistencies[r.GetOptions().GetConsistency()],
		},
	}
}

// statusOf tells daprd of an etag error in the one shape that it knows.
func statusOf(err error) error {
	var etag *state.ETagError
	if !errors.As(err, &etag) {
		return err
	}
	code := codes.InvalidArgument
	if etag.Kind() == state.ETagMismatch {
		code = codes.FailedPrecondition
	}
	detailed, broken := status.New(code, err.Error()).WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "etag", Description: err.Error()}},
	})
	if broken != nil {
		return err
	}
	return detailed.Err()
}

func (s *stateServer) Init(ctx context.Context, r *components.InitRequest) (*components.InitResponse, error) {
	store := redis.NewRedisStateStore(logger.NewLogger("peer"))
	err := store.Init(ctx, state.Metadata{Base: contribmetadata.Base{
		Name: peer.NameOf(ctx), Properties: r.GetMetadata().GetProperties()}})
	if err != nil {
		return nil, err
	}
	s.stores.Put(ctx, store)
	return &components.InitResponse{}, nil
}

func (s *stateServer) Features(ctx context.Context, _ *components.FeaturesRequest) (*components.FeaturesResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	response := &components.FeaturesResponse{}
	for _, feature := range store.Features() {
		response.Features = append(response.Features, string(feature))
	}
	return response, nil
}

// Ping is the transport alone.
func (s *stateServer) Ping(context.Context, *components.PingRequest) (*components.PingResponse, error) {
	return &components.PingResponse{}, nil
}

func (s *stateServer) Get(ctx context.Context, r *components.GetRequest) (*components.GetResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	request := getOf(r)
	found, err := store.Get(ctx, &request)
	if err != nil {
		return nil, statusOf(err)
	}
	response := &components.GetResponse{Data: found.Data, Etag: etagTo(found.ETag), Metadata: found.Metadata}
	if found.ContentType != nil {
		response.ContentType = *found.ContentType
	}
	return response, nil
}

func (s *stateServer) Set(ctx context.Context, r *components.SetRequest) (*components.SetResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	request := setOf(r)
	if err := store.Set(ctx, &request); err != nil {
		return nil, statusOf(err)
	}
	return &components.SetResponse{}, nil
}

func (s *stateServer) Delete(ctx context.Context, r *components.DeleteRequest) (*components.DeleteResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	request := deleteOf(r)
	if err := store.Delete(ctx, &request); err != nil {
		return nil, statusOf(err)
	}
	return &components.DeleteResponse{}, nil
}

func (s *stateServer) BulkGet(ctx context.Context, r *components.BulkGetRequest) (*components.BulkGetResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]state.GetRequest, len(r.GetItems()))
	for i, item := range r.GetItems() {
		requests[i] = getOf(item)
	}
	found, err := store.BulkGet(ctx, requests, state.BulkGetOpts{Parallelism: int(r.GetOptions().GetParallelism())})
	if err != nil {
		return nil, statusOf(err)
	}
	response := &components.BulkGetResponse{Items: make([]*components.BulkStateItem, len(found))}
	for i, item := range found {
		response.Items[i] = &components.BulkStateItem{
			Key: item.Key, Data: item.Data, Etag: etagTo(item.ETag), Error: item.Error, Metadata: item.Metadata}
	}
	return response, nil
}

func (s *stateServer) BulkSet(ctx context.Context, r *components.BulkSetRequest) (*components.BulkSetResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]state.SetRequest, len(r.GetItems()))
	for i, item := range r.GetItems() {
		requests[i] = setOf(item)
	}
	options := state.BulkStoreOpts{Parallelism: int(r.GetOptions().GetParallelism())}
	if err := store.BulkSet(ctx, requests, options); err != nil {
		return nil, statusOf(err)
	}
	return &components.BulkSetResponse{}, nil
}

func (s *stateServer) BulkDelete(ctx context.Context, r *components.BulkDeleteRequest) (*components.BulkDeleteResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]state.DeleteRequest, len(r.GetItems()))
	for i, item := range r.GetItems() {
		requests[i] = deleteOf(item)
	}
	options := state.BulkStoreOpts{Parallelism: int(r.GetOptions().GetParallelism())}
	if err := store.BulkDelete(ctx, requests, options); err != nil {
		return nil, statusOf(err)
	}
	return &components.BulkDeleteResponse{}, nil
}

func (s *stateServer) Transact(
	ctx context.Context, r *components.TransactionalStateRequest,
) (*components.TransactionalStateResponse, error) {
	store, err := s.stores.Find(ctx)
	if err != nil {
		return nil, err
	}
	transactional, ok := store.(state.TransactionalStore)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "the store has no transactions")
	}
	operations := make([]state.TransactionalStateOperation, len(r.GetOperations()))
	for i, operation := range r.GetOperations() {
		if set := operation.GetSet(); set != nil {
			operations[i] = setOf(set)
		} else {
			operations[i] = deleteOf(operation.GetDelete())
		}
	}
	request := state.TransactionalStateRequest{Operations: operations, Metadata: r.GetMetadata()}
	if err := transactional.Multi(ctx, &request); err != nil {
		return nil, statusOf(err)
	}
	return &components.TransactionalStateResponse{}, nil
}

func main() {
	peer.Serve(func(server *grpc.Server) {
		state := &stateServer{}
		components.RegisterStateStoreServer(server, state)
		components.RegisterTransactionalStateStoreServer(server, state)
	})
}
