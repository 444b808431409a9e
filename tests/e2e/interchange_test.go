package e2e

import (
	"context"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// Two sidecars of one application on one Redis: one uses the built-in store, one ours. What one has
// written the other can go on with, so that moving is a change of one word, both ways.
func TestInterchangeWithTheBuiltin(t *testing.T) {
	server := rig.StartRedis(t)
	sockets := rig.SocketFolder(t)
	rig.StartComponent(t, dkRedis.program, dkRedis.program, sockets)
	ours := grpcAPI{rig.StartDaprd(t, dkRedis.daprd, appID, sockets, dkRedis.document("store", server, nil)).API}
	theirs := grpcAPI{rig.StartDaprd(t, builtinRedis.daprd, appID, "", builtinRedis.document("store", server, nil)).API}

	for _, direction := range []struct {
		name     string
		from, to grpcAPI
	}{{"from the built-in to ours", theirs, ours}, {"from ours to the built-in", ours, theirs}} {
		t.Run(direction.name, func(t *testing.T) {
			for _, c := range []struct {
				name string
				run  func(t *testing.T, server *rig.Redis, from, to grpcAPI, key string)
			}{
				{"values and etags", movesValues},
				{"the first write", movesFirstWrite},
				{"the time to live", movesTimeToLive},
				{"transactions", movesTransactions},
			} {
				t.Run(c.name, func(t *testing.T) {
					c.run(t, server, direction.from, direction.to, direction.name+" "+c.name)
				})
			}
		})
	}
	t.Run("a plain string of an old Dapr", func(t *testing.T) {
		must(t, server.Client.Set(t.Context(), appID+"||legacy", "old", 0).Err())

		for name, api := range map[string]grpcAPI{"ours": ours, "theirs": theirs} {
			if it := mustGet(t, api, "store", "legacy"); it.value != "old" || it.etag != "" {
				t.Errorf("%s reads %q with etag %q", name, it.value, it.etag)
			}
		}
		must(t, ours.save(soon(t), "store", item{key: "legacy", value: "new"}))
		if it := mustGet(t, theirs, "store", "legacy"); it.value != "new" || it.etag != "1" {
			t.Errorf("theirs reads %q with etag %q", it.value, it.etag)
		}
	})
}

func movesValues(t *testing.T, _ *rig.Redis, from, to grpcAPI, key string) {
	must(t, from.save(soon(t), "store", item{key: key, value: "a\x00\xff"}))
	written, read := mustGet(t, from, "store", key), mustGet(t, to, "store", key)
	if read.value != "a\x00\xff" || read.etag != written.etag {
		t.Errorf("read %q with etag %q, want etag %q", read.value, read.etag, written.etag)
	}

	must(t, to.save(soon(t), "store", item{key: key, value: "b", etag: read.etag}))
	isRefused(t, from.save(soon(t), "store", item{key: key, value: "c", etag: written.etag}), conflict)
	isRefused(t, from.remove(soon(t), "store", item{key: key, etag: written.etag}), conflict)
	holds(t, from, "store", key, "b")

	must(t, from.remove(soon(t), "store", item{key: key, etag: mustGet(t, from, "store", key).etag}))
	holds(t, to, "store", key, "")
}

func movesFirstWrite(t *testing.T, _ *rig.Redis, from, to grpcAPI, key string) {
	must(t, from.save(soon(t), "store", item{key: key, value: "1", firstWrite: true}))

	for _, firstWrite := range []bool{true, false} { // the mark outlives the request that set it
		if to.save(soon(t), "store", item{key: key, value: "2", firstWrite: firstWrite}) == nil {
			t.Errorf("a second write was taken; first-write %v", firstWrite)
		}
	}
	holds(t, from, "store", key, "1")

	must(t, to.save(soon(t), "store", item{key: key, value: "3", etag: mustGet(t, to, "store", key).etag}))
	holds(t, from, "store", key, "3")
}

func movesTimeToLive(t *testing.T, server *rig.Redis, from, to grpcAPI, key string) {
	left := func() time.Duration { return server.Client.TTL(context.Background(), appID+"||"+key).Val() }
	ttl := func(text string) map[string]string { return map[string]string{"ttlInSeconds": text} }

	must(t, from.save(soon(t), "store", item{key: key, value: "1", metadata: ttl("600")}))
	must(t, to.save(soon(t), "store", item{key: key, value: "2"}))
	if left := left(); left <= 0 || left > 600*time.Second {
		t.Errorf("a write without a time to live left %v of 600 s", left)
	}
	must(t, to.save(soon(t), "store", item{key: key, value: "3", metadata: ttl("900")}))
	if left := left(); left <= 600*time.Second {
		t.Errorf("%v left of 900 s", left)
	}
	must(t, to.save(soon(t), "store", item{key: key, value: "4", metadata: ttl("-1")}))
	if left := left(); left != -1 {
		t.Errorf("%v left, want no end", left)
	}
	must(t, to.save(soon(t), "store", item{key: key, value: "5", metadata: ttl("1")}))
	rig.Eventually(t, "the end of its time", func() error {
		it, err := from.get(soon(t), "store", key)
		if err == nil && it.value != "" {
			err = &refusal{"present", it.value}
		}
		return err
	})
}

func movesTransactions(t *testing.T, _ *rig.Redis, from, to grpcAPI, key string) {
	must(t, from.transact(soon(t), "store", nil, item{key: key + "-a", value: "1"}, item{key: key + "-b", value: "1"}))
	etag := mustGet(t, to, "store", key+"-a").etag

	must(t, to.transact(soon(t), "store", nil,
		item{key: key + "-a", value: "2", etag: etag}, item{key: key + "-b", remove: true}))

	holds(t, from, "store", key+"-a", "2")
	holds(t, from, "store", key+"-b", "")
}

// A socket called redis.sock takes the place of the built-in under a document nobody has touched.
func TestSocketNamedRedisReplacesTheBuiltin(t *testing.T) {
	server := rig.StartRedis(t)
	sockets := rig.SocketFolder(t)
	document := builtinRedis.document("store", server, nil)
	capabilities := func(d *rig.Daprd) []string {
		metadata, err := d.API.GetMetadata(soon(t), &runtime.GetMetadataRequest{})
		must(t, err)
		return sorted(metadata.GetRegisteredComponents()[0].GetCapabilities())
	}
	d := rig.StartDaprd(t, builtinRedis.daprd, appID, sockets, document)
	must(t, grpcAPI{d.API}.save(soon(t), "store", item{key: "k", value: "1"}))
	before := capabilities(d)
	d.Stop(t)

	rig.StartComponent(t, dkRedis.program, "redis", sockets)
	d.Start()

	if after := capabilities(d); len(after) == len(before) {
		t.Errorf("capabilities are still %q", after)
	}
	holds(t, grpcAPI{d.API}, "store", "k", "1")
	must(t, grpcAPI{d.API}.save(soon(t), "store", item{key: "k", value: "2", etag: "1"}))
	holds(t, httpAPI{d.URL}, "store", "k", "2")
}
