/* What librdkafka is told. Its own rd_kafka_conf_get reads it back. */
#include "clients/kafka/kafka_conf.h"

#include "support/kafka_reader.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct kafka_reader reader;
static rd_kafka_conf_t *conf;

static void end(void) {
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
    }
    kafka_reader_end();
}

TestSuite(kafka_conf, .fini = end);

typedef enum dk_error make_fn(
    const struct kafka_settings *, struct dk_pairs, rd_kafka_conf_t **, struct dk_fault *);

static enum dk_error make_all(make_fn *make, const char *const *properties) {
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
        conf = NULL;
    }
    const enum dk_error error = kafka_reader_read(&reader, kafka_pubsub_options, properties);
    return error != DK_OK ? error : make(&reader.settings, reader.properties, &conf, &reader.fault);
}

#define MAKE(role, ...)    \
    make_all(              \
        kafka_conf_##role, \
        (const char *const[]){"brokers", "a:1,b:2", "authType", "none", __VA_ARGS__, NULL})

static void is_told(const char *name, const char *expected) {
    char value[512];
    size_t size = sizeof value;
    cr_assert(eq(int, rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK), "%s", name);
    cr_assert(eq(str, value, (char *)expected), "%s", name);
}

static void are_told(const char *const (*rows)[2]) {
    for (; rows[0][0] != NULL; rows++) {
        is_told(rows[0][0], rows[0][1]);
    }
}

Test(kafka_conf, makes_a_producer_like_the_built_ins) {
    static const char *const rows[][2] = {
        {"bootstrap.servers", "a:1,b:2"},
        {"client.id", "sarama"},
        {"security.protocol", "plaintext"},
        {"socket.connection.setup.timeout.ms", "30000"},
        {"socket.timeout.ms", "30000"},
        {"topic.metadata.refresh.interval.ms", "480000"},
        {"acks", "-1"},
        {"request.timeout.ms", "10000"},
        {"retries", "5"},
        {"retry.backoff.ms", "100"},
        {"message.timeout.ms", "30000"},
        {"linger.ms", "0"},
        {"message.max.bytes", "1048576"},
        {"partitioner", "fnv1a_random"},
        {"sticky.partitioning.linger.ms", "0"},
        {"enable.idempotence", "true"},
        {"max.in.flight.requests.per.connection", "5"},
        {"queue.buffering.max.messages", "16384"},
        {"queue.buffering.max.kbytes", "65536"},
        {"compression.codec", "none"},
        {"topic.metadata.propagation.max.ms", "5000"},
        {"delivery.report.only.error", "false"},
        {"log.queue", "true"},
        {NULL, NULL},
    };
    cr_assert(eq(int, MAKE(producer, "consumerGroup", "g"), DK_OK), "%s", reader.fault.text);
    are_told(rows);
}

Test(kafka_conf, makes_a_consumer_like_the_built_ins) {
    static const char *const rows[][2] = {
        {"group.id", "g"},
        {"session.timeout.ms", "10000"},
        {"heartbeat.interval.ms", "3000"},
        {"fetch.min.bytes", "1"},
        {"max.partition.fetch.bytes", "1048576"},
        {"fetch.wait.max.ms", "100"},
        {"queued.min.messages", "256"},
        {"enable.auto.commit", "true"},
        {"enable.auto.offset.store", "false"},
        {"auto.commit.interval.ms", "1000"},
        {"auto.offset.reset", "largest"},
        {"partition.assignment.strategy", "range"},
        {"isolation.level", "read_uncommitted"},
        {"allow.auto.create.topics", "true"},
        {NULL, NULL},
    };
    cr_assert(eq(int, MAKE(consumer, "consumerGroup", "g"), DK_OK), "%s", reader.fault.text);
    are_told(rows);

    cr_assert(
        eq(int,
           MAKE(
               consumer,
               "initialOffset",
               "oldest",
               "consumerGroupRebalanceStrategy",
               "sticky",
               "consumerID",
               "app"),
           DK_OK));
    is_told("auto.offset.reset", "smallest"); /* librdkafka's other word for earliest */
    is_told("partition.assignment.strategy", "cooperative-sticky");
    is_told("group.id", "app");
}

/* What a client of librdkafka works with in the end. */
static void works_with(const char *name, const char *expected) {
    char reason[256] = "", value[64];
    size_t size = sizeof value;
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    cr_assert(ne(ptr, client, NULL), "%s", reason);
    conf = NULL; /* the client's */
    cr_assert(
        eq(int, rd_kafka_conf_get(rd_kafka_conf(client), name, value, &size), RD_KAFKA_CONF_OK));
    rd_kafka_destroy(client);
    cr_assert(eq(str, value, (char *)expected), "%s", name);
}

Test(kafka_conf, bounds_one_answer_of_a_broker_by_channelBufferBytes) {
    cr_assert(eq(int, MAKE(consumer, "consumerGroup", "g"), DK_OK), "%s", reader.fault.text);
    works_with("fetch.max.bytes", "8388608");

    cr_assert(
        eq(int, MAKE(consumer, "consumerGroup", "g", "channelBufferBytes", "4194304"), DK_OK));
    works_with("fetch.max.bytes", "4194304");

    cr_assert(
        eq(int,
           MAKE(consumer, "consumerGroup", "g", "librdkafka.fetch.max.bytes", "20000000"),
           DK_OK));
    works_with("fetch.max.bytes", "20000000");
}

Test(kafka_conf, fetches_eight_windows_ahead_unless_it_is_told_how_many) {
    cr_assert(eq(int, MAKE(consumer, "consumerGroup", "g", "partitionWindow", "32"), DK_OK));
    is_told("queued.min.messages", "256");

    cr_assert(eq(int, MAKE(consumer, "consumerGroup", "g", "partitionWindow", "1024"), DK_OK));
    is_told("queued.min.messages", "8192");

    cr_assert(eq(
        int,
        MAKE(consumer, "consumerGroup", "g", "partitionWindow", "1024", "channelBufferSize", "100"),
        DK_OK));
    is_told("queued.min.messages", "100");
}

Test(kafka_conf, is_idempotent_only_where_acks_and_retries_allow_it) {
    cr_assert(eq(int, MAKE(producer, "producerRequiredAcks", "local"), DK_OK));
    is_told("acks", "1");
    is_told("enable.idempotence", "false");

    cr_assert(eq(int, MAKE(producer, "producerRequiredAcks", "none"), DK_OK));
    is_told("acks", "0");

    cr_assert(eq(int, MAKE(producer, "producerRetryMax", "0"), DK_OK));
    is_told("enable.idempotence", "false");
}

Test(kafka_conf, logs_in_by_password) {
    cr_assert(
        eq(int,
           make_all(
               kafka_conf_producer,
               (const char *const[]){
                   "brokers",
                   "b",
                   "authType",
                   "password",
                   "saslUsername",
                   "u",
                   "saslPassword",
                   "p",
                   "saslMechanism",
                   "SHA-256",
                   "skipVerify",
                   "true",
                   NULL}),
           DK_OK),
        "%s",
        reader.fault.text);
    is_told("security.protocol", "sasl_ssl");
    is_told("sasl.mechanisms", "SCRAM-SHA-256");
    is_told("sasl.username", "u");
    is_told("sasl.password", "p");
    is_told("enable.ssl.certificate.verification", "false");
}

Test(kafka_conf, says_when_librdkafka_has_no_oidc) {
    char features[512];
    size_t size = sizeof features;
    const enum dk_error error = make_all(
        kafka_conf_producer,
        (const char *const[]){
            "brokers",
            "b",
            "authType",
            "oidc",
            "oidcTokenEndpoint",
            "http://t",
            "oidcClientID",
            "c",
            "oidcClientSecret",
            "s",
            "oidcScopes",
            "openid,kafka",
            "oidcExtensions",
            "{\"a\":\"b\",\"c\":\"d\"}",
            NULL});
    rd_kafka_conf_t *plain = rd_kafka_conf_new();
    cr_assert(
        eq(int, rd_kafka_conf_get(plain, "builtin.features", features, &size), RD_KAFKA_CONF_OK));
    rd_kafka_conf_destroy(plain);

    if (strstr(features, "oidc") == NULL) {
        cr_assert(eq(int, error, DK_UNSUPPORTED));
        cr_assert(
            kafka_reader_says(&reader, "authType: 'oidc' needs a librdkafka with libcurl"),
            "%s",
            reader.fault.text);
    } else {
        cr_assert(eq(int, error, DK_OK), "%s", reader.fault.text);
        is_told("sasl.oauthbearer.scope", "openid kafka");
        is_told("sasl.oauthbearer.extensions", "a=b,c=d");
    }
}

Test(kafka_conf, passes_librdkafkas_properties_through) {
    cr_assert(
        eq(int,
           MAKE(producer, "librdkafka.linger.ms", "7", "LibRdKafka.socket.timeout.ms", "1234"),
           DK_OK),
        "%s",
        reader.fault.text);
    is_told("linger.ms", "7");
    is_told("socket.timeout.ms", "1234");
}

Test(kafka_conf, refuses_what_librdkafka_refuses_in_its_words) {
    cr_assert(eq(
        int, MAKE(producer, "librdkafka.no.such", "7", "librdkafka.linger.ms", "x"), DK_INVALID));
    cr_assert(
        kafka_reader_says(
            &reader, "librdkafka.no.such: No such configuration property: \"no.such\""),
        "%s",
        reader.fault.text);
    cr_assert(kafka_reader_says(&reader, "librdkafka.linger.ms: Invalid value"));
    cr_assert(eq(ptr, conf, NULL));
}

Test(kafka_conf, refuses_what_would_break_a_promise) {
    static const char *const names[] = {
        "librdkafka.delivery.report.only.error",
        "librdkafka.transactional.id",
        "librdkafka.enable.auto.offset.store",
        "librdkafka.enable.auto.commit",
        "librdkafka.log.queue"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert(eq(int, MAKE(consumer, names[i], "true"), DK_INVALID), "%s", names[i]);
        cr_assert(kafka_reader_says(&reader, "cannot be passed through"), "%s", reader.fault.text);
    }
}
