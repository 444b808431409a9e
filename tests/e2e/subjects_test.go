// Package e2e tests the stores as a user meets them: through a real daprd, over HTTP and gRPC.
//
// The same cases run against the built-in state.redis. Where a store of ours differs from it, or
// the memory store from Redis, the difference is a column of the table below.
package e2e

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// A subject is a store under test, and what is particular about it.
type subject struct {
	name         string
	kind         string // spec.type
	program      string // empty: built into daprd
	daprd        string // the variable that names it
	server       string // the variable that names the server of its state; empty: it has none
	capabilities []string
	badEtag      string // text that is no etag of this store; empty: any text may be one
	createByEtag bool   // an etag on a key that does not exist is no conflict
	tellsExpiry  bool   // reads carry ttlExpireTime
	rollsBack    bool   // a transaction that fails leaves nothing behind
	blamesCaller bool   // metadata that makes no sense is the caller's fault, not the store's
}

var (
	dkRedis = subject{
		name: "dk-redis", kind: "state.dk-redis", program: "dk-redis", daprd: rig.DaprdVar, server: rig.RedisServerVar,
		capabilities: []string{"ACTOR", "ETAG", "TRANSACTIONAL", "TTL"},
		badEtag:      "no-number", createByEtag: true, tellsExpiry: true, rollsBack: true, blamesCaller: true,
	}
	dkMemory = subject{
		name: "dk-memory", kind: "state.dk-memory", program: "dk-memory", daprd: rig.DaprdVar,
		capabilities: []string{"ACTOR", "ETAG", "QUERY_API", "TRANSACTIONAL", "TTL"},
		tellsExpiry:  true, rollsBack: true, blamesCaller: true,
	}
	builtinRedis = subject{
		name: "builtin-redis", kind: "state.redis", daprd: rig.DaprdCompareVar, server: rig.RedisServerVar,
		capabilities: []string{"ACTOR", "ETAG", "KEYS_LIKE", "TRANSACTIONAL", "TTL"},
		badEtag:      "no-number", createByEtag: true,
	}
	subjects = []subject{dkRedis, dkRedisOn("valkey", rig.ValkeyServerVar), dkMemory, builtinRedis}
)

// dkRedisOn is dk-redis with another server than Redis, which must make no difference.
func dkRedisOn(name, server string) subject {
	s := dkRedis
	s.name, s.server = s.name+"-on-"+name, server
	return s
}

// document describes one instance of the subject.
func (s subject) document(name string, redis *rig.Redis, metadata map[string]string) rig.Document {
	d := rig.Document{Name: name, Type: s.kind, Metadata: map[string]string{}}
	if inRedis(s) {
		d.Metadata["redisHost"] = redis.Address()
	}
	maps.Copy(d.Metadata, metadata)
	return d
}

// A world is a running daprd with one subject. Its stores are instances of the same component:
// "store" and "other" keep their keys apart, "plain" shares a place with "store" and adds no prefix.
type world struct {
	subject subject
	daprd   *rig.Daprd
	redis   *rig.Redis     // nil for memory
	program *rig.Component // nil for a built-in
}

const appID = "app"

func start(t *testing.T, s subject) *world {
	t.Helper()
	w := &world{subject: s}
	sockets := rig.SocketFolder(t)
	if inRedis(s) {
		w.redis = rig.StartServer(t, s.server)
	}
	if s.program != "" {
		w.program = rig.StartComponent(t, s.program, s.program, sockets)
	}
	w.daprd = rig.StartDaprd(t, s.daprd, appID, sockets,
		s.document("store", w.redis, nil),
		s.document("other", w.redis, map[string]string{"redisDB": "1"}),
		s.document("plain", w.redis, map[string]string{"keyPrefix": "none"}))
	return w
}

func (w *world) grpc() grpcAPI { return grpcAPI{w.daprd.API} }

func (w *world) http() httpAPI { return httpAPI{w.daprd.URL} }

// forSubjects runs a test against every subject that it makes sense for.
func forSubjects(t *testing.T, test func(t *testing.T, s subject), fits func(subject) bool) {
	for _, s := range subjects {
		if fits(s) {
			t.Run(s.name, func(t *testing.T) { test(t, s) })
		}
	}
}

func every(subject) bool { return true }

func ofOurs(s subject) bool { return s.program != "" }

func inRedis(s subject) bool { return s.server != "" }

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	t.Cleanup(cancel)
	return ctx
}

// must is for what has to work before a test can say anything.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustGet(t testing.TB, a api, store, key string) item {
	t.Helper()
	it, err := a.get(soon(t), store, key)
	must(t, err)
	return it
}

// isRefused checks the kind of a refusal and that its text has all of the words.
func isRefused(t testing.TB, err error, kind string, words ...string) {
	t.Helper()
	var r *refusal
	if !errors.As(err, &r) || r.kind != kind {
		t.Errorf("got %v, want %s", err, kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(r.text, word) {
			t.Errorf("%q does not say %q", r.text, word)
		}
	}
}

// holds checks what a key has now; an empty value means that it does not exist.
func holds(t testing.TB, a api, store, key, value string) {
	t.Helper()
	it, err := a.get(soon(t), store, key)
	if err != nil {
		t.Errorf("%s of %s: %v", key, store, err)
	} else if it.value != value {
		t.Errorf("%s of %s is %.80q, want %.80q", key, store, it.value, value)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
