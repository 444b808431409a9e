#include "clients/kafka/kafka_consumer.h"

#include "clients/kafka/kafka_farewell.h"

#include "support/kafka_mock.h"
#include "support/kafka_streams.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

/* The mock wants 3 s for a first join, and for a later one a session less a second. */
#define GROUP                                                                                     \
    "consumerGroup", "g", "initialOffset", "oldest", "sessionTimeout", "4s", "heartbeatInterval", \
        "200ms", "consumeRetryInterval", "50"

enum { KAFKA_MOCK_HEARTBEAT = 12 };

static struct kafka_mock mock;
static struct dk_loop *loop;
static struct kafka_streams member;

static void setup(void) {
    kafka_mock_start(&mock, 1);
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
}

static void teardown(void) {
    dk__loop_free(loop);
    kafka_mock_stop(&mock);
    kafka_reader_end();
}

TestSuite(kafka_consumer, .init = setup, .fini = teardown);

static struct kafka_consumer_counts counts(void) {
    return kafka_consumer_counts(member.consumer);
}

/* A topic with records "0" … in each of its partitions. */
static void topic_with(const char *topic, int partitions, int records) {
    kafka_mock_create(&mock, topic, partitions);
    for (int i = 0; i < partitions; i++) {
        kafka_streams_produce(mock.brokers, topic, i, 0, records);
    }
}

static long long committed(const char *topic, int partition) {
    return kafka_streams_committed(mock.brokers, "g", topic, partition);
}

static bool is_handled_to(void *context) {
    return counts().handled >= *(uint64_t *)context;
}

static void until_handled(struct kafka_stream *stream, uint64_t count) {
    struct kafka_stream *const streams[] = {stream, NULL};
    kafka_streams_until(streams, is_handled_to, &count);
}

static void close_both(struct kafka_stream *stream) {
    kafka_stream_close(stream);
    kafka_streams_close(&member);
}

/* How often a value of a partition arrived. */
static int arrivals(const struct kafka_stream *stream, int partition, const char *value) {
    int found = 0;
    for (size_t i = 0; i < stream->count; i++) {
        found += stream->messages[i].partition == partition &&
                 strcmp(stream->messages[i].value, value) == 0;
    }
    return found;
}

Test(kafka_consumer, delivers_every_record_once_and_commits_behind_the_last) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a", "b"}, .decide = kafka_stream_handle};
    int next[2][2] = {{0}};
    topic_with("a", 2, 100);
    topic_with("b", 2, 100);

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 400);

    cr_assert(eq(sz, stream.count, 400));
    for (size_t i = 0; i < 400; i++) {
        const struct kafka_stream_message *message = &stream.messages[i];
        int *expected = &next[message->topic[0] == 'b'][message->partition];
        cr_assert(eq(int, atoi(message->value), (*expected)++), "in order within a partition");
    }
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 100));
    cr_assert(eq(i64, committed("b", 1), 100));
}

static bool refuse_twice(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    const bool is_bad = message->partition == 0 && strcmp(message->value, "1") == 0 &&
                        arrivals(stream, 0, "1") <= 2;
    *ret_outcome = is_bad ? DK_REFUSED : DK_HANDLED;
    return true;
}

Test(kafka_consumer, offers_a_refused_record_again_in_its_place_while_others_flow) {
    const char *const properties[] = {GROUP, "backOffDuration", "300ms", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_twice};
    topic_with("a", 2, 20);

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 40);

    cr_assert(eq(u64, counts().refused, 2));
    cr_assert(eq(sz, stream.count, 42));
    int next = 0;
    size_t last_of_other = 0, last_refusal = 0;
    for (size_t i = 0; i < stream.count; i++) {
        const struct kafka_stream_message *message = &stream.messages[i];
        if (message->partition == 1) {
            last_of_other = i;
        } else if (atoi(message->value) == 1) {
            next = 2;
            last_refusal = i;
        } else {
            cr_assert(eq(int, atoi(message->value), next++), "nothing overtakes a refused one");
        }
    }
    cr_assert(lt(sz, last_of_other, last_refusal), "the other partition waits for nobody");
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 20));
}

/* ── giving up ──────────────────────────────────────────────────────────────────────────────── */

static struct {
    int buried;
    char reason[128];
    void *ticket; /* NULL: answered */
} grave_seen;

static enum dk_error note_burial(
    void *context, const rd_kafka_message_t *record, const char *reason, void *ticket) {
    (void)context, (void)record;
    grave_seen.buried++;
    grave_seen.ticket = ticket;
    (void)snprintf(grave_seen.reason, sizeof grave_seen.reason, "%s", reason);
    return DK_OK;
}

static const struct kafka_grave grave = {.topic = "dead", .bury = note_burial};

static bool has_ticket(void *context) {
    (void)context;
    return grave_seen.ticket != NULL;
}

static void answer_burial(enum dk_error error) {
    void *ticket = grave_seen.ticket;
    grave_seen.ticket = NULL;
    kafka_consumer_buried(member.consumer, ticket, error, "an answer");
}

static bool refuse_first(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    (void)stream;
    *ret_outcome = strcmp(message->value, "0") == 0 ? DK_REFUSED : DK_HANDLED;
    return true;
}

Test(kafka_consumer, buries_a_record_before_its_offset_moves) {
    const char *const properties[] = {
        GROUP, "backOffDuration", "1ms", "backOffMaxRetries", "2", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_first};
    struct kafka_stream *const streams[] = {&stream, NULL};
    topic_with("a", 1, 3);
    kafka_streams_open(&member, loop, mock.brokers, &grave, properties);
    kafka_stream_open(&stream, &member, 64);

    kafka_streams_until(streams, has_ticket, NULL);
    cr_assert(eq(u64, counts().refused, 3), "the first delivery and two retries");
    cr_assert(eq(str, grave_seen.reason, "no"));
    answer_burial(DK_UNAVAILABLE);
    kafka_streams_until(streams, has_ticket, NULL);
    cr_assert(eq(int, grave_seen.buried, 2));
    cr_assert(eq(sz, stream.count, 3), "nothing follows until it is buried");
    answer_burial(DK_OK);
    until_handled(&stream, 2);

    cr_assert(eq(u64, counts().buried, 1));
    cr_assert(eq(u64, counts().skipped, 0));
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 3));
}

Test(kafka_consumer, commits_nothing_of_a_record_whose_burial_is_unanswered) {
    const char *const properties[] = {GROUP, "backOffMaxRetries", "0", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_first};
    struct kafka_stream *const streams[] = {&stream, NULL};
    topic_with("a", 1, 3);
    kafka_streams_open(&member, loop, mock.brokers, &grave, properties);
    kafka_stream_open(&stream, &member, 64);

    kafka_streams_until(streams, has_ticket, NULL);
    kafka_stream_close(&stream);
    answer_burial(DK_UNAVAILABLE); /* as a producer that is closed does */
    kafka_streams_close(&member);

    cr_assert(lt(i64, committed("a", 0), 0));
}

Test(kafka_consumer, skips_a_record_without_retries_or_grave_and_counts_it) {
    const char *const properties[] = {GROUP, "consumeRetryEnabled", "false", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_first};
    topic_with("a", 1, 3);

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 2);

    cr_assert(eq(u64, counts().refused, 1));
    cr_assert(eq(u64, counts().skipped, 1));
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 3));
}

Test(kafka_consumer, gives_a_record_up_at_once_that_no_stream_can_carry) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = kafka_stream_handle, .bytes_max = 2};
    topic_with("a", 1, 102); /* "100" and "101" are too large */

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 100);
    kafka_streams_produce(mock.brokers, "a", 0, 7, 1);
    until_handled(&stream, 101);

    cr_assert(eq(u64, counts().undeliverable, 2));
    cr_assert(eq(u64, counts().skipped, 2));
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 103));
}

/* ── credit and streams ─────────────────────────────────────────────────────────────────────── */

static bool is_assigned(void *context) {
    return counts().assigned >= *(uint64_t *)context;
}

static void turns(int count) {
    for (int i = 0; i < count; i++) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }
}

Test(kafka_consumer, delivers_within_its_credit_and_goes_on_when_it_is_back) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a"}};
    struct kafka_stream *const streams[] = {&stream, NULL};
    uint64_t partitions = 4;
    topic_with("a", 4, 10);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 3);
    dk__subscription_pause(&stream.subscription, true);
    kafka_streams_until(streams, is_assigned, &partitions);
    turns(20);
    cr_assert(eq(sz, stream.count, 0), "a pause holds everything");

    dk__subscription_pause(&stream.subscription, false);
    kafka_stream_until(&stream, 3);
    turns(20);
    cr_assert(eq(sz, stream.count, 3), "four partitions, three places");
    stream.is_full = true;
    stream.decide = kafka_stream_handle;
    until_handled(&stream, 3);
    turns(20);
    cr_assert(eq(sz, stream.count, 3), "a peer that does not read is not written to");
    stream.is_full = false;
    dk__subscription_writable(&stream.subscription);
    until_handled(&stream, 40);

    cr_assert(eq(sz, stream.count, 40));
    close_both(&stream);
}

Test(kafka_consumer, stores_to_the_lowest_unsettled_offset_of_a_wide_window) {
    const char *const properties[] = {GROUP, "partitionWindow", "1000", NULL};
    struct kafka_stream stream = {.topics = {"a"}};
    topic_with("a", 1, 500);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 1000);
    kafka_stream_until(&stream, 500);

    for (size_t i = 500; i-- > 0;) {
        if (i != 123) {
            kafka_stream_settle(&stream, &stream.messages[i], DK_HANDLED, "");
        }
    }
    close_both(&stream);

    cr_assert(eq(i64, committed("a", 0), 123));
}

/* By itself librdkafka looks at a full buffer once a second: 40 of them would outlast the test. */
Test(kafka_consumer, fetches_on_as_soon_as_a_full_buffer_is_read) {
    const char *const properties[] = {GROUP, "channelBufferSize", "5", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = kafka_stream_handle};
    kafka_mock_create(&mock, "a", 1);
    for (int i = 0; i < 40; i++) { /* the mock answers a fetch with one batch */
        kafka_streams_produce(mock.brokers, "a", 0, 5 * i, 5);
    }

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 200);

    cr_assert(eq(sz, stream.count, 200), "each once");
    for (size_t i = 0; i < 200; i++) {
        cr_assert(eq(int, atoi(stream.messages[i].value), (int)i));
    }
    close_both(&stream);
}

Test(kafka_consumer, gives_an_abandoned_record_to_the_next_stream) {
    const char *const properties[] = {GROUP, "backOffMaxRetries", "0", NULL};
    struct kafka_stream first = {.topics = {"a"}};
    struct kafka_stream second = {.topics = {"a"}, .decide = kafka_stream_handle};
    topic_with("a", 1, 5);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&first, &member, 8);
    kafka_stream_until(&first, 1);

    kafka_stream_close(&first);
    kafka_stream_open(&second, &member, 8);
    until_handled(&second, 5);

    cr_assert(eq(str, second.messages[0].value, "0"));
    cr_assert(eq(sz, second.count, 5));
    cr_assert(eq(u64, counts().abandoned, 1));
    cr_assert(eq(u64, counts().skipped, 0));
    close_both(&second);
    cr_assert(eq(i64, committed("a", 0), 5));
}

Test(kafka_consumer, goes_on_with_one_subscription_when_the_other_ends) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream ending = {.topics = {"a"}, .decide = kafka_stream_handle};
    struct kafka_stream staying = {.topics = {"b"}, .decide = kafka_stream_handle};
    uint64_t partitions = 3, twenty = 20;
    topic_with("a", 1, 10);
    topic_with("b", 1, 10);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&ending, &member, 8);
    kafka_stream_open(&staying, &member, 8);
    struct kafka_stream *const both[] = {&ending, &staying, NULL};
    struct kafka_stream *const streams[] = {&staying, NULL};
    kafka_streams_until(both, is_handled_to, &twenty);

    kafka_stream_close(&ending);
    kafka_streams_produce(mock.brokers, "a", 0, 10, 5);
    kafka_streams_produce(mock.brokers, "b", 0, 10, 5);
    kafka_streams_until(streams, is_assigned, &partitions);
    until_handled(&staying, 25);

    cr_assert(eq(sz, staying.count, 15), "each once");
    cr_assert(eq(str, staying.messages[14].value, "14"));
    close_both(&staying);
    cr_assert(eq(i64, committed("a", 0), 10));
    cr_assert(eq(i64, committed("b", 0), 15));
}

Test(kafka_consumer, reads_every_topic_that_an_expression_finds) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream orders = {.topics = {"^orders\\."}, .decide = kafka_stream_handle};
    topic_with("orders.eu", 1, 3);
    topic_with("orders.us", 1, 3);
    topic_with("payments", 1, 3);

    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&orders, &member, 8);
    until_handled(&orders, 6);
    turns(20);

    cr_assert(eq(sz, orders.count, 6));
    close_both(&orders);
}

/* ── trouble ────────────────────────────────────────────────────────────────────────────────── */

Test(kafka_consumer, survives_its_brokers) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = kafka_stream_handle};
    topic_with("a", 1, 10);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 8);
    until_handled(&stream, 10);

    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    turns(300);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    kafka_streams_produce(mock.brokers, "a", 0, 10, 10);
    until_handled(&stream, 20);

    for (int i = 0; i < 20; i++) {
        char value[8];
        (void)snprintf(value, sizeof value, "%d", i);
        cr_assert(ge(int, arrivals(&stream, 0, value), 1), "%d is lost", i);
    }
    close_both(&stream);
}

Test(kafka_consumer, builds_a_member_anew_that_failed_for_good) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a"}};
    struct kafka_stream *const streams[] = {&stream, NULL};
    uint64_t partitions = 2;
    topic_with("a", 1, 10);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 8);
    kafka_stream_until(&stream, 1);

    kafka_mock_fail(&mock, KAFKA_MOCK_HEARTBEAT, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, 1);
    kafka_streams_until(streams, is_assigned, &partitions);
    kafka_stream_settle(&stream, &stream.messages[0], DK_HANDLED, "");
    cr_assert(eq(u64, counts().stale, 1), "it belonged to the member before");
    stream.decide = kafka_stream_handle;
    until_handled(&stream, 11);

    cr_assert(eq(int, arrivals(&stream, 0, "0"), 2));
    close_both(&stream);
    cr_assert(eq(i64, committed("a", 0), 10));
}

/* ── two members ────────────────────────────────────────────────────────────────────────────── */

static struct kafka_streams other_member;

static bool refuse_zero_for_ever(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    const bool is_bad = message->partition == 0 && strcmp(message->value, "0") == 0;
    *ret_outcome = is_bad && stream->member == &member ? DK_REFUSED : DK_HANDLED;
    return message->partition == 0 || stream->member != &member; /* the rest is kept out */
}

static bool has_moved(void *context) {
    const struct kafka_consumer_counts other = kafka_consumer_counts(other_member.consumer);
    (void)context;
    return other.assigned >= 1 && counts().revoked >= 2;
}

static bool are_all_handled(void *context) {
    struct kafka_stream *const *streams = context;
    for (int partition = 0; partition < 2; partition++) {
        for (int i = 0; i < 20; i++) {
            char value[8];
            (void)snprintf(value, sizeof value, "%d", i);
            if (arrivals(streams[0], partition, value) + arrivals(streams[1], partition, value) ==
                0) {
                return false;
            }
        }
    }
    const struct kafka_consumer_counts other = kafka_consumer_counts(other_member.consumer);
    return other.handled + counts().handled - other.stale - counts().stale >= 40;
}

static void until_committed(int partition, long long offset) {
    const int64_t end_ms = dk_clock_ms() + KAFKA_STREAMS_WAIT_MS;
    while (committed("a", partition) != offset) {
        cr_assert(lt(i64, dk_clock_ms(), end_ms), "%lld is not committed", offset);
        turns(50);
    }
}

Test(kafka_consumer, gives_partitions_to_another_member_in_the_midst_of_refusals) {
    const char *const properties[] = {GROUP, "backOffDuration", "20ms", "clientID", "one", NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = refuse_zero_for_ever};
    struct kafka_stream other = {.topics = {"a"}, .decide = kafka_stream_handle};
    struct kafka_stream *const streams[] = {&stream, &other, NULL};
    topic_with("a", 2, 20);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 8);
    kafka_stream_until(&stream, 5); /* one of partition 1 is out, partition 0 is refused */

    kafka_streams_open(&other_member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&other, &other_member, 8);
    kafka_streams_until(streams, has_moved, NULL);
    stream.decide = kafka_stream_handle; /* settles what partition 1 had out, too late */
    kafka_streams_until(streams, are_all_handled, (void *)(uintptr_t)streams);

    cr_assert(ge(u64, counts().stale, 1));
    cr_assert(gt(u64, counts().refused, 1));
    until_committed(0, 20); /* the mock takes no commit while the group changes */
    until_committed(1, 20);
    kafka_stream_close(&other);
    kafka_streams_close(&other_member);
    close_both(&stream);
}

/* ── leaving ────────────────────────────────────────────────────────────────────────────────── */

Test(kafka_consumer, leaves_at_once_while_the_brokers_are_away) {
    const char *const properties[] = {GROUP, NULL};
    struct kafka_stream stream = {.topics = {"a"}, .decide = kafka_stream_handle};
    topic_with("a", 1, 10);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 64);
    until_handled(&stream, 10);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));
    kafka_stream_close(&stream);

    const int64_t begin_ms = dk_clock_ms();
    kafka_consumer_free(member.consumer);
    const int64_t held_ms = dk_clock_ms() - begin_ms;
    kafka_farewells_wait();

    cr_assert(lt(i64, held_ms, KAFKA_FAREWELL_MS / 2), "the loop stands still meanwhile");
    cr_assert(lt(i64, dk_clock_ms() - begin_ms, 3 * KAFKA_FAREWELL_MS), "and it has an end");
}
