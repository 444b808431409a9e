package kafka

import (
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

// A component document that cannot work ends daprd, and daprd's log says what is wrong with it: which
// property, what it holds, what is allowed. Secrets stay out of it.
func TestWrongSettingsAreTold(t *testing.T) {
	const secret = "hush-hush"
	locked := rig.StartKafkaWith(t, rig.KafkaOptions{Listeners: []rig.Listener{rig.SASL, rig.TLS, rig.MTLS}})
	stranger := rig.NewAuthority(t, "a stranger")
	mine := locked.Authority.Issue(t, "client", time.Now().Add(-time.Hour))
	password := map[string]string{"authType": "password", "brokers": locked.At(rig.SASL), "disableTls": "true",
		"saslUsername": rig.KafkaUser, "saslPassword": secret}
	mtls := map[string]string{"authType": "mtls", "brokers": locked.At(rig.MTLS), "caCert": locked.Authority.PEM,
		"clientCert": mine.PEM, "clientKey": mine.Key}

	for _, c := range []struct {
		name     string
		metadata map[string]string
		words    []string
	}{
		{"no brokers", map[string]string{"brokers": ""}, []string{"brokers"}},
		{"no authType", map[string]string{"authType": ""}, []string{"authType"}},
		{"an authType that there is not", map[string]string{"authType": "magic"}, []string{"authType", "'magic'", "none, password"}},
		{"an authType for others", map[string]string{"authType": "awsiam"}, []string{"authType", "'awsiam'", "none, password"}},
		{"an authRequired that is no truth", map[string]string{"authType": "", "authRequired": "perhaps"}, []string{"authRequired", "'perhaps'"}},
		{"a schema registry", map[string]string{"schemaRegistryURL": "http://127.0.0.1:1"}, []string{"schemaRegistryURL"}},
		{"a broker where nobody listens", map[string]string{"brokers": "127.0.0.1:1"}, []string{"127.0.0.1:1", "refused"}},
		{"a broker without an address", map[string]string{"brokers": "no-such-host.invalid:9092"}, []string{"no-such-host.invalid"}},
		{"no user", with(password, "saslUsername", ""), []string{"saslUsername"}},
		{"no password", with(password, "saslPassword", ""), []string{"saslPassword"}},
		{"a wrong password", password, []string{"refuse the login"}},
		{"SCRAM to Kafka 4", with(password, "saslPassword", rig.KafkaPassword, "saslMechanism", "SHA-256"),
			[]string{"saslMechanism", "SCRAM", "2.6.1"}},
		{"TLS to a plain port", map[string]string{"authType": "certificate", "caCert": locked.Authority.PEM}, []string{"TLS"}},
		{"an authority of somebody else", map[string]string{"authType": "certificate", "brokers": locked.At(rig.TLS),
			"caCert": stranger.PEM}, []string{"certificate", "that caCert is"}},
		{"an authority that is none", map[string]string{"authType": "certificate", "caCert": "trust me"}, []string{"caCert", "PEM"}},
		{"no certificate of the client", with(mtls, "clientCert", ""), []string{"clientCert"}},
		{"no key of the client", with(mtls, "clientKey", ""), []string{"clientKey"}},
		{"mtls without TLS", with(mtls, "disableTls", "true"), []string{"disableTls", "mtls"}},
		{"a compression that there is not", map[string]string{"compression": "zip"}, []string{"compression", "'zip'", "none, gzip"}},
		{"acks that there are not", map[string]string{"producerRequiredAcks": "some"}, []string{"producerRequiredAcks", "'some'", "all, local, none"}},
		{"an offset that there is not", map[string]string{"initialOffset": "middle"}, []string{"initialOffset", "'middle'", "newest, oldest"}},
		{"a duration that is none", map[string]string{"backOffDuration": "soon"}, []string{"backOffDuration", "'soon'"}},
		{"a version that is none", map[string]string{"version": "new"}, []string{"version", "'new'"}},
		{"a pattern that is none", map[string]string{"excludeHeaderMetaRegex": "("}, []string{"excludeHeaderMetaRegex", "'('"}},
		{"two faults at once", map[string]string{"sessionTimeout": "soon", "compression": "zip"},
			[]string{"sessionTimeout", "'soon'", "compression", "'zip'"}},
		{"a property that librdkafka has not", map[string]string{"librdkafka.no.such.thing": "1"}, []string{"librdkafka.no.such.thing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ofOurs(t, func(t *testing.T, s subject) {
				metadata := with(settings(t, locked, map[string]string{"dialTimeout": "3s"}, c.metadata))
				for name, value := range metadata {
					if value == "" {
						delete(metadata, name)
					}
				}
				m := prepareMember(t, s, nil, s.pubsub(metadata))
				m.Launch()

				err := m.WaitForEnd(t)

				if err == nil {
					t.Error("daprd ended with status 0")
				}
				for _, word := range append(c.words, brokerName) {
					if !strings.Contains(m.Log(), word) {
						t.Errorf("daprd's log does not say %q", word)
					}
				}
				if strings.Contains(m.Log(), secret) || strings.Contains(m.Log(), "PRIVATE KEY") {
					t.Error("daprd's log shows a secret")
				}
			})
		})
	}
}
