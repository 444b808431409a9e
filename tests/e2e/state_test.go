package e2e

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// A scene is one test in a running world, on keys that start with its own name.
type scene struct {
	*world
	api api
	key string
}

var stateCases = []struct {
	name string
	run  func(t *testing.T, s scene)
}{
	{"a value is saved, read and deleted", savesReadsDeletes},
	{"a key that does not exist is empty and can be deleted", missesNothing},
	{"many values are saved and read in order", savesAndReadsMany},
	{"an etag changes with each write and guards it", etagGuards},
	{"an etag that is none is refused", etagMustBeOne},
	{"an etag on a key that does not exist", etagOfNothing},
	{"the first write wins", firstWriteWins},
	{"a value with a time to live disappears", timeToLiveEnds},
	{"a time to live can be taken back", timeToLiveIsTakenBack},
	{"a time to live that is none is refused", timeToLiveMustBeOne},
	{"a transaction happens in order", transactsInOrder},
	{"a transaction that fails", transactsAllOrNothing},
	{"two instances on one socket are apart", instancesAreApart},
}

func TestState(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		for name, api := range map[string]api{"http": w.http(), "grpc": w.grpc()} {
			t.Run(name, func(t *testing.T) {
				for i, c := range stateCases {
					t.Run(c.name, func(t *testing.T) {
						c.run(t, scene{w, api, fmt.Sprintf("%s-%02d", name, i)})
					})
				}
			})
		}
		t.Run("capabilities are told", func(t *testing.T) { tellsCapabilities(t, w) })
		t.Run("any bytes are a value", func(t *testing.T) { keepsAnyValue(t, w) })
		t.Run("a key with a NUL byte is a key", func(t *testing.T) { keepsKeyWithNUL(t, w) })
		t.Run("many values are deleted", func(t *testing.T) { deletesMany(t, w) })
		t.Run("a stale etag in a bulk", func(t *testing.T) { bulkWithStaleEtag(t, w) })
		if inRedis(s) {
			t.Run("key prefixes are as configured", func(t *testing.T) { prefixesKeys(t, w) })
		}
	}, every)
}

func savesReadsDeletes(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: `{"s":"ä€🂡"}`}))
	holds(t, s.api, "store", s.key, `{"s":"ä€🂡"}`)

	must(t, s.api.save(soon(t), "store", item{key: s.key, value: `"other"`}))
	holds(t, s.api, "store", s.key, `"other"`)

	must(t, s.api.remove(soon(t), "store", item{key: s.key}))
	holds(t, s.api, "store", s.key, "")
}

func missesNothing(t *testing.T, s scene) {
	it := mustGet(t, s.api, "store", s.key)

	if it.value != "" || it.etag != "" {
		t.Errorf("got %+v, want nothing", it)
	}
	must(t, s.api.remove(soon(t), "store", item{key: s.key}))
}

func savesAndReadsMany(t *testing.T, s scene) {
	var items []item
	var keys []string
	for i := range 100 {
		items = append(items, item{key: fmt.Sprintf("%s-%03d", s.key, i), value: fmt.Sprint(i)})
		keys = append(keys, items[i].key)
	}
	keys = slices.Insert(keys, 50, s.key+"-missing")

	must(t, s.api.save(soon(t), "store", items...))
	got, err := s.api.bulkGet(soon(t), "store", keys...)

	must(t, err)
	if len(got) != len(keys) {
		t.Fatalf("got %d items for %d keys", len(got), len(keys))
	}
	items = slices.Insert(items, 50, item{key: s.key + "-missing"})
	byKey := map[string]item{}
	for _, it := range got {
		byKey[it.key] = it
	}
	for i, want := range items {
		it := byKey[want.key]
		if s.program != nil && got[i].key != want.key {
			t.Errorf("item %d is %s, want %s", i, got[i].key, want.key)
		}
		if it.value != want.value || (it.etag == "") != (want.value == "") {
			t.Errorf("%s: got %q with etag %q, want %q", want.key, it.value, it.etag, want.value)
		}
	}
}

func etagGuards(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1"}))
	first := mustGet(t, s.api, "store", s.key).etag
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "2", etag: first}))
	second := mustGet(t, s.api, "store", s.key).etag
	if first == "" || first == second {
		t.Fatalf("etags %q and %q", first, second)
	}

	isRefused(t, s.api.save(soon(t), "store", item{key: s.key, value: "3", etag: first}), conflict)
	isRefused(t, s.api.remove(soon(t), "store", item{key: s.key, etag: first}), conflict)
	holds(t, s.api, "store", s.key, "2")

	must(t, s.api.remove(soon(t), "store", item{key: s.key, etag: second}))
	holds(t, s.api, "store", s.key, "")
}

func etagMustBeOne(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1"}))
	kind := invalid
	etag := s.subject.badEtag
	if etag == "" { // then it is one that nobody has been given
		kind, etag = conflict, "no-number"
	}

	isRefused(t, s.api.save(soon(t), "store", item{key: s.key, value: "2", etag: etag}), kind)
	holds(t, s.api, "store", s.key, "1")
}

func etagOfNothing(t *testing.T, s scene) {
	err := s.api.save(soon(t), "store", item{key: s.key, value: "1", etag: "7"})

	if s.subject.createByEtag {
		must(t, err)
		holds(t, s.api, "store", s.key, "1")
		return
	}
	isRefused(t, err, conflict)
	holds(t, s.api, "store", s.key, "")
}

func firstWriteWins(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1", firstWrite: true}))

	if err := s.api.save(soon(t), "store", item{key: s.key, value: "2", firstWrite: true}); err == nil {
		t.Error("the second write was taken")
	}
	holds(t, s.api, "store", s.key, "1")

	etag := mustGet(t, s.api, "store", s.key).etag
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "3", firstWrite: true, etag: etag}))
	isRefused(t, s.api.save(soon(t), "store", item{key: s.key, value: "4", firstWrite: true, etag: etag}), conflict)
	holds(t, s.api, "store", s.key, "3")
}

func timeToLiveEnds(t *testing.T, s scene) {
	before := time.Now()
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1", metadata: map[string]string{"ttlInSeconds": "2"}}))
	after := time.Now()

	it := mustGet(t, s.api, "store", s.key)
	if it.value != "1" && time.Since(before) < 2*time.Second {
		t.Errorf("gone %v after it was saved for 2 s", time.Since(before))
	}
	if s.subject.tellsExpiry {
		// Told in whole seconds by some stores, so a second of doubt on each side.
		expiry, err := time.Parse(time.RFC3339, it.metadata["ttlExpireTime"])
		if err != nil || expiry.Before(before.Add(time.Second)) || expiry.After(after.Add(3*time.Second)) {
			t.Errorf("ttlExpireTime %q (%v), saved between %v and %v for 2 s",
				it.metadata["ttlExpireTime"], err, before.UTC(), after.UTC())
		}
	}
	rig.Eventually(t, "the end of its time", func() error {
		if it := mustGet(t, s.api, "store", s.key); it.value != "" {
			return fmt.Errorf("still %q", it.value)
		}
		return nil
	})
	if lived := time.Since(before); lived < 2*time.Second-20*time.Millisecond {
		t.Errorf("lived %v, saved for 2 s", lived)
	}
}

func timeToLiveIsTakenBack(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1", metadata: map[string]string{"ttlInSeconds": "600"}}))
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "2", metadata: map[string]string{"ttlInSeconds": "-1"}}))

	it := mustGet(t, s.api, "store", s.key)

	if it.value != "2" || it.metadata["ttlExpireTime"] != "" {
		t.Errorf("got %q that ends at %q, want 2 without an end", it.value, it.metadata["ttlExpireTime"])
	}
	if s.redis != nil {
		if left := s.redis.Client.TTL(t.Context(), appID+"||"+s.key).Val(); left != -1 {
			t.Errorf("Redis keeps it for %v, want no end", left)
		}
	}
}

func timeToLiveMustBeOne(t *testing.T, s scene) {
	err := s.api.save(soon(t), "store", item{key: s.key, value: "1", metadata: map[string]string{"ttlInSeconds": "foo"}})

	kind := failed
	if s.subject.blamesCaller {
		kind = invalid
	}
	isRefused(t, err, kind, "ttl", "foo")
	holds(t, s.api, "store", s.key, "")
}

func transactsInOrder(t *testing.T, s scene) {
	a, b, c := s.key+"-a", s.key+"-b", s.key+"-c"
	must(t, s.api.save(soon(t), "store", item{key: a, value: "1"}))

	must(t, s.api.transact(soon(t), "store", map[string]string{"partitionKey": "p"},
		item{key: b, value: "1"}, item{key: a, remove: true}, item{key: b, value: "2"},
		item{key: c, value: "1"}, item{key: c, remove: true}))

	holds(t, s.api, "store", a, "")
	holds(t, s.api, "store", b, "2")
	holds(t, s.api, "store", c, "")
}

func transactsAllOrNothing(t *testing.T, s scene) {
	a, b := s.key+"-a", s.key+"-b"
	must(t, s.api.save(soon(t), "store", item{key: a, value: "1"}))
	must(t, s.api.save(soon(t), "store", item{key: b, value: "1"}))
	stale := mustGet(t, s.api, "store", b).etag
	must(t, s.api.save(soon(t), "store", item{key: b, value: "2"}))

	err := s.api.transact(soon(t), "store", nil, item{key: a, value: "9"}, item{key: b, value: "9", etag: stale})

	isRefused(t, err, failed)
	holds(t, s.api, "store", b, "2")
	if s.subject.rollsBack {
		holds(t, s.api, "store", a, "1")
	} else {
		holds(t, s.api, "store", a, "9")
	}
}

func instancesAreApart(t *testing.T, s scene) {
	must(t, s.api.save(soon(t), "store", item{key: s.key, value: "1"}))
	holds(t, s.api, "other", s.key, "")

	must(t, s.api.save(soon(t), "other", item{key: s.key, value: "2"}))
	holds(t, s.api, "store", s.key, "1")
	holds(t, s.api, "other", s.key, "2")
}

func tellsCapabilities(t *testing.T, w *world) {
	metadata, err := w.daprd.API.GetMetadata(soon(t), &runtime.GetMetadataRequest{})
	must(t, err)
	for _, c := range metadata.GetRegisteredComponents() {
		if got := sorted(c.GetCapabilities()); c.GetType() != w.subject.kind || !slices.Equal(got, w.subject.capabilities) {
			t.Errorf("%s is a %s that can %q, want a %s that can %q",
				c.GetName(), c.GetType(), got, w.subject.kind, w.subject.capabilities)
		}
	}
	if n := len(metadata.GetRegisteredComponents()); n != 3 {
		t.Errorf("%d components, want 3", n)
	}
}

func keepsAnyValue(t *testing.T, w *world) {
	large := make([]byte, 1<<20)
	rand.Read(large)
	for name, value := range map[string]string{
		"empty": "", "nul": "a\x00b", "not UTF-8": "\xff\xfe\x80", "1 MiB": string(large), "text": "no JSON",
	} {
		key := "value " + name
		must(t, w.grpc().save(soon(t), "store", item{key: key, value: value}))

		it := mustGet(t, w.grpc(), "store", key)

		if it.value != value || it.etag == "" {
			t.Errorf("%s: got %d bytes with etag %q, want %d bytes", name, len(it.value), it.etag, len(value))
		}
	}
}

func keepsKeyWithNUL(t *testing.T, w *world) {
	must(t, w.grpc().save(soon(t), "store", item{key: "nul\x00one", value: "1"}, item{key: "nul\x00two", value: "2"}))

	holds(t, w.grpc(), "store", "nul\x00one", "1")
	holds(t, w.grpc(), "store", "nul\x00two", "2")
	holds(t, w.grpc(), "store", "nul", "")

	must(t, w.grpc().remove(soon(t), "store", item{key: "nul\x00one"}))
	holds(t, w.grpc(), "store", "nul\x00one", "")
	holds(t, w.grpc(), "store", "nul\x00two", "2")
}

func deletesMany(t *testing.T, w *world) {
	a, b, missing := item{key: "many-a", value: "1"}, item{key: "many-b", value: "1"}, item{key: "many-missing"}
	must(t, w.grpc().save(soon(t), "store", a, b))

	must(t, w.grpc().bulkRemove(soon(t), "store", a, missing, b))
	must(t, w.grpc().bulkRemove(soon(t), "store"))

	holds(t, w.grpc(), "store", a.key, "")
	holds(t, w.grpc(), "store", b.key, "")
}

func bulkWithStaleEtag(t *testing.T, w *world) {
	must(t, w.grpc().save(soon(t), "store", item{key: "bulk-a", value: "1"}))
	stale := mustGet(t, w.grpc(), "store", "bulk-a").etag
	must(t, w.grpc().save(soon(t), "store", item{key: "bulk-a", value: "2"}))

	err := w.grpc().save(soon(t), "store", item{key: "bulk-a", value: "3", etag: stale}, item{key: "bulk-b", value: "1"})

	isRefused(t, err, conflict)
	holds(t, w.grpc(), "store", "bulk-a", "2")
	holds(t, w.grpc(), "store", "bulk-b", "1") // a bulk is no transaction: the others are done

	err = w.grpc().bulkRemove(soon(t), "store", item{key: "bulk-a", etag: stale}, item{key: "bulk-b"})

	if err == nil || !strings.Contains(err.Error(), "etag") {
		t.Errorf("a bulk delete with a stale etag: %v", err)
	}
	holds(t, w.grpc(), "store", "bulk-a", "2")
	holds(t, w.grpc(), "store", "bulk-b", "")
}

func prefixesKeys(t *testing.T, w *world) {
	must(t, w.grpc().save(soon(t), "store", item{key: "prefix", value: "1"}))
	must(t, w.grpc().save(soon(t), "plain", item{key: "prefix", value: "2"}))

	for key, value := range map[string]string{appID + "||prefix": "1", "prefix": "2"} {
		if got := w.redis.Client.HGet(t.Context(), key, "data").Val(); got != value {
			t.Errorf("Redis has %q at %q, want %q", got, key, value)
		}
	}
}
