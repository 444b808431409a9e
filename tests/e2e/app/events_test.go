package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	common "github.com/dapr/dapr/pkg/proto/common/v1"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

const pubsubName, storeName = "messages", "store"

// startWithComponents starts a probe and its daprd with state and pub/sub in memory.
func startWithComponents(t *testing.T) (*rig.Application, *rig.Daprd) {
	t.Helper()
	sockets := rig.SocketFolder(t)
	component := rig.StartComponent(t, "dk-memory", "dk-memory", sockets)
	probe := rig.NewApplication(t, "dk-probe")
	daprd := rig.NewDaprd(t, rig.DaprdVar, appID, sockets,
		rig.Document{Name: storeName, Type: "state.dk-memory"},
		rig.Document{Name: pubsubName, Type: "pubsub.dk-memory", Metadata: map[string]string{"redeliverInterval": "50ms"}})
	const topics = 3
	daprd.Serve("grpc", probe.Port, topics)
	probe.Setenv("DAPR_GRPC_PORT", fmt.Sprint(daprd.GRPCPort))
	probe.Start()
	daprd.Start()
	rig.Eventually(t, "subscriptions", func() error {
		if have := strings.Count(component.Log(), "subscription begins"); have < topics {
			return fmt.Errorf("%d of %d have begun", have, topics)
		}
		return nil
	})
	return probe, daprd
}

// notes are what the handlers of the probe noted by now.
func notes(t *testing.T, daprd *rig.Daprd) []string {
	t.Helper()
	var said struct{ Notes []string }
	if got := invoke(t, daprd, "GET", "notes", ""); json.Unmarshal([]byte(got.body), &said) != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return said.Notes
}

// awaitNotes waits until each of these was noted; how often it was is the caller's to look at.
func awaitNotes(t *testing.T, daprd *rig.Daprd, want ...string) []string {
	t.Helper()
	var have []string
	rig.Eventually(t, "notes", func() error {
		have = notes(t, daprd)
		for _, note := range want {
			if !slices.Contains(have, note) {
				return fmt.Errorf("%q is not among %q", note, have)
			}
		}
		return nil
	})
	return have
}

func count(notes []string, note string) (times int) {
	for _, have := range notes {
		if have == note {
			times++
		}
	}
	return times
}

// publish posts an event; about are attributes of it, as "cloudevent.type", and their values.
func publish(t *testing.T, daprd *rig.Daprd, topic, contentType, data string, about ...string) {
	t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(about); i += 2 {
		query.Set("metadata."+about[i], about[i+1])
	}
	response, err := http.Post(daprd.URL+"/v1.0/publish/"+pubsubName+"/"+topic+"?"+query.Encode(),
		contentType, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		t.Fatalf("publish to %s: %s", topic, response.Status)
	}
}

func TestEventsGoWhereTheirRuleSays(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)

	publish(t, daprd, "orders", "text/plain", "plain")
	publish(t, daprd, "orders", "text/plain", "away", "cloudevent.type", "order.cancelled")
	publish(t, daprd, "orders", "application/json", `{"priority":9}`)
	publish(t, daprd, "orders", "application/json", `{"priority":1}`)

	want := []string{"order plain", "cancelled away", `urgent {"priority":9}`, `order {"priority":1}`}
	have := awaitNotes(t, daprd, want...)
	if len(have) != len(want) {
		t.Errorf("%q", have)
	}
}

func TestARefusedEventComesAgain(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)

	publish(t, daprd, "readings", "text/plain", "refuse")

	rig.Eventually(t, "the second delivery", func() error {
		if have := notes(t, daprd); count(have, "reading refuse") != 2 {
			return fmt.Errorf("%q", have)
		}
		return nil
	})
}

// With a dead letter topic daprd sends there what a handler refuses or drops, and does not ask again.
func TestRefusedAndDroppedEventsGoToTheDeadLetterTopic(t *testing.T) {
	t.Parallel()
	_, daprd := startWithComponents(t)

	publish(t, daprd, "orders", "text/plain", "drop")
	publish(t, daprd, "orders", "text/plain", "refuse")

	have := awaitNotes(t, daprd, "dead drop", "dead refuse")
	if count(have, "order drop") != 1 || count(have, "order refuse") != 1 {
		t.Errorf("%q", have)
	}
}

// startWithKafka starts a probe behind a daprd with its own Kafka components: those collect events,
// which what comes through a socket cannot.
func startWithKafka(t *testing.T) *rig.Daprd {
	t.Helper()
	broker := rig.StartDevbroker(t, "orders", "orders.dead", "readings", "records")
	kafka := func(name, kind string, more ...string) rig.Document {
		metadata := map[string]string{"brokers": broker, "authType": "none", "consumerGroup": name, "initialOffset": "oldest",
			"version": "2.0.0"}
		for i := 0; i+1 < len(more); i += 2 {
			metadata[more[i]] = more[i+1]
		}
		return rig.Document{Name: name, Type: kind, Metadata: metadata}
	}
	probe := startProbe(t)
	daprd := rig.NewDaprd(t, rig.DaprdCompareVar, appID, "", kafka(pubsubName, "pubsub.kafka"),
		kafka("records", "bindings.kafka", "topics", "records", "publishTopic", "records"))
	daprd.Serve("grpc", probe.Port, 3)
	daprd.Start()
	// Its consumers do not always leave a mock cluster within the time that daprd gives itself.
	t.Cleanup(func() { daprd.Kill(t) })
	return daprd
}

func TestBulkEventsComeTogether(t *testing.T) {
	t.Parallel()
	daprd := startWithKafka(t)
	const events = 60
	request := &runtime.BulkPublishRequest{PubsubName: pubsubName, Topic: "readings"}
	var want []string
	for i := range events {
		request.Entries = append(request.Entries, &runtime.BulkPublishRequestEntry{
			EntryId: fmt.Sprint(i), Event: []byte(fmt.Sprint(i)), ContentType: "text/plain"})
		want = append(want, fmt.Sprint("reading ", i))
	}

	if _, err := daprd.API.BulkPublishEvent(patient(t), request); err != nil {
		t.Fatal(err)
	}

	have := awaitNotes(t, daprd, want...)
	if batches := count(have, "batch "); batches == 0 || batches > events/2 || len(have) != events+batches {
		t.Errorf("%d batches: %q", batches, have)
	}
}

func TestRecordsOfAnInputBinding(t *testing.T) {
	t.Parallel()
	daprd := startWithKafka(t)

	if _, err := daprd.API.InvokeBinding(patient(t), &runtime.InvokeBindingRequest{
		Name: "records", Operation: "create", Data: []byte("one")}); err != nil {
		t.Fatal(err)
	}

	awaitNotes(t, daprd, "record one")
}

// What daprd asks of an application that has bindings and jobs, asked by the test.
func TestBindingsAndJobs(t *testing.T) {
	t.Parallel()
	probe, daprd := startBoth(t)
	app := runtime.NewAppCallbackClient(dial(t, probe.Address(), nil))
	jobs := runtime.NewAppCallbackAlphaClient(dial(t, probe.Address(), nil))

	listed, err := app.ListInputBindings(patient(t), &emptypb.Empty{})
	if err != nil || !slices.Equal(listed.GetBindings(), []string{"records"}) {
		t.Errorf("bindings: %v %v", listed, err)
	}
	record := func(name, data string) (*runtime.BindingEventResponse, error) {
		return app.OnBindingEvent(patient(t), &runtime.BindingEventRequest{Name: name, Data: []byte(data)})
	}
	if got, err := record("records", "one"); err != nil || string(got.GetData()) != "one" {
		t.Errorf("a record: %v %v", got, err)
	}
	if _, err := record("records", "refuse"); status.Code(err) != codes.Unavailable {
		t.Errorf("a refused record: %v", err)
	}
	if _, err := record("others", "one"); err == nil || !strings.Contains(err.Error(), "others") {
		t.Errorf("an unknown binding: %v", err)
	}
	job := func(name string) codes.Code {
		_, err := jobs.OnJobEventAlpha1(patient(t), &runtime.JobEventRequest{Name: name, Method: "job/" + name,
			Data: &anypb.Any{}, HttpExtension: &common.HTTPExtension{Verb: common.HTTPExtension_POST}})
		return status.Code(err)
	}
	for name, want := range map[string]codes.Code{
		"purge": codes.OK, "report-may": codes.Unavailable, "unknown": codes.FailedPrecondition} {
		if code := job(name); code != want {
			t.Errorf("job %s: %v", name, code)
		}
	}
	have := notes(t, daprd)
	for _, want := range []string{"record one", "record refuse", "purge purge", "report report-may"} {
		if count(have, want) != 1 {
			t.Errorf("%q: %q", want, have)
		}
	}
}
