package e2e

import (
	"context"
	"maps"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// What daprd would say to the socket in cases that its API has no way to ask for.

type socket struct {
	components.StateStoreClient
	components.TransactionalStateStoreClient
}

func dial(t *testing.T, c *rig.Component) socket {
	t.Helper()
	connection := rig.Dial(t, "unix://"+c.Socket)
	return socket{components.NewStateStoreClient(connection), components.NewTransactionalStateStoreClient(connection)}
}

func as(ctx context.Context, instance string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-component-instance", instance)
}

// The actor runtime of daprd uses these calls, with these keys, and always names the partition.
func TestActorState(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		store := dial(t, w.program)
		ctx := as(soon(t), "store")
		const actor = appID + "||Cat||7"
		partition := map[string]string{"partitionKey": actor}

		_, err := store.Transact(ctx, &components.TransactionalStateRequest{Metadata: partition,
			Operations: []*components.TransactionalStateOperation{
				upsert(actor+"||name", `"Tom"`, partition), upsert(actor+"||age", "9", partition),
				remove(actor+"||mood", partition),
			}})
		must(t, err)

		one, err := store.Get(ctx, &components.GetRequest{Key: actor + "||name", Metadata: partition})
		must(t, err)
		if string(one.GetData()) != `"Tom"` {
			t.Errorf("name is %q", one.GetData())
		}
		many, err := store.BulkGet(ctx, &components.BulkGetRequest{Items: []*components.GetRequest{
			{Key: actor + "||mood", Metadata: partition}, {Key: actor + "||age", Metadata: partition}}})
		must(t, err)
		if got := many.GetItems(); len(got) != 2 || got[0].GetKey() != actor+"||mood" || len(got[0].GetData()) != 0 ||
			got[1].GetKey() != actor+"||age" || string(got[1].GetData()) != "9" {
			t.Errorf("got %v", got)
		}
	}, ofOurs)
}

func upsert(key, value string, metadata map[string]string) *components.TransactionalStateOperation {
	return &components.TransactionalStateOperation{Request: &components.TransactionalStateOperation_Set{
		Set: &components.SetRequest{Key: key, Value: []byte(value), Metadata: maps.Clone(metadata)}}}
}

func remove(key string, metadata map[string]string) *components.TransactionalStateOperation {
	return &components.TransactionalStateOperation{Request: &components.TransactionalStateOperation_Delete{
		Delete: &components.DeleteRequest{Key: key, Metadata: maps.Clone(metadata)}}}
}

func TestBadRequestsAreToldAndDoNoHarm(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		store := dial(t, w.program)
		for _, c := range []struct {
			name     string
			instance string
			request  *components.SetRequest
			code     codes.Code
			words    []string
		}{
			{"an empty key", "store", &components.SetRequest{Value: []byte("1")}, codes.InvalidArgument, []string{"key"}},
			{"a time to live that is none", "store", &components.SetRequest{Key: "bad", Value: []byte("1"),
				Metadata: map[string]string{"ttlInSeconds": "foo"}}, codes.InvalidArgument, []string{"ttlInSeconds", "foo"}},
			{"an instance that nobody opened", "nobody", &components.SetRequest{Key: "bad", Value: []byte("1")},
				codes.FailedPrecondition, []string{"nobody"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := store.Set(as(soon(t), c.instance), c.request)

				if status.Code(err) != c.code {
					t.Fatalf("got %v, want %v", err, c.code)
				}
				for _, word := range c.words {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%v does not say %q", err, word)
					}
				}
				answer, err := store.Get(as(soon(t), "store"), &components.GetRequest{Key: "bad"})
				must(t, err) // on the same connection
				if len(answer.GetData()) != 0 {
					t.Errorf("%q was written", answer.GetData())
				}
			})
		}
	}, ofOurs)
}

// daprd takes 4 MiB from a component; more would cost it the connection.
func TestAnswerBeyondDaprdsLimitFailsAlone(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		value := strings.Repeat("x", 1<<20)
		keys := []string{"large-1", "large-2", "large-3", "large-4", "large-5"}
		for _, key := range keys {
			must(t, w.grpc().save(soon(t), "store", item{key: key, value: value}))
		}

		_, err := w.grpc().bulkGet(soon(t), "store", keys...)

		if status.Code(err) != codes.ResourceExhausted || strings.Contains(err.Error(), "grpc:") {
			t.Errorf("got %v, want ResourceExhausted in the component's own words", err)
		}
		got, err := w.grpc().bulkGet(soon(t), "store", keys[:3]...)
		must(t, err)
		if len(got) != 3 || got[2].value != value {
			t.Errorf("got %d values", len(got))
		}
	}, ofOurs)
}

// A value that daprd cannot take, or that the store does not even read, costs its own call alone. Only
// another client of the same Redis can have written it.
func TestValueTooLargeFailsAlone(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		for _, c := range []struct {
			name  string
			bytes int
			words string
		}{
			{"beyond daprd's limit", 5 << 20, "larger than reply-bytes-max"},
			{"beyond the store's own", 70 << 20, "too large to be read"},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := start(t, s)
				must(t, w.redis.Client.HSet(soon(t), appID+"||large",
					"data", strings.Repeat("x", c.bytes), "version", "1").Err())
				must(t, w.grpc().save(soon(t), "store", item{key: "small", value: "1"}))
				load := startLoad(t, w.grpc())
				load.waitForWrites(t, 1)

				for range 3 {
					_, err := w.grpc().get(soon(t), "store", "large")

					isRefused(t, err, failed, "ResourceExhausted", c.words)
				}

				load.waitForWrites(t, 1)
				for i := range load.writers {
					if refused := load.writers[i].refused.Load(); refused > 0 {
						t.Errorf("%d calls of %s were refused beside it", refused, load.writers[i].key)
					}
				}
				load.stop()
				holds(t, w.http(), "store", "small", "1")
			})
		}
	}, func(s subject) bool { return ofOurs(s) && inRedis(s) })
}
