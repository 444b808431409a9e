package e2e

import (
	"testing"

	"dapr-kit.test/e2e/rig"
)

// A master dies under load, and its replica takes its place: the store follows by itself, and every
// strong write that was acknowledged is there.
func TestFailoverKeepsStrongWrites(t *testing.T) {
	master := rig.StartRedis(t)
	replica := rig.StartReplica(t, master)
	sentinel := rig.StartSentinel(t, "main", master)
	sockets := rig.SocketFolder(t)
	rig.StartComponent(t, dkRedis.program, dkRedis.program, sockets)
	d := rig.StartDaprd(t, dkRedis.daprd, appID, sockets, rig.Document{Name: "store", Type: dkRedis.kind,
		Metadata: map[string]string{"redisHost": sentinel.Address(), "failover": "true", "sentinelMasterName": "main"}})
	load := startStrongLoad(t, grpcAPI{d.API})
	load.waitForWrites(t, 20)

	master.Kill(t)
	load.waitForWrites(t, 20)
	load.stop()

	load.check(t, grpcAPI{d.API})
	for i := range load.writers {
		if data, err := replica.Client.HGet(soon(t), appID+"||"+load.writers[i].key, "data").Result(); err != nil {
			t.Errorf("%s at the new master: %q, %v", load.writers[i].key, data, err)
		}
	}
}
