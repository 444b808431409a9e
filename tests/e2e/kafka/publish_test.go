package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// An entry is one event of a bulk publish.
type entry struct {
	id       string
	data     string
	metadata map[string]string
}

// An api is one of daprd's two ways to publish.
type api interface {
	publish(ctx context.Context, topic, contentType, data string, metadata map[string]string) error
	publishMany(ctx context.Context, topic string, entries []entry, metadata map[string]string) (failed []string, err error)
	invoke(ctx context.Context, binding, data string, metadata map[string]string) error
}

func apisOf(d *rig.Daprd) map[string]api {
	return map[string]api{"grpc": grpcAPI{d.API}, "http": httpAPI{d.URL}}
}

type grpcAPI struct{ client runtime.DaprClient }

func (a grpcAPI) publish(ctx context.Context, topic, contentType, data string, metadata map[string]string) error {
	_, err := a.client.PublishEvent(ctx, &runtime.PublishEventRequest{
		PubsubName: brokerName, Topic: topic, Data: []byte(data), DataContentType: contentType, Metadata: metadata})
	return err
}

func (a grpcAPI) publishMany(ctx context.Context, topic string, entries []entry, metadata map[string]string) ([]string, error) {
	request := &runtime.BulkPublishRequest{PubsubName: brokerName, Topic: topic, Metadata: metadata}
	for _, e := range entries {
		request.Entries = append(request.Entries, &runtime.BulkPublishRequestEntry{
			EntryId: e.id, Event: []byte(e.data), ContentType: "text/plain", Metadata: e.metadata})
	}
	answer, err := a.client.BulkPublishEventAlpha1(ctx, request)
	var failed []string
	for _, f := range answer.GetFailedEntries() {
		failed = append(failed, f.GetEntryId())
	}
	return failed, err
}

func (a grpcAPI) invoke(ctx context.Context, binding, data string, metadata map[string]string) error {
	_, err := a.client.InvokeBinding(ctx, &runtime.InvokeBindingRequest{
		Name: binding, Operation: "create", Data: []byte(data), Metadata: metadata})
	return err
}

type httpAPI struct{ url string }

func (a httpAPI) publish(ctx context.Context, topic, contentType, data string, metadata map[string]string) error {
	_, err := a.post(ctx, "/v1.0/publish/"+brokerName+"/"+topic+query(metadata), contentType, []byte(data))
	return err
}

func (a httpAPI) publishMany(ctx context.Context, topic string, entries []entry, metadata map[string]string) ([]string, error) {
	type item struct {
		ID       string            `json:"entryId"`
		Event    string            `json:"event"`
		Type     string            `json:"contentType"`
		Metadata map[string]string `json:"metadata,omitempty"`
	}
	var items []item
	for _, e := range entries {
		items = append(items, item{e.id, e.data, "text/plain", e.metadata})
	}
	body, err := json.Marshal(items)
	if err != nil {
		return nil, err
	}
	_, err = a.post(ctx, "/v1.0-alpha1/publish/bulk/"+brokerName+"/"+topic+query(metadata), "application/json", body)
	return nil, err // the HTTP API has no room for a list beside success
}

func (a httpAPI) invoke(ctx context.Context, binding, data string, metadata map[string]string) error {
	body, err := json.Marshal(map[string]any{"operation": "create", "data": data, "metadata": metadata})
	if err != nil {
		return err
	}
	_, err = a.post(ctx, "/v1.0/bindings/"+binding, "application/json", body)
	return err
}

func (a httpAPI) post(ctx context.Context, path, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return text, err
}

func query(metadata map[string]string) string {
	values := url.Values{}
	for name, value := range metadata {
		values.Set("metadata."+name, value)
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}
