#include "support/kafka_streams.h"

#include "clients/kafka/kafka_farewell.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_TOPICS_MAX = 4, REASON_BYTES_MAX = 512 };

static struct kafka_consumer *consumer_of(struct dk_instance *instance) {
    return ((struct kafka_streams
                 *)(void *)((char *)instance - offsetof(struct kafka_streams, instance)))
        ->consumer;
}

static void source_subscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    const struct kafka_stream *stream = (struct kafka_stream *)(void *)subscription;
    struct dk_bytes topics[STREAM_TOPICS_MAX];
    size_t count = 0;
    for (; count < STREAM_TOPICS_MAX && stream->topics[count] != NULL; count++) {
        topics[count] = dk_bytes_of(stream->topics[count]);
    }
    kafka_consumer_subscribe(consumer_of(instance), subscription, topics, count);
}

static void source_unsubscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    kafka_consumer_unsubscribe(consumer_of(instance), subscription);
}

static void source_settle(
    struct dk_instance *instance,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    (void)subscription;
    kafka_consumer_settle(consumer_of(instance), settlement);
}

static void source_on_credit(struct dk_instance *instance, struct dk_subscription *subscription) {
    kafka_consumer_on_credit(consumer_of(instance), subscription);
}

static const struct dk_source source = {
    .subscribe = source_subscribe,
    .unsubscribe = source_unsubscribe,
    .settle = source_settle,
    .on_credit = source_on_credit,
};

/* ── the carrier ────────────────────────────────────────────────────────────────────────────── */

static bool can_send(const struct dk__subscription *subscription) {
    return !((const struct kafka_stream *)(const void *)subscription)->is_full;
}

static void copy(char *to, size_t room, struct dk_bytes bytes) {
    (void)snprintf(to, room, "%.*s", (int)bytes.size, bytes.data == NULL ? "" : bytes.data);
}

static long long number_of(struct dk_pairs pairs, const char *key) {
    const struct dk_bytes text = dk_pairs_find(pairs, dk_bytes_of(key));
    int64_t number = -1;
    cr_assert(dk_integer_parse(text, &number), "%s is no number", key);
    return number;
}

static enum dk_error stream_send(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    struct kafka_stream *stream = (struct kafka_stream *)(void *)subscription;
    if (stream->bytes_max != 0 && (long long)message->data.size > stream->bytes_max) {
        return dk_fault_set(fault, DK_INVALID, "message: is too large");
    }
    cr_assert(lt(sz, stream->count, KAFKA_STREAM_MESSAGES_MAX));
    struct kafka_stream_message *kept = &stream->messages[stream->count++];
    *kept = (struct kafka_stream_message){
        .partition = (int)number_of(message->metadata, "__partition"),
        .offset = number_of(message->metadata, "__offset"),
    };
    copy(kept->id, sizeof kept->id, id);
    copy(kept->value, sizeof kept->value, message->data);
    copy(
        kept->topic,
        sizeof kept->topic,
        dk_pairs_find(message->metadata, (struct dk_bytes)DK_BYTES("__topic")));
    return DK_OK;
}

static const struct dk__subscription_ops ops = {.can_send = can_send, .send = stream_send};

/* ── members and streams ────────────────────────────────────────────────────────────────────── */

void kafka_streams_open(
    struct kafka_streams *member,
    struct dk_loop *loop,
    const char *brokers,
    const struct kafka_grave *grave,
    const char *const *properties) {
    const char *all[2 * KAFKA_READER_PAIRS_MAX] = {"brokers", brokers, "authType", "none"};
    struct dk_fault fault = {.error = DK_OK};
    for (size_t i = 0; properties[i] != NULL; i++) {
        all[4 + i] = properties[i];
    }
    member->loop = loop;
    member->instance = (struct dk_instance){.loop = loop, .name = "test"};
    cr_assert(
        eq(int, kafka_reader_read(&member->reader, kafka_pubsub_options, all), DK_OK),
        "%s",
        member->reader.fault.text);
    cr_assert(
        eq(int,
           kafka_consumer_new(
               loop,
               "test",
               &member->reader.settings,
               member->reader.properties,
               grave,
               &member->consumer,
               &fault),
           DK_OK),
        "%s",
        fault.text);
}

void kafka_streams_close(struct kafka_streams *member) {
    kafka_consumer_free(member->consumer);
    member->consumer = NULL;
    kafka_farewells_wait(); /* what tests look at next is what was committed */
}

void kafka_stream_open_on(
    struct kafka_stream *stream,
    struct dk_instance *instance,
    const struct dk_source *room,
    uint32_t window) {
    stream->loop = instance->loop;
    stream->messages = calloc(KAFKA_STREAM_MESSAGES_MAX, sizeof *stream->messages);
    cr_assert(ne(ptr, stream->messages, NULL));
    stream->subscription = (struct dk__subscription){
        .base = {.instance = instance, .topic = dk_bytes_of(stream->topics[0])},
        .source = room,
        .ops = &ops,
    };
    cr_assert(eq(int, dk__subscription_open(&stream->subscription, window), DK_OK));
}

void kafka_stream_open(struct kafka_stream *stream, struct kafka_streams *member, uint32_t window) {
    stream->member = member;
    kafka_stream_open_on(stream, &member->instance, &source, window);
}

void kafka_stream_close(struct kafka_stream *stream) {
    dk__subscription_close(&stream->subscription);
    free(stream->messages);
    stream->messages = NULL;
}

void kafka_stream_settle(
    struct kafka_stream *stream,
    struct kafka_stream_message *message,
    enum dk_outcome outcome,
    const char *words) {
    message->is_settled = true;
    cr_assert(dk__subscription_settle(
        &stream->subscription, dk_bytes_of(message->id), outcome, dk_bytes_of(words)));
}

/* Whether anything was settled. */
static bool decide(struct kafka_stream *stream) {
    bool is_settled = false;
    for (size_t i = stream->settled_below; i < stream->count && stream->decide != NULL; i++) {
        struct kafka_stream_message *message = &stream->messages[i];
        enum dk_outcome outcome = DK_HANDLED;
        if (!message->is_settled && stream->decide(stream, message, &outcome)) {
            kafka_stream_settle(stream, message, outcome, outcome == DK_REFUSED ? "no" : "");
            is_settled = true;
        }
        if (message->is_settled && i == stream->settled_below) {
            stream->settled_below++;
        }
    }
    return is_settled;
}

void kafka_streams_until(
    struct kafka_stream *const *streams, bool (*is_so)(void *context), void *context) {
    const int64_t end_ms = dk_clock_ms() + KAFKA_STREAMS_WAIT_MS;
    while (!is_so(context)) {
        cr_assert(lt(i64, dk_clock_ms(), end_ms), "nothing came in %d ms", KAFKA_STREAMS_WAIT_MS);
        bool is_settled = false;
        for (size_t i = 0; streams[i] != NULL; i++) {
            is_settled = decide(streams[i]) || is_settled;
        }
        const int64_t wait_us = is_settled ? 0 : 10000;
        cr_assert(eq(int, dk__loop_turn(streams[0]->loop, wait_us), DK_OK));
    }
}

struct goal {
    const struct kafka_stream *stream;
    size_t count;
};

static bool is_reached(void *context) {
    const struct goal *goal = context;
    return goal->stream->count >= goal->count;
}

void kafka_stream_until(struct kafka_stream *stream, size_t count) {
    struct kafka_stream *const streams[] = {stream, NULL};
    struct goal goal = {stream, count};
    kafka_streams_until(streams, is_reached, &goal);
}

bool kafka_stream_handle(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    (void)stream, (void)message;
    *ret_outcome = DK_HANDLED;
    return true;
}

/* ── the other side of the brokers ──────────────────────────────────────────────────────────── */

static rd_kafka_t *client_new(rd_kafka_type_t type, const char *brokers, const char *group) {
    char reason[REASON_BYTES_MAX] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof reason);
    if (group != NULL) {
        (void)rd_kafka_conf_set(conf, "group.id", group, reason, sizeof reason);
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);
    cr_assert(ne(ptr, client, NULL), "%s", reason);
    return client;
}

void kafka_streams_produce(
    const char *brokers, const char *topic, int partition, int first, int count) {
    rd_kafka_t *producer = client_new(RD_KAFKA_PRODUCER, brokers, NULL);
    for (int i = first; i < first + count; i++) {
        char value[16];
        const int size = snprintf(value, sizeof value, "%d", i);
        cr_assert(
            eq(int,
               rd_kafka_producev(
                   producer,
                   RD_KAFKA_V_TOPIC(topic),
                   RD_KAFKA_V_PARTITION(partition),
                   RD_KAFKA_V_VALUE(value, (size_t)size),
                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                   RD_KAFKA_V_END),
               RD_KAFKA_RESP_ERR_NO_ERROR));
    }
    cr_assert(eq(int, rd_kafka_flush(producer, KAFKA_STREAMS_WAIT_MS), 0));
    rd_kafka_destroy(producer);
}

long long kafka_streams_committed(
    const char *brokers, const char *group, const char *topic, int partition) {
    rd_kafka_t *client = client_new(RD_KAFKA_CONSUMER, brokers, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, partition);
    cr_assert(eq(
        int, rd_kafka_committed(client, list, KAFKA_STREAMS_WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR));
    const long long offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
    return offset;
}
