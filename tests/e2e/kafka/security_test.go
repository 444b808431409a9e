package kafka

import (
	"maps"
	"slices"
	"testing"

	"dapr-kit.test/e2e/rig"
	"dapr-kit.test/e2e/rig/app"
)

// Every way in that a broker can ask for, there and back.
func TestLogins(t *testing.T) {
	options := rig.KafkaOptions{Listeners: []rig.Listener{rig.SASL, rig.TLS, rig.MTLS, rig.SASLTLS}}
	broker := rig.StartKafkaWith(t, options)
	// Debian's librdkafka cannot log in with SCRAM to Kafka 4 (confluentinc/librdkafka#4895).
	options.Variable = rig.Kafka3Var
	older := rig.StartKafkaWith(t, options)

	password := func(mechanism string) map[string]string {
		return map[string]string{"authType": "password", "saslUsername": rig.KafkaUser,
			"saslPassword": rig.KafkaPassword, "saslMechanism": mechanism}
	}
	for _, c := range []struct {
		name     string
		broker   *rig.Kafka
		listener rig.Listener
		metadata map[string]string
	}{
		{"a password", broker, rig.SASL, with(password("PLAIN"), "disableTls", "true")},
		{"a password in the old words", broker, rig.SASL, with(with(password(""), "authType", ""), "authRequired", "true", "disableTls", "true")},
		{"a password behind TLS", broker, rig.SASLTLS, with(password("PLAIN"), "caCert", broker.Authority.PEM)},
		{"a password behind TLS that is not looked at", broker, rig.SASLTLS, with(password("PLAIN"), "skipVerify", "true")},
		{"SCRAM with SHA-256", older, rig.SASL, with(password("SHA-256"), "disableTls", "true")},
		{"SCRAM with SHA-512 behind TLS", older, rig.SASLTLS, with(password("SHA-512"), "caCert", older.Authority.PEM)},
		{"a certificate of the broker", broker, rig.TLS, map[string]string{"authType": "certificate", "caCert": broker.Authority.PEM}},
		{"certificates on both sides", broker, rig.MTLS, map[string]string{"authType": "mtls", "caCert": broker.Authority.PEM,
			"clientCert": broker.Client.PEM, "clientKey": broker.Client.Key}},
	} {
		t.Run(c.name, func(t *testing.T) {
			forSubjects(t, func(t *testing.T, s subject) {
				topic := topicOf(t)
				c.broker.CreateTopic(t, topic, 1)
				box := &inbox{}
				application := app.Start(t, "grpc", box.handle, []app.Subscription{{PubSub: brokerName, Topic: topic}})
				m := startMember(t, s, application, s.pubsub(settings(t, broker, c.metadata,
					map[string]string{"brokers": c.broker.At(c.listener)})))

				must(t, grpcAPI{m.API}.publish(soon(t), topic, "text/plain", "hello", nil))

				box.one(t, "hello")
			})
		})
	}
}

// with gives a copy with further pairs in it.
func with(metadata map[string]string, pairs ...string) map[string]string {
	metadata = maps.Clone(metadata)
	for pair := range slices.Chunk(pairs, 2) {
		metadata[pair[0]] = pair[1]
	}
	return metadata
}
