/* The rows of pubsub.kafka and bindings.kafka, and what follows from them. */
#include "support/kafka_reader.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define PEM "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"

static struct kafka_reader reader;

TestSuite(kafka_config, .fini = kafka_reader_end);

#define READ(...) \
    kafka_reader_read(&reader, kafka_pubsub_options, (const char *const[]){__VA_ARGS__, NULL})
#define READ_PASSWORD(...) \
    READ(                  \
        "brokers",         \
        "b",               \
        "authType",        \
        "password",        \
        "saslUsername",    \
        "u",               \
        "saslPassword",    \
        "p",               \
        __VA_ARGS__)
#define READ_OPEN(...) READ("brokers", "b:9092", "authType", "none", __VA_ARGS__)
#define SAYS(words)    cr_assert(kafka_reader_says(&reader, words), "%s", reader.fault.text)

Test(kafka_config, has_the_defaults_of_the_built_in) {
    const struct kafka_config *config = &reader.config;

    cr_assert(
        eq(int, READ("brokers", "a:1,b:2", "authType", "none"), DK_OK), "%s", reader.fault.text);

    cr_assert(eq(str, (char *)config->brokers, "a:1,b:2"));
    cr_assert(eq(str, (char *)config->client_id, "sarama"));
    cr_assert(eq(int, reader.settings.auth, KAFKA_AUTH_NONE));
    cr_assert(not(reader.settings.is_tls));
    cr_assert(eq(str, (char *)reader.settings.group, ""));
    cr_assert(eq(int, config->initial_offset, KAFKA_OFFSET_NEWEST));
    cr_assert(eq(i64, reader.settings.message_bytes_max, 1048576));
    cr_assert(config->is_retry_on);
    cr_assert(eq(i64, config->rejoin_ms, 100));
    cr_assert(not(reader.settings.backoff.is_exponential));
    cr_assert(eq(i64, reader.settings.backoff.constant_ms, 5000));
    cr_assert(eq(i64, reader.settings.backoff.initial_ms, 500));
    cr_assert(eq(i64, reader.settings.backoff.max_ms, 60000));
    cr_assert(eq(i64, reader.settings.backoff.elapsed_max_ms, 900000));
    cr_assert(eq(dbl, reader.settings.backoff.randomization, 0.5));
    cr_assert(eq(dbl, reader.settings.backoff.multiplier, 1.5));
    cr_assert(eq(i64, reader.settings.backoff.retries_max, -1));
    cr_assert(eq(i64, config->heartbeat_ms, 3000));
    cr_assert(eq(i64, config->session_timeout_ms, 10000));
    cr_assert(eq(int, reader.settings.strategy, KAFKA_STRATEGY_RANGE));
    cr_assert(eq(i64, config->fetch_bytes_min, 1));
    cr_assert(eq(i64, config->fetch_bytes_default, 1048576));
    cr_assert(eq(i64, config->buffered_max, 256));
    cr_assert(eq(str, (char *)kafka_compressions[config->compression], "none"));
    cr_assert(eq(int, config->acks, KAFKA_ACKS_ALL));
    cr_assert(eq(i64, config->retries_max, 5));
    cr_assert(eq(i64, reader.settings.dial_timeout_ms, 30000));
    cr_assert(eq(i64, reader.settings.socket_timeout_ms, 30000));
    cr_assert(eq(i64, config->metadata_timeout_ms, 0));
    cr_assert(eq(i64, reader.settings.metadata_refresh_ms, 480000));
    cr_assert(eq(i64, config->keep_alive_ms, 0));
    cr_assert(not(config->is_header_escaped));
}

Test(kafka_config, retries_by_default_for_pubsub_and_not_for_bindings) {
    cr_assert(eq(int, READ_OPEN("backOffMaxRetries", "7"), DK_OK));
    cr_assert(eq(i64, reader.settings.backoff.retries_max, 7));

    cr_assert(
        eq(int,
           kafka_reader_read(
               &reader,
               kafka_binding_options,
               (const char *const[]){
                   "brokers", "b", "authType", "none", "topics", "a,b", "publishTopic", "c", NULL}),
           DK_OK));
    cr_assert(not(reader.config.is_retry_on));
    cr_assert(eq(i64, reader.settings.backoff.retries_max, 0));
    cr_assert(eq(str, (char *)reader.config.topics, "a,b"));
    cr_assert(eq(str, (char *)reader.config.publish_topic, "c"));
}

Test(kafka_config, reads_names_and_words_in_any_case) {
    cr_assert(
        eq(int,
           READ(
               "BROKERS",
               "b",
               "AUTHTYPE",
               "None",
               "InitialOffset",
               "OLDEST",
               "ConsumerGroupRebalanceStrategy",
               "RoundRobin",
               "Compression",
               "ZSTD",
               "backoffpolicy",
               "Exponential"),
           DK_OK),
        "%s",
        reader.fault.text);

    cr_assert(eq(int, reader.settings.auth, KAFKA_AUTH_NONE));
    cr_assert(not(reader.settings.is_tls));
    cr_assert(eq(int, reader.config.initial_offset, KAFKA_OFFSET_OLDEST));
    cr_assert(eq(int, reader.settings.strategy, KAFKA_STRATEGY_ROUNDROBIN));
    cr_assert(eq(str, (char *)kafka_compressions[reader.config.compression], "zstd"));
    cr_assert(reader.settings.backoff.is_exponential);
}

Test(kafka_config, counts_bare_numbers_as_the_built_in_does) {
    cr_assert(
        eq(int,
           READ_OPEN("sessionTimeout", "20", "backOffDuration", "20", "consumeRetryInterval", "20"),
           DK_OK));

    cr_assert(eq(i64, reader.config.session_timeout_ms, 20000));
    cr_assert(eq(i64, reader.settings.backoff.constant_ms, 20));
    cr_assert(eq(i64, reader.config.rejoin_ms, 20));
}

Test(kafka_config, takes_zero_and_less_for_the_default) {
    cr_assert(
        eq(int,
           READ_OPEN(
               "dialTimeout",
               "-1s",
               "readTimeout",
               "0",
               "writeTimeout",
               "0",
               "maxMessageBytes",
               "-5",
               "clientConnectionTopicMetadataRefreshInterval",
               "0"),
           DK_OK),
        "%s",
        reader.fault.text);

    cr_assert(eq(i64, reader.settings.dial_timeout_ms, 30000));
    cr_assert(eq(i64, reader.settings.socket_timeout_ms, 30000));
    cr_assert(eq(i64, reader.settings.message_bytes_max, 1048576));
    cr_assert(eq(i64, reader.settings.metadata_refresh_ms, 480000));
}

Test(kafka_config, takes_the_consumer_id_for_a_group_that_is_absent) {
    cr_assert(eq(int, READ_OPEN("consumerID", "app"), DK_OK));
    cr_assert(eq(str, (char *)reader.settings.group, "app"));

    cr_assert(eq(int, READ_OPEN("consumerID", "app", "consumerGroup", "g"), DK_OK));
    cr_assert(eq(str, (char *)reader.settings.group, "g"));
}

Test(kafka_config, derives_the_login_from_the_older_property) {
    cr_assert(eq(int, READ("brokers", "b", "authRequired", "false"), DK_OK));
    cr_assert(eq(int, reader.settings.auth, KAFKA_AUTH_NONE));

    cr_assert(
        eq(int,
           READ("brokers", "b", "authRequired", "true", "saslUsername", "u", "saslPassword", "p"),
           DK_OK));
    cr_assert(eq(int, reader.settings.auth, KAFKA_AUTH_PASSWORD));
    cr_assert(reader.settings.is_tls);

    cr_assert(
        eq(int,
           READ("brokers", "b", "authRequired", "true", "clientCert", PEM, "clientKey", PEM),
           DK_OK));
    cr_assert(eq(int, reader.settings.auth, KAFKA_AUTH_MTLS));

    cr_assert(eq(int, READ("brokers", "b", "authRequired", "perhaps"), DK_INVALID));
    SAYS("authRequired: invalid value 'perhaps'");

    cr_assert(eq(int, READ_OPEN("authRequired", "perhaps"), DK_OK), "authType comes first");
}

Test(kafka_config, turns_tls_on_for_every_login_but_none) {
    cr_assert(eq(int, READ_PASSWORD("clientID", "c"), DK_OK));
    cr_assert(reader.settings.is_tls);
    cr_assert(eq(str, (char *)reader.settings.sasl_mechanism, "PLAIN"));

    cr_assert(eq(int, READ_PASSWORD("disableTls", "on", "saslMechanism", "SHA-512"), DK_OK));
    cr_assert(not(reader.settings.is_tls));
    cr_assert(eq(str, (char *)reader.settings.sasl_mechanism, "SCRAM-SHA-512"));

    cr_assert(eq(int, READ("brokers", "b", "authType", "certificate", "caCert", PEM), DK_OK));
    cr_assert(reader.settings.is_tls);
}

Test(kafka_config, takes_every_other_mechanism_for_plain) {
    static const char *const words[] = {"SCRAM-SHA-256", "sha-256", "plain", "x"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cr_assert(eq(int, READ_PASSWORD("saslMechanism", words[i]), DK_OK));
        cr_assert(eq(str, (char *)reader.settings.sasl_mechanism, "PLAIN"));
    }
}

Test(kafka_config, says_what_a_login_lacks) {
    cr_assert(eq(int, READ("brokers", "b"), DK_INVALID));
    SAYS("authType: was missing or empty; none, password, certificate, mtls and oidc");

    cr_assert(eq(int, READ("brokers", "b", "authType", "kerberos"), DK_INVALID));
    SAYS("authType: 'kerberos' is not one of none, password, mtls, oidc");

    cr_assert(eq(int, READ("brokers", "b", "authType", "password"), DK_INVALID));
    SAYS("saslUsername: is missing; authType password requires it");
    SAYS("saslPassword: is missing; authType password requires it");

    cr_assert(eq(int, READ("brokers", "b", "authType", "certificate"), DK_INVALID));
    SAYS("caCert: is missing; authType certificate requires it");

    cr_assert(eq(int, READ("brokers", "b", "authType", "certificate", "caCert", "x"), DK_INVALID));
    SAYS("caCert: invalid ca certificate");

    cr_assert(eq(int, READ("brokers", "b", "authType", "mtls"), DK_INVALID));
    SAYS("unable to load client certificate and key pair");

    cr_assert(eq(int, READ("brokers", "b", "authType", "mtls", "clientCert", PEM), DK_INVALID));
    SAYS("clientKey or clientCert is missing");

    cr_assert(
        eq(int,
           READ(
               "brokers",
               "b",
               "authType",
               "mtls",
               "clientCert",
               "x",
               "clientKey",
               "y",
               "disableTls",
               "true"),
           DK_INVALID));
    SAYS("clientCert: invalid client certificate");
    SAYS("clientKey: invalid client key");
    SAYS("disableTls: authType mtls cannot do without TLS");

    cr_assert(eq(int, READ("brokers", "b", "authType", "oidc"), DK_INVALID));
    SAYS("oidcTokenEndpoint: is missing");
    SAYS("oidcClientID: is missing");
    SAYS("oidcClientSecret: is missing");
}

Test(kafka_config, refuses_what_it_cannot_with_what_it_can) {
    cr_assert(eq(int, READ("brokers", "b", "authType", "awsiam"), DK_UNSUPPORTED));
    SAYS("authType: 'awsiam' is not supported; none, password, certificate, mtls and oidc are");

    cr_assert(eq(int, READ("brokers", "b", "authType", "oidc_private_key_jwt"), DK_UNSUPPORTED));
    SAYS("authType: 'oidc_private_key_jwt' is not supported");

    cr_assert(eq(int, READ_OPEN("schemaRegistryURL", "http://r"), DK_UNSUPPORTED));
    SAYS("schemaRegistryURL: Avro by a schema registry is not supported");
}

Test(kafka_config, names_every_fault_of_a_row) {
    static const char *const faults[][3] = {
        {"initialOffset", "middle", "initialOffset: 'middle' is not one of newest, oldest"},
        {"version", "2", "version: invalid kafka version '2'"},
        {"version", "2.0.0.0.0", "version: invalid kafka version"},
        {"version", "2.0.", "version: invalid kafka version"},
        {"version", "a.b.c", "version: invalid kafka version"},
        {"maxMessageBytes", "big", "maxMessageBytes: 'big' is not an integer"},
        {"consumerFetchMin", "x", "consumerFetchMin: 'x' is not an integer"},
        {"consumerFetchDefault", "x", "consumerFetchDefault: 'x' is not an integer"},
        {"channelBufferSize", "x", "channelBufferSize: 'x' is not an integer"},
        {"compression", "rar", "compression: 'rar' is not one of none, gzip, snappy, lz4, zstd"},
        {"producerRequiredAcks",
         "some",
         "producerRequiredAcks: 'some' is not one of all, local, none"},
        {"producerRetryMax", "-1", "producerRetryMax: -1 is outside 0"},
        {"consumeRetryInterval", "soon", "consumeRetryInterval: 'soon' is no duration"},
        {"sessionTimeout", "long", "sessionTimeout: 'long' is no duration"},
        {"heartbeatInterval", "x", "heartbeatInterval: 'x' is no duration"},
        {"dialTimeout", "x", "dialTimeout: 'x' is no duration"},
        {"backOffPolicy", "linear", "backOffPolicy: 'linear' is not one of constant, exponential"},
        {"backOffDuration", "x", "backOffDuration: 'x' is no duration"},
        {"backOffMaxRetries", "-2", "backOffMaxRetries: -2 is outside -1"},
        {"backOffMultiplier", "0.5", "backOffMultiplier: '0.5' is no number from 1 to 1000"},
        {"backOffMultiplier", "nan", "backOffMultiplier: 'nan' is no number"},
        {"backOffRandomizationFactor", "1.5x", "backOffRandomizationFactor: '1.5x' is no number"},
        {"publishTimeout", "0", "publishTimeout: 0 ms is outside 1000"},
        {"inflightMax", "0", "inflightMax: 0 is outside 1"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        cr_assert(eq(int, READ_OPEN(faults[i][0], faults[i][1]), DK_INVALID), "%s", faults[i][2]);
        SAYS(faults[i][2]);
    }
    cr_assert(eq(int, READ("authType", "none"), DK_INVALID));
    SAYS("brokers: is required");
    cr_assert(eq(int, READ_OPEN("Brokers", "c:1"), DK_INVALID));
    SAYS("brokers: is there twice");
}

Test(kafka_config, accepts_versions_of_three_and_four_numbers) {
    cr_assert(eq(int, READ_OPEN("version", "3.6.0"), DK_OK));
    cr_assert(eq(int, READ_OPEN("version", "2.0.0.0"), DK_OK));
    cr_assert(eq(int, READ_OPEN("version", "0.10.2.1"), DK_OK));
}

Test(kafka_config, keeps_secrets_to_itself) {
    static const char *const secrets[] = {
        "saslPassword",
        "oidcClientSecret",
        "oidcClientAssertionKey",
        "clientKey",
        "schemaRegistryAPISecret"};
    const struct dk_option *const tables[] = {kafka_pubsub_options, kafka_binding_options};
    for (size_t t = 0; t < 2; t++) {
        size_t found = 0;
        for (const struct dk_option *option = tables[t]; option->name != NULL; option++) {
            bool is_secret = false;
            for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
                is_secret = is_secret || strcmp(secrets[i], option->name) == 0;
            }
            found += is_secret;
            cr_assert(eq(int, (option->flags & DK_SECRET) != 0, is_secret), "%s", option->name);
        }
        cr_assert(eq(sz, found, sizeof secrets / sizeof secrets[0]));
    }
}
