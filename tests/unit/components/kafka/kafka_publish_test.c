/* Publishing to brokers that answer, refuse, lie down and come back. */
#include "support/kafka_mock.h"
#include "support/kafka_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct kafka_mock mock;
static struct kafka_rig rig;
static struct kafka_mock_record record;

static void end(void) {
    kafka_rig_close(&rig);
    kafka_mock_stop(&mock);
}

TestSuite(kafka_publish, .fini = end);

#define BEGIN(...)              \
    kafka_mock_start(&mock, 1); \
    kafka_rig_open_well(        \
        &rig, (const char *const[]){"brokers", mock.brokers, "authType", "none", __VA_ARGS__})
#define METADATA(...)       \
    (const char *const[]) { \
        __VA_ARGS__, NULL   \
    }

static struct kafka_rig_call *publish(
    const char *topic, const char *data, const char *const *metadata) {
    return kafka_rig_publish(&rig, topic, dk_bytes_of(data), metadata);
}

static void publish_well(const char *topic, const char *data, const char *const *metadata) {
    const struct kafka_rig_call *call = kafka_rig_wait(publish(topic, data, metadata));
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
}

static bool says(const struct kafka_rig_call *call, const char *words) {
    return strstr(call->text, words) != NULL;
}

Test(kafka_publish, writes_key_value_and_headers) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);

    publish_well("t", "body", METADATA("partitionKey", "k", "a", "1"));

    kafka_mock_read(&mock, "t", 0, 0, &record);
    cr_assert(eq(str, record.key, "k"));
    cr_assert(eq(str, record.value, "body"));
    cr_assert(eq(str, record.headers, "partitionKey=k;a=1;"));
}

Test(kafka_publish, tells_absent_from_empty) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);

    publish_well("t", "null", NULL);
    publish_well("t", "", METADATA("__key", ""));

    kafka_mock_read(&mock, "t", 0, 0, &record);
    cr_assert(eq(int, record.value_size, -1));
    cr_assert(eq(int, record.key_size, -1));
    kafka_mock_read(&mock, "t", 0, 1, &record);
    cr_assert(eq(int, record.value_size, 0));
    cr_assert(eq(int, record.key_size, 0));
}

/*
 * FNV-1a as Sarama's hash partitioner takes it: 32 bits, signed, modulo, absolute. Vectors of the
 * hash are those of its authors (draft-eastlake-fnv): "" 811c9dc5, "a" e40c292c, "foobar" bf9cf968.
 */
static int partition_of(const char *key, int count) {
    uint32_t hash = 0x811c9dc5U;
    for (; *key != '\0'; key++) {
        hash = (hash ^ (uint8_t)*key) * 0x01000193U;
    }
    const int32_t remainder = (int32_t)hash % count;
    return remainder < 0 ? -remainder : remainder;
}

Test(kafka_publish, writes_a_key_where_the_built_in_does) {
    enum { PARTITIONS = 7 };
    static const struct {
        const char *key;
        int partition; /* of 7 */
    } known[] = {
        {"", 0x7ee3623b % PARTITIONS},
        {"a", 0x1bf3d6d4 % PARTITIONS},
        {"foobar", 0x40630698 % PARTITIONS}};
    static const char *const keys[] = {
        "", "a", "foobar", "order-1", "order-2", "\xC3\xA4", "user||7"};
    int64_t expected[PARTITIONS] = {0};
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", PARTITIONS);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        cr_assert(eq(int, partition_of(known[i].key, PARTITIONS), known[i].partition));
    }

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        publish_well("t", keys[i], METADATA("partitionKey", keys[i]));
        expected[partition_of(keys[i], PARTITIONS)]++;
    }

    for (int i = 0; i < PARTITIONS; i++) {
        cr_assert(eq(i64, kafka_mock_count(&mock, "t", i), expected[i]), "partition %d", i);
    }
}

Test(kafka_publish, writes_to_the_partition_that_is_named) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 3);

    publish_well("t", "x", METADATA("partitionNumber", "2", "partitionKey", "k"));

    kafka_mock_read(&mock, "t", 2, 0, &record);
    cr_assert(eq(str, record.value, "x"));

    /* Twice: before and after librdkafka knows how many there are. */
    for (int i = 0; i < 2; i++) {
        const struct kafka_rig_call *call =
            kafka_rig_wait(publish("t", "x", METADATA("partitionNumber", "3")));
        cr_assert(eq(int, call->error, DK_INVALID));
        cr_assert(
            says(call, "partition number 3 is out of range, topic 't' has 3 partitions"),
            "%s",
            call->text);
    }
    const struct kafka_rig_call *call =
        kafka_rig_wait(publish("t", "x", METADATA("partitionNumber", "-1")));
    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(says(call, "partitionNumber: '-1' is no number"), "%s", call->text);
}

Test(kafka_publish, refuses_an_unknown_partition_of_a_new_topic) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 3);

    const struct kafka_rig_call *call =
        kafka_rig_wait(publish("t", "x", METADATA("partitionNumber", "9")));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(says(call, "topic 't' has 3 partitions"), "%s", call->text);
}

Test(kafka_publish, refuses_what_is_too_large_and_goes_on) {
    static char large[4096];
    BEGIN("maxMessageBytes", "2000", NULL);
    kafka_mock_create(&mock, "t", 1);
    memset(large, 'x', sizeof large - 1);

    const struct kafka_rig_call *call = kafka_rig_wait(publish("t", large, NULL));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(
        says(call, "a message of 4095 bytes is larger than maxMessageBytes (2000)"),
        "%s",
        call->text);
    publish_well("t", "small", NULL);
}

Test(kafka_publish, refuses_a_topic_that_is_no_name) {
    char long_name[300];
    BEGIN(NULL);
    memset(long_name, 't', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';

    const struct kafka_rig_call *call = kafka_rig_wait(publish(long_name, "x", NULL));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(says(call, "is no topic's name"), "%s", call->text);
}

Test(kafka_publish, tries_again_what_brokers_refuse_for_a_while) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    kafka_mock_fail(&mock, KAFKA_MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
    kafka_mock_fail(&mock, KAFKA_MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2);

    publish_well("t", "x", NULL);

    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), 1));
}

Test(kafka_publish, fails_in_the_brokers_words) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    kafka_mock_fail(&mock, KAFKA_MOCK_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);

    const struct kafka_rig_call *call = kafka_rig_wait(publish("t", "x", NULL));

    cr_assert(eq(int, call->error, DK_DENIED));
    cr_assert(says(call, "kafka: topic 't': Broker: Topic authorization failed"), "%s", call->text);
    enum dk_error error = DK_DENIED;
    for (int i = 0; i < 1000 && error == DK_DENIED; i++) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 1000), DK_OK));
        error = kafka_rig_wait(publish("t", "y", NULL))->error;
    }
    cr_assert(eq(int, error, DK_OK), "it looks again, rights may have come");
}

Test(kafka_publish, says_that_a_topic_does_not_exist) {
    BEGIN("librdkafka.topic.metadata.propagation.max.ms", "300", NULL);
    rd_kafka_mock_topic_set_error(mock.cluster, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);

    const struct kafka_rig_call *call = kafka_rig_wait(publish("t", "x", NULL));

    cr_assert(eq(int, call->error, DK_UNAVAILABLE));
    cr_assert(says(call, "kafka: topic 't': ") && says(call, "nknown topic"), "%s", call->text);
}

Test(kafka_publish, answers_an_outage_within_its_time) {
    BEGIN("publishTimeout", "1s", NULL);
    kafka_mock_create(&mock, "t", 1);
    publish_well("t", "before", NULL);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));

    const struct kafka_rig_call *call = kafka_rig_wait(publish("t", "x", NULL));

    cr_assert(eq(int, call->error, DK_UNAVAILABLE), "%s", call->text);
    cr_assert(says(call, "no broker confirmed within publishTimeout (1000 ms)"), "%s", call->text);
    cr_assert(says(call, "127.0.0.1"), "%s", call->text);
    cr_assert(eq(int, rd_kafka_mock_broker_set_up(mock.cluster, 1), 0));
}

Test(kafka_publish, rides_out_a_short_outage) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    publish_well("t", "before", NULL);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));
    struct kafka_rig_call *call = publish("t", "during", NULL);
    kafka_rig_turn(&rig);
    cr_assert(not(call->is_done));

    cr_assert(eq(int, rd_kafka_mock_broker_set_up(mock.cluster, 1), 0));

    cr_assert(eq(int, kafka_rig_wait(call)->error, DK_OK), "%s", call->text);
    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), 2));
}

Test(kafka_publish, lets_calls_wait_for_a_place_in_order) {
    enum { CALLS = 100 };
    static char texts[CALLS][8];
    struct kafka_rig_call *calls[CALLS];
    BEGIN("inflightMax", "60", NULL);
    kafka_mock_create(&mock, "t", 1);

    for (int i = 0; i < CALLS; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%d", i);
        calls[i] = publish("t", texts[i], NULL);
    }

    for (int i = 0; i < CALLS; i++) {
        cr_assert(eq(int, kafka_rig_wait(calls[i])->error, DK_OK), "%s", calls[i]->text);
    }
    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), CALLS));
    kafka_mock_read(&mock, "t", 0, 59, &record);
    cr_assert(eq(str, record.value, "59"));
    kafka_mock_read(&mock, "t", 0, 60, &record);
    cr_assert(eq(str, record.value, "60"));
    kafka_mock_read(&mock, "t", 0, 99, &record);
    cr_assert(eq(str, record.value, "99"));
}

Test(kafka_publish, lets_nothing_wait_long_for_what_is_on_its_way) {
    enum { CALLS = 10, RTT_MS = 500 };
    struct kafka_rig_call *calls[CALLS];
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    publish_well("t", "x", NULL);
    cr_assert(eq(int, rd_kafka_mock_broker_set_rtt(mock.cluster, 1, RTT_MS), 0));
    const int64_t begin_ms = dk_clock_ms();

    for (int i = 0; i < CALLS; i++) { /* a turn for each, so that none leaves with the one before */
        calls[i] = publish("t", "x", NULL);
        kafka_rig_turn(&rig);
    }

    for (int i = 0; i < CALLS; i++) {
        cr_assert(eq(int, kafka_rig_wait(calls[i])->error, DK_OK), "%s", calls[i]->text);
    }
    cr_assert(lt(i64, dk_clock_ms() - begin_ms, 2 * RTT_MS), "one after the other would take more");
    cr_assert(eq(int, rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0), 0));
}

Test(kafka_publish, says_so_when_there_is_no_place_and_none_comes) {
    struct kafka_rig_call *calls[5];
    BEGIN(
        "inflightMax", "2", "publishTimeout", "1s", "librdkafka.message.timeout.ms", "3000", NULL);
    kafka_mock_create(&mock, "t", 1);
    publish_well("t", "before", NULL);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));

    for (int i = 0; i < 5; i++) {
        calls[i] = publish("t", "x", NULL);
    }

    cr_assert(calls[4]->is_done, "two on their way, two wait: no place for a fifth");
    cr_assert(eq(int, calls[4]->error, DK_EXHAUSTED));
    cr_assert(says(calls[4], "inflightMax (2) messages wait for a place already"));
    cr_assert(eq(int, kafka_rig_wait(calls[2])->error, DK_EXHAUSTED));
    cr_assert(
        says(calls[2], "no place came within publishTimeout (1000 ms)"), "%s", calls[2]->text);
    cr_assert(eq(int, kafka_rig_wait(calls[3])->error, DK_EXHAUSTED));
    cr_assert(eq(int, kafka_rig_wait(calls[0])->error, DK_UNAVAILABLE));
    cr_assert(eq(int, kafka_rig_wait(calls[1])->error, DK_UNAVAILABLE));
    cr_assert(eq(int, rd_kafka_mock_broker_set_up(mock.cluster, 1), 0));
}

static struct dk_publish_entry entry(const char *id, struct dk_bytes data) {
    return (struct dk_publish_entry){.entry_id = dk_bytes_of(id), .data = data};
}

Test(kafka_publish, writes_a_bulk_whole_and_in_order) {
    enum { ENTRIES = 100 };
    static char ids[ENTRIES][8];
    static struct dk_publish_entry entries[ENTRIES];
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    for (int i = 0; i < ENTRIES; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%d", i);
        entries[i] = entry(ids[i], dk_bytes_of(ids[i]));
    }

    const struct kafka_rig_call *call = kafka_rig_wait(kafka_rig_bulk(
        &rig,
        (struct dk_bulk_publish){.topic = DK_BYTES("t"), .entries = entries, .count = ENTRIES}));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), ENTRIES));
    kafka_mock_read(&mock, "t", 0, 73, &record);
    cr_assert(eq(str, record.value, "73"));
}

Test(kafka_publish, fails_a_bulk_that_is_not_whole_and_names_what_is_missing) {
    static char large[4096];
    BEGIN("maxMessageBytes", "2000", NULL);
    kafka_mock_create(&mock, "t", 1);
    const struct dk_publish_entry entries[] = {
        entry("a", dk_bytes_of("1")),
        entry("b", (struct dk_bytes){large, sizeof large}),
        entry("c", dk_bytes_of("3")),
    };

    const struct kafka_rig_call *call = kafka_rig_wait(kafka_rig_bulk(
        &rig, (struct dk_bulk_publish){.topic = DK_BYTES("t"), .entries = entries, .count = 3}));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(says(call, "1 of 3 entries were not published ('b'): "), "%s", call->text);
    cr_assert(says(call, "larger than maxMessageBytes"), "%s", call->text);
    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), 2));
}

Test(kafka_publish, names_as_many_missing_entries_as_fit) {
    enum { ENTRIES = 60 };
    static char ids[ENTRIES][16], large[4096];
    static struct dk_publish_entry entries[ENTRIES];
    BEGIN("maxMessageBytes", "2000", NULL);
    for (int i = 0; i < ENTRIES; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "entry-%d", i);
        entries[i] = entry(ids[i], (struct dk_bytes){large, sizeof large});
    }

    const struct kafka_rig_call *call = kafka_rig_wait(kafka_rig_bulk(
        &rig,
        (struct dk_bulk_publish){.topic = DK_BYTES("t"), .entries = entries, .count = ENTRIES}));

    cr_assert(says(call, "60 of 60 entries were not published ('entry-0', "), "%s", call->text);
    cr_assert(says(call, "' …): "), "%s", call->text);
}

Test(kafka_publish, sends_nothing_of_a_bulk_with_an_entry_that_makes_no_sense) {
    const struct dk_pair odd = {DK_BYTES("partitionNumber"), DK_BYTES("x")};
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    struct dk_publish_entry entries[] = {
        entry("a", dk_bytes_of("1")), entry("b", dk_bytes_of("2"))};
    entries[1].metadata = (struct dk_pairs){&odd, 1};

    const struct kafka_rig_call *call = kafka_rig_wait(kafka_rig_bulk(
        &rig, (struct dk_bulk_publish){.topic = DK_BYTES("t"), .entries = entries, .count = 2}));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(says(call, "entry 'b': partitionNumber: 'x'"), "%s", call->text);
    cr_assert(eq(i64, kafka_mock_count(&mock, "t", 0), 0));
}

Test(kafka_publish, has_nothing_to_do_for_an_empty_bulk) {
    BEGIN(NULL);
    const struct kafka_rig_call *call =
        kafka_rig_bulk(&rig, (struct dk_bulk_publish){.topic = DK_BYTES("t")});
    cr_assert(call->is_done);
    cr_assert(eq(int, call->error, DK_OK));
}

Test(kafka_publish, begins_anew_without_idempotence_where_that_is_denied) {
    BEGIN(NULL);
    kafka_mock_create(&mock, "t", 1);
    kafka_mock_fail(
        &mock, KAFKA_MOCK_INIT_PRODUCER_ID, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, 100);

    /* The first may be lost to it, in words; the next goes its way. */
    enum dk_error error = DK_UNAVAILABLE;
    for (int i = 0; i < 20 && error != DK_OK; i++) {
        error = kafka_rig_wait(publish("t", "x", NULL))->error;
    }
    cr_assert(eq(int, error, DK_OK));
}
