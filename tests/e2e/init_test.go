package e2e

import (
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// A component document that cannot work ends daprd, and daprd's log says what is wrong with it.
func TestWrongSettingsAreTold(t *testing.T) {
	const secret = "hush-hush"
	server := rig.StartRedis(t)
	locked := rig.StartRedis(t, "--requirepass", "right", "--enable-debug-command", "no")
	sockets := rig.SocketFolder(t)
	rig.StartComponent(t, dkRedis.program, dkRedis.program, sockets)

	for _, c := range []struct {
		name     string
		metadata map[string]string
		words    []string
	}{
		{"no host", map[string]string{"redisDB": "0"}, []string{"redisHost"}},
		{"a host without an address", map[string]string{"redisHost": "no-such-host.invalid:6379"},
			[]string{"no-such-host.invalid"}},
		{"a host where nobody listens", map[string]string{"redisHost": "127.0.0.1:1"},
			[]string{"127.0.0.1:1", "refused"}},
		{"a host with two ports", map[string]string{"redisHost": server.Address(), "redisPort": "7"},
			[]string{"redisPort", "7"}},
		{"a wrong password", map[string]string{"redisHost": locked.Address(), "redisPassword": secret},
			[]string{"password"}},
		{"no password", map[string]string{"redisHost": locked.Address()}, []string{"redisPassword"}},
		{"TLS to a plain port", map[string]string{"redisHost": server.Address(), "enableTLS": "true"},
			[]string{"TLS"}},
		{"a duration that is none", map[string]string{"redisHost": server.Address(), "dialTimeout": "soon"},
			[]string{"dialTimeout", "soon"}},
		{"two faults at once", map[string]string{"redisHost": server.Address(), "dialTimeout": "soon", "redisDB": "one"},
			[]string{"dialTimeout", "soon", "redisDB", "one"}},
		{"a cluster", map[string]string{"redisHost": server.Address(), "redisType": "cluster"},
			[]string{"redisType", "cluster", "node"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := rig.NewDaprd(t, dkRedis.daprd, appID, sockets,
				rig.Document{Name: "store", Type: dkRedis.kind, Metadata: c.metadata})
			d.Launch()

			err := d.WaitForEnd(t)

			if err == nil {
				t.Error("daprd ended with status 0")
			}
			for _, word := range append(c.words, "store") {
				if !strings.Contains(d.Log(), word) {
					t.Errorf("daprd's log does not say %q", word)
				}
			}
			if strings.Contains(d.Log(), secret) {
				t.Error("daprd's log shows the password")
			}
		})
	}
}
