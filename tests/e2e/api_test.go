package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	common "github.com/dapr/dapr/pkg/proto/common/v1"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// An item is what a client writes, and what it reads back.
type item struct {
	key        string
	value      string // JSON, in the form in which encoding/json writes it
	etag       string
	metadata   map[string]string
	firstWrite bool
	strong     bool // gRPC alone
	remove     bool // in a transaction
}

// refusal is what a client is told; its kind is what the two APIs have in common.
type refusal struct {
	kind string
	text string
}

const (
	conflict = "conflict" // HTTP 409, codes.Aborted
	invalid  = "invalid"  // HTTP 400, codes.InvalidArgument
	failed   = "failed"   // HTTP 500, codes.Internal
)

func (r *refusal) Error() string { return r.kind + ": " + r.text }

// api is daprd's state API, over one of its two protocols.
type api interface {
	save(ctx context.Context, store string, items ...item) error
	get(ctx context.Context, store, key string) (item, error)
	bulkGet(ctx context.Context, store string, keys ...string) ([]item, error)
	remove(ctx context.Context, store string, it item) error
	transact(ctx context.Context, store string, metadata map[string]string, items ...item) error
	query(ctx context.Context, store, query string) (items []item, token string, err error)
}

type grpcAPI struct{ client runtime.DaprClient }

func (a grpcAPI) save(ctx context.Context, store string, items ...item) error {
	request := &runtime.SaveStateRequest{StoreName: store}
	for _, it := range items {
		request.States = append(request.States, it.proto())
	}
	_, err := a.client.SaveState(ctx, request)
	return fromStatus(err)
}

func (a grpcAPI) get(ctx context.Context, store, key string) (item, error) {
	r, err := a.client.GetState(ctx, &runtime.GetStateRequest{StoreName: store, Key: key})
	if err != nil {
		return item{}, fromStatus(err)
	}
	return item{key: key, value: string(r.GetData()), etag: r.GetEtag(), metadata: r.GetMetadata()}, nil
}

func (a grpcAPI) bulkGet(ctx context.Context, store string, keys ...string) ([]item, error) {
	r, err := a.client.GetBulkState(ctx, &runtime.GetBulkStateRequest{StoreName: store, Keys: keys})
	if err != nil {
		return nil, fromStatus(err)
	}
	var items []item
	for _, i := range r.GetItems() {
		if i.GetError() != "" {
			return nil, &refusal{failed, i.GetError()}
		}
		items = append(items, item{key: i.GetKey(), value: string(i.GetData()), etag: i.GetEtag(), metadata: i.GetMetadata()})
	}
	return items, nil
}

func (a grpcAPI) remove(ctx context.Context, store string, it item) error {
	p := it.proto()
	_, err := a.client.DeleteState(ctx, &runtime.DeleteStateRequest{
		StoreName: store, Key: p.GetKey(), Etag: p.GetEtag(), Options: p.GetOptions(), Metadata: p.GetMetadata(),
	})
	return fromStatus(err)
}

func (a grpcAPI) bulkRemove(ctx context.Context, store string, items ...item) error {
	request := &runtime.DeleteBulkStateRequest{StoreName: store}
	for _, it := range items {
		request.States = append(request.States, it.proto())
	}
	_, err := a.client.DeleteBulkState(ctx, request)
	return fromStatus(err)
}

func (a grpcAPI) transact(ctx context.Context, store string, metadata map[string]string, items ...item) error {
	request := &runtime.ExecuteStateTransactionRequest{StoreName: store, Metadata: metadata}
	for _, it := range items {
		request.Operations = append(request.Operations,
			&runtime.TransactionalStateOperation{OperationType: it.operation(), Request: it.proto()})
	}
	_, err := a.client.ExecuteStateTransaction(ctx, request)
	return fromStatus(err)
}

func (a grpcAPI) query(ctx context.Context, store, query string) (items []item, token string, err error) {
	r, err := a.client.QueryStateAlpha1(ctx, &runtime.QueryStateRequest{StoreName: store, Query: query})
	if err != nil {
		return nil, "", fromStatus(err)
	}
	for _, i := range r.GetResults() {
		items = append(items, item{key: i.GetKey(), value: string(i.GetData()), etag: i.GetEtag()})
	}
	return items, r.GetToken(), nil
}

func (it item) operation() string {
	if it.remove {
		return "delete"
	}
	return "upsert"
}

func (it item) proto() *common.StateItem {
	p := &common.StateItem{Key: it.key, Value: []byte(it.value), Metadata: it.metadata, Options: &common.StateOptions{}}
	if it.etag != "" {
		p.Etag = &common.Etag{Value: it.etag}
	}
	if it.firstWrite {
		p.Options.Concurrency = common.StateOptions_CONCURRENCY_FIRST_WRITE
	}
	if it.strong {
		p.Options.Consistency = common.StateOptions_CONSISTENCY_STRONG
	}
	return p
}

func fromStatus(err error) error {
	switch s := status.Convert(err); s.Code() {
	case codes.OK:
		return nil
	case codes.Aborted:
		return &refusal{conflict, s.Message()}
	case codes.InvalidArgument:
		return &refusal{invalid, s.Message()}
	case codes.Internal:
		return &refusal{failed, s.Message()}
	default:
		return err
	}
}

type httpAPI struct{ url string }

func (a httpAPI) save(ctx context.Context, store string, items ...item) error {
	var body []any
	for _, it := range items {
		body = append(body, it.json())
	}
	_, _, err := a.call(ctx, http.MethodPost, "/v1.0/state/"+store, nil, body)
	return err
}

func (a httpAPI) get(ctx context.Context, store, key string) (item, error) {
	header, body, err := a.call(ctx, http.MethodGet, "/v1.0/state/"+store+"/"+url.PathEscape(key), nil, nil)
	if err != nil {
		return item{}, err
	}
	it := item{key: key, value: string(body), etag: header.Get("ETag"), metadata: map[string]string{}}
	for name := range header {
		if rest, ok := strings.CutPrefix(strings.ToLower(name), "metadata."); ok {
			it.metadata[rest] = header.Get(name)
		}
	}
	// Header names have no case; this one is the only one that is looked for.
	if expiry, ok := it.metadata["ttlexpiretime"]; ok {
		it.metadata["ttlExpireTime"] = expiry
	}
	return it, nil
}

func (a httpAPI) bulkGet(ctx context.Context, store string, keys ...string) ([]item, error) {
	_, body, err := a.call(ctx, http.MethodPost, "/v1.0/state/"+store+"/bulk", nil, map[string]any{"keys": keys})
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Key      string
		Data     json.RawMessage
		ETag     string
		Error    string
		Metadata map[string]string
	}
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, fmt.Errorf("%w in %s", err, body)
	}
	var items []item
	for _, row := range rows {
		if row.Error != "" {
			return nil, &refusal{failed, row.Error}
		}
		items = append(items, item{key: row.Key, value: string(row.Data), etag: row.ETag, metadata: row.Metadata})
	}
	return items, nil
}

func (a httpAPI) remove(ctx context.Context, store string, it item) error {
	header, query := http.Header{}, url.Values{}
	if it.etag != "" {
		header.Set("If-Match", it.etag)
	}
	if it.firstWrite {
		query.Set("concurrency", "first-write")
	}
	path := "/v1.0/state/" + store + "/" + url.PathEscape(it.key) + "?" + query.Encode()
	_, _, err := a.call(ctx, http.MethodDelete, path, header, nil)
	return err
}

func (a httpAPI) transact(ctx context.Context, store string, metadata map[string]string, items ...item) error {
	var operations []any
	for _, it := range items {
		operations = append(operations, map[string]any{"operation": it.operation(), "request": it.json()})
	}
	_, _, err := a.call(ctx, http.MethodPost, "/v1.0/state/"+store+"/transaction", nil,
		map[string]any{"operations": operations, "metadata": metadata})
	return err
}

func (a httpAPI) query(ctx context.Context, store, query string) (items []item, token string, err error) {
	_, body, err := a.call(ctx, http.MethodPost, "/v1.0-alpha1/state/"+store+"/query", nil, json.RawMessage(query))
	if err != nil {
		return nil, "", err
	}
	if len(body) == 0 {
		return nil, "", nil // 204: daprd's word for no rows
	}
	var answer struct {
		Results []struct {
			Key  string
			Data json.RawMessage
			ETag string
		}
		Token string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, "", fmt.Errorf("%w in %s", err, body)
	}
	for _, row := range answer.Results {
		items = append(items, item{key: row.Key, value: string(row.Data), etag: row.ETag})
	}
	return items, answer.Token, nil
}

func (it item) json() any {
	m := map[string]any{"key": it.key}
	if it.value != "" {
		m["value"] = json.RawMessage(it.value)
	}
	if it.etag != "" {
		m["etag"] = it.etag
	}
	if it.metadata != nil {
		m["metadata"] = it.metadata
	}
	if it.firstWrite {
		m["options"] = map[string]string{"concurrency": "first-write"}
	}
	return m
}

// call makes one request without a deadline beyond its context's: what the server takes is seen.
func (a httpAPI) call(ctx context.Context, method, path string, header http.Header, body any) (http.Header, []byte, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, nil, err
		}
		payload = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, payload)
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return response.Header, text, nil
	case http.StatusConflict:
		return nil, nil, &refusal{conflict, string(text)}
	case http.StatusBadRequest:
		return nil, nil, &refusal{invalid, string(text)}
	case http.StatusInternalServerError:
		return nil, nil, &refusal{failed, string(text)}
	default:
		return nil, nil, fmt.Errorf("%s: %s", response.Status, text)
	}
}

// callTimeout bounds calls that are expected to be answered at once.
const callTimeout = 10 * time.Second
