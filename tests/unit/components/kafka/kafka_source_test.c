/* The rooms' halves that read: what a subscription of pub/sub and the Read of a binding get. */
#include "bindings/kafka/kafka_input.h"
#include "pubsub/kafka/kafka_broker.h"
#include "support/kafka_mock.h"
#include "support/kafka_rig.h"
#include "support/kafka_streams.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct kafka_mock mock;
static struct kafka_rig rig;
static struct kafka_mock_record record;

static void setup(void) {
    kafka_mock_start(&mock, 1);
}

static void teardown(void) {
    kafka_rig_close(&rig);
    kafka_mock_stop(&mock);
}

TestSuite(kafka_source, .init = setup, .fini = teardown);

#define PROPERTIES(...)                                                                           \
    (const char *const[]) {                                                                       \
        "brokers", mock.brokers, "authType", "none", "initialOffset", "oldest", __VA_ARGS__, NULL \
    }

static void topic_with(const char *topic, int records) {
    kafka_mock_create(&mock, topic, 1);
    kafka_streams_produce(mock.brokers, topic, 0, 0, records);
}

static bool refuse_first(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    (void)stream;
    *ret_outcome = strcmp(message->value, "0") == 0 ? DK_REFUSED : DK_HANDLED;
    return true;
}

Test(kafka_source, sends_what_is_given_up_to_the_dead_letter_topic) {
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_first};
    topic_with("a", 3);
    kafka_mock_create(&mock, "dead", 1);
    kafka_rig_open_well(
        &rig,
        PROPERTIES(
            "consumerID",
            "g",
            "deadLetterTopic",
            "dead",
            "backOffDuration",
            "1ms",
            "backOffMaxRetries",
            "1"));

    kafka_stream_open_on(&stream, rig.broker, &kafka_broker.source, 8);
    kafka_stream_until(&stream, 4);

    kafka_mock_read(&mock, "dead", 0, 0, &record);
    cr_assert(eq(str, record.value, "0"));
    cr_assert(eq(int, record.key_size, -1));
    cr_assert(
        eq(str,
           record.headers,
           "dead-letter-topic=a;dead-letter-partition=0;dead-letter-offset=0;"
           "dead-letter-reason=no;"));
    cr_assert(eq(str, stream.messages[2].value, "1"));
    kafka_stream_close(&stream);
}

Test(kafka_source, reads_all_topics_of_a_binding_and_skips_what_is_refused) {
    struct kafka_stream stream = {.decide = refuse_first};
    topic_with("a", 3);
    topic_with("b", 3);
    const struct kafka_rig_call *call =
        kafka_rig_start(&rig, &kafka_input.base, PROPERTIES("consumerGroup", "g", "topics", "a,b"));
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);

    kafka_stream_open_on(&stream, rig.broker, &kafka_input.source, 8);
    kafka_stream_until(&stream, 6);

    size_t of_a = 0;
    for (size_t i = 0; i < stream.count; i++) {
        of_a += stream.messages[i].topic[0] == 'a';
    }
    cr_assert(eq(sz, stream.count, 6), "each once, the refused ones too");
    cr_assert(eq(sz, of_a, 3));
    kafka_stream_close(&stream);
}

Test(kafka_source, opens_a_binding_without_topics_and_delivers_nothing) {
    struct kafka_stream stream = {.decide = refuse_first};
    const struct kafka_rig_call *call =
        kafka_rig_start(&rig, &kafka_input.base, PROPERTIES("publishTopic", "a"));
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);

    kafka_stream_open_on(&stream, rig.broker, &kafka_input.source, 8);
    dk__subscription_writable(&stream.subscription);
    kafka_rig_turn(&rig);

    cr_assert(eq(sz, stream.count, 0));
    kafka_stream_close(&stream);
}

Test(kafka_source, refuses_a_binding_with_topics_and_without_a_group) {
    const struct kafka_rig_call *call =
        kafka_rig_start(&rig, &kafka_input.base, PROPERTIES("topics", "a"));

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(ne(ptr, strstr(call->text, "consumerGroup: is missing"), NULL));
}
