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
			[]string{"wrong user name or password", "redisPassword"}},
		{"no password", map[string]string{"redisHost": locked.Address()}, []string{"wants a password", "redisPassword"}},
		{"a password nobody wants", map[string]string{"redisHost": server.Address(), "redisPassword": secret},
			[]string{"has no password", "redisPassword"}},
		{"a kind of Redis that there is not", map[string]string{"redisHost": server.Address(), "redisType": "nodes"},
			[]string{"redisType", "'nodes'", "node, cluster"}},
		{"a duration that is none", map[string]string{"redisHost": server.Address(), "dialTimeout": "soon"},
			[]string{"dialTimeout", "soon"}},
		{"two faults at once", map[string]string{"redisHost": server.Address(), "dialTimeout": "soon", "redisDB": "one"},
			[]string{"dialTimeout", "soon", "redisDB", "one"}},
		{"a cluster", map[string]string{"redisHost": server.Address(), "redisType": "cluster"},
			[]string{"redisType", "cluster", "node"}},
	} {
		t.Run(c.name, func(t *testing.T) { isToldAtStart(t, sockets, c.metadata, secret, c.words...) })
	}
}

// isToldAtStart starts a daprd that must end, with all of the words in its log and without the secret.
func isToldAtStart(t *testing.T, sockets string, metadata map[string]string, secret string, words ...string) {
	d := rig.NewDaprd(t, dkRedis.daprd, appID, sockets,
		rig.Document{Name: "store", Type: dkRedis.kind, Metadata: metadata})
	d.Launch()

	err := d.WaitForEnd(t)

	if err == nil {
		t.Error("daprd ended with status 0")
	}
	for _, word := range append(words, "store") {
		if !strings.Contains(d.Log(), word) {
			t.Errorf("daprd's log does not say %q", word)
		}
	}
	if strings.Contains(d.Log(), secret) {
		t.Error("daprd's log shows the secret")
	}
}
