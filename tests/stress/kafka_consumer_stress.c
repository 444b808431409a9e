/*
 * Two members of one group, each on a loop and a thread of its own, while a third thread writes and
 * librdkafka's threads run beside them all: what they share has no race. One member comes and goes,
 * some messages are refused; at the end every record was handled, and in order by whoever had it.
 *
 * The brokers are librdkafka's mock cluster, in this process.
 */
#include "clients/kafka/kafka_consumer.h"
#include "clients/kafka/kafka_farewell.h"
#include "core/arena.h"
#include "core/loop.h"
#include "core/subscription.h"

#include <dk/log.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    RECORDS = 5000, /* of a partition */
    TOGETHER = PARTITIONS * RECORDS,
    WINDOW = 64,
    STAYS = 3, /* of the member that comes and goes */
    MINUTES_MAX = 4,
};

static char topic[] = "t";
static const char *brokers;
static atomic_uchar handled[TOGETHER]; /* by which record: how often */
static atomic_int handled_count;

static void fail(const char *what) {
    (void)fprintf(stderr, "kafka_consumer_stress: %s\n", what);
    exit(1);
}

/* ── a member ───────────────────────────────────────────────────────────────────────────────── */

struct message {
    char id[DK__MESSAGE_ID_BYTES];
    int partition, record;
};

struct member {
    struct dk__subscription subscription; /* first */
    struct dk_instance instance;
    struct dk_loop *loop;
    struct dk__pool pool;
    struct dk__arena arena;
    struct kafka_config config;
    struct kafka_settings settings;
    struct kafka_consumer *consumer;
    struct message out[WINDOW];
    int out_count;
    unsigned settled;
};

static struct kafka_consumer *consumer_of(struct dk_instance *instance) {
    return ((struct member *)(void *)((char *)instance - offsetof(struct member, instance)))
        ->consumer;
}

static void member_subscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    const struct dk_bytes name = dk_bytes_of(topic);
    kafka_consumer_subscribe(consumer_of(instance), subscription, &name, 1);
}

static void member_unsubscribe(struct dk_instance *instance, struct dk_subscription *subscription) {
    kafka_consumer_unsubscribe(consumer_of(instance), subscription);
}

static void member_settle(
    struct dk_instance *instance,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    (void)subscription;
    kafka_consumer_settle(consumer_of(instance), settlement);
}

static void member_on_credit(struct dk_instance *instance, struct dk_subscription *subscription) {
    kafka_consumer_on_credit(consumer_of(instance), subscription);
}

static const struct dk_source source = {
    .subscribe = member_subscribe,
    .unsubscribe = member_unsubscribe,
    .settle = member_settle,
    .on_credit = member_on_credit,
};

static bool can_send(const struct dk__subscription *subscription) {
    return ((const struct member *)(const void *)subscription)->out_count < WINDOW;
}

static int number_of(struct dk_bytes text) {
    int64_t number = -1;
    if (!dk_integer_parse(text, &number)) {
        fail("a number is none");
    }
    return (int)number;
}

static enum dk_error member_send(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    const struct dk_message *message,
    struct dk_fault *fault) {
    struct member *member = (struct member *)(void *)subscription;
    struct message *out = &member->out[member->out_count++];
    const struct dk_bytes partition =
        dk_pairs_find(message->metadata, (struct dk_bytes)DK_BYTES("__partition"));
    (void)fault;
    *out = (struct message){.partition = number_of(partition), .record = number_of(message->data)};
    memcpy(out->id, id.data, id.size);
    return DK_OK;
}

static const struct dk__subscription_ops ops = {.can_send = can_send, .send = member_send};

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void member_open(struct member *member) {
    static const char *const names[] = {
        "authType",
        "consumerGroup",
        "initialOffset",
        "sessionTimeout",
        "heartbeatInterval",
        "backOffDuration"};
    static const char *const values[] = {"none", "g", "oldest", "4s", "200ms", "2ms"};
    static struct dk_pair pairs[2][7];
    static atomic_int members;
    struct dk_pair *mine = pairs[atomic_fetch_add(&members, 1) % 2];
    struct dk_fault fault = {.error = DK_OK};

    for (size_t i = 0; i < 6; i++) {
        mine[i] = (struct dk_pair){dk_bytes_of(names[i]), dk_bytes_of(values[i])};
    }
    mine[6] = (struct dk_pair){DK_BYTES("brokers"), dk_bytes_of(brokers)};
    *member = (struct member){.arena = {.pool = &member->pool, .bytes_max = 1 << 20}};
    const struct dk_pairs properties = {mine, 7};
    if (dk__loop_new(&member->loop, &fault) != DK_OK ||
        dk_options_parse(
            kafka_pubsub_options, properties, &member->config, take, &member->arena, &fault) !=
            DK_OK ||
        kafka_settings_make(&member->config, properties, &member->settings, &fault) != DK_OK ||
        kafka_consumer_new(
            member->loop,
            "stress",
            &member->settings,
            properties,
            NULL,
            &member->consumer,
            &fault) != DK_OK) {
        fail(fault.text);
    }
    member->instance = (struct dk_instance){.loop = member->loop, .name = "stress"};
    member->subscription = (struct dk__subscription){
        .base = {.instance = &member->instance}, .source = &source, .ops = &ops};
    if (dk__subscription_open(&member->subscription, WINDOW) != DK_OK) {
        fail("no memory");
    }
}

static void member_close(struct member *member) {
    dk__subscription_close(&member->subscription);
    kafka_consumer_free(member->consumer);
    kafka_farewells_wait();
    dk__loop_free(member->loop);
    dk__arena_reset(&member->arena);
    dk__pool_clear(&member->pool);
}

/* Settles all that is out: every thirteenth is refused, which comes again. */
static void member_turn(struct member *member) {
    const int count = member->out_count;
    struct message out[WINDOW];
    memcpy(out, member->out, sizeof out);
    member->out_count = 0;
    for (int i = 0; i < count; i++) {
        const enum dk_outcome outcome = member->settled++ % 13 == 0 ? DK_REFUSED : DK_HANDLED;
        if (!dk__subscription_settle(
                &member->subscription, dk_bytes_of(out[i].id), outcome, (struct dk_bytes){0})) {
            fail("a message was settled twice");
        }
        const int place = out[i].partition * RECORDS + out[i].record;
        if (outcome == DK_HANDLED && atomic_fetch_add(&handled[place], 1) == 0) {
            atomic_fetch_add(&handled_count, 1);
            /* Whoever had the partition before has handled all before. */
            if (out[i].record > 0 && atomic_load(&handled[place - 1]) == 0) {
                fail("a record was passed over");
            }
        }
    }
    dk__subscription_writable(&member->subscription);
    if (dk__loop_turn(member->loop, count > 0 ? 0 : 5000) != DK_OK) {
        fail("a turn failed");
    }
}

static bool is_over(void) {
    return atomic_load(&handled_count) == TOGETHER;
}

static void *come_and_go(void *nothing) {
    static struct member member;
    for (int stay = 0; stay < STAYS && !is_over(); stay++) {
        member_open(&member);
        while (kafka_consumer_counts(member.consumer).handled < 300 && !is_over()) {
            member_turn(&member);
        }
        member_close(&member);
    }
    return nothing;
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

static void *write_all(void *context) {
    char reason[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "enable.idempotence", "true", reason, sizeof reason);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    for (int i = 0; i < TOGETHER; i++) {
        char value[16];
        const int size = snprintf(value, sizeof value, "%d", i / PARTITIONS);
        const rd_kafka_vu_t fields[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = i % PARTITIONS},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, (size_t)size}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK},
        };
        if (rd_kafka_produceva(producer, fields, sizeof fields / sizeof fields[0]) != NULL) {
            fail("a record was not written");
        }
        (void)rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail("records were not written in a minute");
    }
    rd_kafka_destroy(producer);
    return context;
}

int main(void) {
    static struct member member;
    char reason[256] = "";
    pthread_t writer, guest;
    dk_log_setup(DK_LOG_ERROR, DK_LOG_TEXT, "stress"); /* thousands of refusals are no news */
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), reason, sizeof reason);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    (void)rd_kafka_mock_topic_create(cluster, topic, PARTITIONS, 1);

    const int64_t end_ms = dk_clock_ms() + MINUTES_MAX * 60000LL;
    if (pthread_create(&writer, NULL, write_all, NULL) != 0 ||
        pthread_create(&guest, NULL, come_and_go, NULL) != 0) {
        fail("no thread");
    }
    member_open(&member);
    while (!is_over()) {
        member_turn(&member);
        if (dk_clock_ms() > end_ms) {
            (void)fprintf(stderr, "%d of %d\n", atomic_load(&handled_count), TOGETHER);
            fail("not all was handled in time");
        }
    }
    (void)pthread_join(writer, NULL);
    (void)pthread_join(guest, NULL);
    const struct kafka_consumer_counts counts = kafka_consumer_counts(member.consumer);
    member_close(&member);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    (void)printf(
        "%d records handled, %llu refused, %llu partitions revoked, %llu stale by the one who "
        "stayed\n",
        TOGETHER,
        (unsigned long long)counts.refused,
        (unsigned long long)counts.revoked,
        (unsigned long long)counts.stale);
    return counts.revoked > 0 && counts.refused > 0 ? 0 : 1;
}
