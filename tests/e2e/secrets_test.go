package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"google.golang.org/grpc/metadata"
)

// What no line and no answer may show: every value that a table marks as secret, right or wrong.
const (
	rightPassword = "hush-right-4711"
	wrongPassword = "hush-wrong-4712"
	privateKey    = "-----BEGIN PRIVATE KEY-----\nhush-key-4713\n-----END PRIVATE KEY-----\n"
	everySecret   = "hush-"
)

// silent fails the test when a text shows a secret.
func silent(t *testing.T, where, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, everySecret) {
			t.Errorf("%s shows a secret: %s", where, line)
		}
	}
}

// parsed reads every line of a log as JSON and gives those with a message.
func parsed(t *testing.T, log, message string) (found []map[string]string) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line map[string]string
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		for _, member := range []string{"app_id", "instance", "level", "msg", "scope", "time", "type", "ver"} {
			if _, ok := line[member]; !ok {
				t.Errorf("a line without %s: %s", member, lines.Text())
			}
		}
		if line["msg"] == message {
			found = append(found, line)
		}
	}
	return found
}

// Init as daprd sends it, again and again, in every way that a login can fail; and an outage.
func TestNoSecretOfRedisIsShown(t *testing.T) {
	locked := rig.StartRedis(t, "--requirepass", rightPassword)
	open := rig.StartRedis(t)
	component := rig.StartComponent(t, "dk-redis", "dk-redis", rig.SocketFolder(t),
		"--log-level", "debug", "--log-format", "json")
	store := components.NewStateStoreClient(rig.Dial(t, "unix:"+component.Socket))

	for i, metadata := range []map[string]string{
		{"redisHost": locked.Address(), "redisPassword": wrongPassword},
		{"redisHost": locked.Address(), "redisUsername": "nobody", "redisPassword": wrongPassword},
		{"redisHost": open.Address(), "redisPassword": wrongPassword},
		{"redisHost": "127.0.0.1:1", "redisPassword": rightPassword},
		{"redisHost": "no-such-host.invalid:6379", "redisPassword": rightPassword},
		{"redisHost": locked.Address(), "redisPassword": rightPassword, "redisDB": "99"},
		{"redisHost": locked.Address(), "redisPassword": rightPassword, "dialTimeout": "soon", "redisDB": "one", "redisType": "x"},
		{"redisHost": locked.Address(), "redisPassword": rightPassword, "enableTLS": "true", "dialTimeout": "1s"},
		{"redisHost": locked.Address(), "redisPassword": rightPassword, "enableTLS": "true", "clientKey": privateKey, "clientCert": privateKey},
		{"redisHost": locked.Address(), "redisPassword": "hush-\x00-4714"},
		{"redisHost": locked.Address(), "redisPassword": "hush-" + strings.Repeat("x", 3000)},
		{"redisHost": locked.Address(), "failover": "true", "sentinelMasterName": "m", "sentinelPassword": wrongPassword,
			"redisPassword": wrongPassword, "dialTimeout": "1s"},
	} {
		name := fmt.Sprintf("wrong-%d", i)
		_, err := store.Init(metadataFor(t, name), &components.InitRequest{Metadata: &components.MetadataRequest{Properties: metadata}})
		if err == nil {
			t.Errorf("%d: opened", i)
			continue
		}
		silent(t, name, err.Error())
		component.WaitForLog(t, `"component":"`+name+`","reason":"`)
		silent(t, "the log", component.Log())
	}

	_, err := store.Init(metadataFor(t, "good"), &components.InitRequest{Metadata: &components.MetadataRequest{
		Properties: map[string]string{"redisHost": locked.Address(), "redisPassword": rightPassword, "redisMaxRetryInterval": "50"}}})
	must(t, err)
	_, err = store.Set(metadataFor(t, "good"), &components.SetRequest{Key: "k", Value: []byte("v")})
	must(t, err)
	locked.Kill(t)
	component.WaitForLog(t, "connection lost, connecting again")
	component.WaitForLog(t, "still no connection")
	if failed := parsed(t, component.Log(), "Init failed"); len(failed) != 12 {
		t.Errorf("%d of 12 failed", len(failed))
	}
	lost := parsed(t, component.Log(), "connection lost, connecting again")
	if len(lost) == 0 || lost[0]["component"] != "good" {
		t.Errorf("whose connection was lost: %v", lost)
	}
	silent(t, "the log", component.Log())
}

// librdkafka tells all of its settings when it is asked for everything.
func TestNoSecretOfKafkaIsShown(t *testing.T) {
	component := rig.StartComponent(t, "dk-kafka", "dk-kafka", rig.SocketFolder(t),
		"--log-level", "debug", "--log-format", "json")
	broker := components.NewPubSubClient(rig.Dial(t, "unix:"+component.Socket))
	properties := func(more ...string) map[string]string {
		all := map[string]string{"brokers": "127.0.0.1:1", "authType": "password", "saslUsername": "somebody",
			"saslPassword": rightPassword, "saslMechanism": "PLAIN", "disableTls": "true", "consumerGroup": "g",
			"dialTimeout": "1s", "librdkafka.debug": "conf,security,broker"}
		for i := 0; i+1 < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	for i, metadata := range []map[string]string{
		properties(),
		properties("version", "soon", "maxMessageBytes", "many"),
		properties("authType", "mtls", "clientKey", privateKey, "clientCert", privateKey, "caCert", privateKey),
		properties("authType", "oidc", "oidcClientSecret", wrongPassword, "oidcClientID", "c", "oidcTokenEndpoint", "https://127.0.0.1:1"),
		properties("librdkafka.sasl.password", wrongPassword, "librdkafka.no.such", "x"),
	} {
		name := fmt.Sprintf("wrong-%d", i)
		_, err := broker.Init(metadataFor(t, name), &components.PubSubInitRequest{Metadata: &components.MetadataRequest{Properties: metadata}})
		if err == nil {
			t.Errorf("%d: opened", i)
			continue
		}
		silent(t, name, err.Error())
		silent(t, "the log", component.Log())
	}
	if len(parsed(t, component.Log(), "librdkafka")) == 0 {
		t.Error("librdkafka has told nothing: the test has looked at nothing")
	}
}

func metadataFor(t *testing.T, instance string) context.Context {
	return metadata.AppendToOutgoingContext(soon(t), "x-component-instance", instance)
}
