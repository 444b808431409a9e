/*
 * Two producers, each on a loop and a thread of its own, while a broker lies down and gets up and
 * librdkafka's threads run beside them. Each keeps more under way than inflightMax, asks whether the
 * brokers answer, names partitions that do not exist, and is now and then freed with all of that
 * under way. At the end every send has had one outcome, and what was confirmed is there.
 *
 * The brokers are librdkafka's mock cluster, in this process.
 */
#include "clients/kafka/kafka_producer.h"
#include "core/arena.h"
#include "core/loop.h"

#include <dk/log.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITERS = 2,
    LIVES = 4,    /* of a producer */
    SENDS = 4000, /* in a life */
    INFLIGHT_MAX = 100,
    TOGETHER_MAX = 180, /* some on their way, some waiting */
    ASK_EVERY = 500,
    ODD_EVERY = 300,
    DOWN_MS = 30,
    UP_MS = 60,
    MINUTES_MAX = 4,
};

static char topic[] = "t";
static const char *brokers;
static rd_kafka_mock_cluster_t *cluster;
static atomic_int writers_left = WRITERS;
static atomic_llong confirmed, refused, odd, answers;

static void fail(const char *what) {
    (void)fprintf(stderr, "kafka_producer_stress: %s\n", what);
    exit(1);
}

struct writer;

struct sending {
    struct kafka_send send; /* first */
    struct kafka_record record;
    struct writer *writer;
    bool is_odd;
};

struct writer {
    struct dk_loop *loop;
    struct dk__pool pool;
    struct dk__arena arena;
    struct kafka_config config;
    struct kafka_settings settings;
    struct dk_pair properties[5];
    struct kafka_producer *producer;
    int begun, under_way;
};

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void writer_open(struct writer *writer) {
    const struct dk_pair properties[] = {
        {DK_BYTES("brokers"), dk_bytes_of(brokers)},
        {DK_BYTES("authType"), DK_BYTES("none")},
        {DK_BYTES("inflightMax"), DK_BYTES("100")},
        {DK_BYTES("publishTimeout"), DK_BYTES("20s")},
        {DK_BYTES("producerRetryMax"), DK_BYTES("1000000")},
    };
    struct dk_fault fault = {.error = DK_OK};
    *writer = (struct writer){.arena = {.pool = &writer->pool, .bytes_max = 1 << 20}};
    memcpy(writer->properties, properties, sizeof properties);
    const struct dk_pairs pairs = {writer->properties, 5};
    if (dk__loop_new(&writer->loop, &fault) != DK_OK ||
        dk_options_parse(
            kafka_pubsub_options, pairs, &writer->config, take, &writer->arena, &fault) != DK_OK ||
        kafka_settings_make(&writer->config, pairs, &writer->settings, &fault) != DK_OK ||
        kafka_producer_new(writer->loop, &writer->settings, pairs, &writer->producer, &fault) !=
            DK_OK) {
        fail(fault.text);
    }
}

static void writer_close(struct writer *writer) {
    kafka_producer_free(writer->producer);
    if (writer->under_way != 0) {
        fail("a send had no outcome when its producer was freed");
    }
    dk__loop_free(writer->loop);
    dk__arena_reset(&writer->arena);
    dk__pool_clear(&writer->pool);
}

static void on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    struct sending *sending = (struct sending *)(void *)send;
    sending->writer->under_way--;
    if (sending->is_odd) {
        if (fault->error == DK_OK) {
            fail("a partition that does not exist was written to");
        }
        atomic_fetch_add(&odd, 1);
    } else {
        atomic_fetch_add(fault->error == DK_OK ? &confirmed : &refused, 1);
    }
    free(sending);
}

static void on_answer(void *context, const struct dk_fault *fault) {
    (void)context;
    (void)fault; /* a broker that lies down says no */
    atomic_fetch_add(&answers, 1);
}

static void writer_begin(struct writer *writer) {
    struct sending *sending = calloc(1, sizeof *sending);
    if (sending == NULL) {
        fail("no memory");
    }
    sending->writer = writer;
    sending->is_odd = writer->begun % ODD_EVERY == ODD_EVERY - 1;
    sending->record = (struct kafka_record){
        .topic = dk_bytes_of(topic),
        .value = DK_BYTES("0123456789"),
        .partition = sending->is_odd ? 77 : KAFKA_PARTITION_ANY,
    };
    sending->send = (struct kafka_send){.on_sent = on_sent, .deadline_us = INT64_MAX};
    if (writer->begun % ASK_EVERY == 0) {
        (void)kafka_producer_ask(writer->producer, 2000, on_answer, NULL, NULL);
    }
    writer->begun++;
    writer->under_way++;
    kafka_producer_send(writer->producer, &sending->record, &sending->send);
}

/* Every second life ends with much under way. */
static void *write_all(void *nothing) {
    struct writer writer;
    for (int life = 0; life < LIVES; life++) {
        const bool is_cut_short = life % 2 == 1;
        writer_open(&writer);
        while (writer.begun < SENDS || (writer.under_way > 0 && !is_cut_short)) {
            while (writer.begun < SENDS && writer.under_way < TOGETHER_MAX) {
                writer_begin(&writer);
            }
            if (dk__loop_turn(writer.loop, 5000) != DK_OK) {
                fail("a turn failed");
            }
        }
        writer_close(&writer);
    }
    atomic_fetch_sub(&writers_left, 1);
    return nothing;
}

/* Pauses by waiting for events of its own that never come. */
static void pause_ms(rd_kafka_t *host, int ms) {
    (void)rd_kafka_poll(host, ms);
}

static long long written(void) {
    char reason[256] = "";
    long long sum = 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof reason);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    for (int i = 0; i < 4; i++) {
        int64_t low = 0, high = 0;
        if (rd_kafka_query_watermark_offsets(reader, topic, i, &low, &high, 20000) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail("the brokers do not say how much there is");
        }
        sum += high;
    }
    rd_kafka_destroy(reader);
    return sum;
}

int main(void) {
    char reason[256] = "";
    pthread_t writers[WRITERS];
    dk_log_setup(DK_LOG_ERROR, DK_LOG_TEXT, "stress");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof reason);
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    (void)rd_kafka_mock_topic_create(cluster, topic, 4, 1);

    const int64_t end_ms = dk_clock_ms() + MINUTES_MAX * 60000LL;
    for (int i = 0; i < WRITERS; i++) {
        if (pthread_create(&writers[i], NULL, write_all, NULL) != 0) {
            fail("no thread");
        }
    }
    while (atomic_load(&writers_left) > 0) {
        pause_ms(host, UP_MS);
        (void)rd_kafka_mock_broker_set_down(cluster, 1);
        pause_ms(host, DOWN_MS);
        (void)rd_kafka_mock_broker_set_up(cluster, 1);
        pause_ms(host, UP_MS * 20);
        if (dk_clock_ms() > end_ms) {
            fail("not all was answered in time");
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        (void)pthread_join(writers[i], NULL);
    }
    const long long there = written();
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    (void)printf(
        "%lld confirmed, %lld there, %lld refused, %lld to no partition, %lld answers\n",
        atomic_load(&confirmed),
        there,
        atomic_load(&refused),
        atomic_load(&odd),
        atomic_load(&answers));
    if (confirmed + refused + odd != (long long)WRITERS * LIVES * SENDS) {
        fail("outcomes and sends are not as many");
    }
    return there >= confirmed && confirmed > 0 && odd > 0 ? 0 : 1;
}
