package e2e

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

// Redis is reached over TLS alone, with certificates of the test's own.
func TestRedisOverTLS(t *testing.T) {
	authority := rig.NewAuthority(t, "servers")
	clients := rig.NewAuthority(t, "clients")
	now := time.Now().Add(-time.Hour)
	own := authority.Issue(t, "redis", now, "127.0.0.1")
	client := clients.Issue(t, "dapr", now)
	expired := authority.Issue(t, "redis", now.Add(-48*time.Hour), "127.0.0.1")

	for _, c := range []struct {
		name     string
		own      rig.Certificate
		clients  *rig.Authority
		metadata map[string]string
	}{
		{"the server shows a certificate", own, nil, map[string]string{"caCert": authority.PEM}},
		{"both show a certificate", own, clients,
			map[string]string{"caCert": authority.PEM, "clientCert": client.PEM, "clientKey": client.Key}},
		{"one of several authorities is the server's", own, nil, map[string]string{"caCert": clients.PEM + authority.PEM}},
		{"no certificate is checked", expired, nil, map[string]string{"insecureSkipTLSVerify": "true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := rig.StartRedisTLS(t, c.own, c.clients)
			sockets := rig.SocketFolder(t)
			rig.StartComponent(t, dkRedis.program, dkRedis.program, sockets)
			c.metadata["enableTLS"] = "true"
			d := rig.StartDaprd(t, dkRedis.daprd, appID, sockets, dkRedis.document("store", server, c.metadata))

			for name, api := range map[string]api{"http": httpAPI{d.URL}, "grpc": grpcAPI{d.API}} {
				carriesValues(t, api, name)
			}
			server.Kill(t)
			server.Start(t)

			must(t, grpcAPI{d.API}.save(soon(t), "store", item{key: "grpc", value: `"again"`}))
			holds(t, httpAPI{d.URL}, "store", "grpc", `"again"`)
		})
	}
}

// carriesValues moves some kilobytes and some hundred keys, so that records are split and joined.
func carriesValues(t *testing.T, api api, prefix string) {
	t.Helper()
	large := `"` + strings.Repeat("x", 300_000) + `"`
	items := []item{{key: prefix, value: large}}
	var keys []string
	for i := range 300 {
		items = append(items, item{key: fmt.Sprintf("%s-%03d", prefix, i), value: fmt.Sprint(i)})
		keys = append(keys, items[i+1].key)
	}
	must(t, api.save(soon(t), "store", items...))
	holds(t, api, "store", prefix, large)
	got, err := api.bulkGet(soon(t), "store", keys...)
	must(t, err)
	for i, it := range got {
		if it.value != fmt.Sprint(i) {
			t.Errorf("%s is %q, want %d", it.key, it.value, i)
		}
	}
	if len(got) != len(keys) {
		t.Errorf("got %d values, want %d", len(got), len(keys))
	}
}

// What is wrong with a certificate, or with there being none, is in daprd's log.
func TestWrongTLSIsTold(t *testing.T) {
	authority := rig.NewAuthority(t, "servers")
	clients := rig.NewAuthority(t, "clients")
	now := time.Now().Add(-time.Hour)
	own := authority.Issue(t, "redis", now, "127.0.0.1")
	client := clients.Issue(t, "dapr", now)
	stranger := authority.Issue(t, "dapr", now)
	late := clients.Issue(t, "dapr", now.Add(-48*time.Hour))
	plain := rig.StartRedis(t)
	secured := rig.StartRedisTLS(t, own, nil)
	mutual := rig.StartRedisTLS(t, own, clients)
	expired := rig.StartRedisTLS(t, authority.Issue(t, "redis", now.Add(-48*time.Hour), "127.0.0.1"), nil)
	early := rig.StartRedisTLS(t, authority.Issue(t, "redis", now.Add(48*time.Hour), "127.0.0.1"), nil)
	elsewhere := rig.StartRedisTLS(t, authority.Issue(t, "redis", now, "redis.example", "127.0.0.2"), nil)
	sockets := rig.SocketFolder(t)
	rig.StartComponent(t, dkRedis.program, dkRedis.program, sockets)

	for _, c := range []struct {
		name     string
		server   *rig.Redis
		metadata map[string]string
		words    []string
	}{
		{"an authority that signed something else", secured, map[string]string{"caCert": clients.PEM},
			[]string{"unknown authority", "caCert"}},
		{"no authority but the system's", secured, map[string]string{}, []string{"unknown authority", "caCert"}},
		{"a certificate that has expired", expired, map[string]string{"caCert": authority.PEM}, []string{"has expired"}},
		{"a certificate for tomorrow", early, map[string]string{"caCert": authority.PEM}, []string{"not valid yet"}},
		{"a certificate of another host", elsewhere, map[string]string{"caCert": authority.PEM}, []string{"another host"}},
		{"a client without a certificate", mutual, map[string]string{"caCert": authority.PEM},
			[]string{"wants a client certificate", "clientCert", "clientKey"}},
		{"a client's certificate from a stranger", mutual,
			map[string]string{"caCert": authority.PEM, "clientCert": stranger.PEM, "clientKey": stranger.Key},
			[]string{"refuses our client certificate", "clientCert"}},
		{"a client's certificate that has expired", mutual,
			map[string]string{"caCert": authority.PEM, "clientCert": late.PEM, "clientKey": late.Key},
			[]string{"refuses our client certificate", "clientCert"}},
		{"a key for another certificate", mutual,
			map[string]string{"caCert": authority.PEM, "clientCert": client.PEM, "clientKey": late.Key}, []string{"clientKey"}},
		{"texts that are no certificates", secured, map[string]string{"caCert": "no", "clientCert": "nor", "clientKey": "this"},
			[]string{"caCert", "clientCert", "PEM"}},
		{"TLS to a plain port", plain, map[string]string{}, []string{"plain port", "enableTLS"}},
		{"plain words to a TLS port", secured, map[string]string{"enableTLS": "false"}, []string{"a TLS port", "enableTLS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			metadata := map[string]string{"enableTLS": "true", "redisHost": c.server.Address()}
			maps.Copy(metadata, c.metadata)
			isToldAtStart(t, sockets, metadata, "PRIVATE KEY", c.words...)
		})
	}
}
