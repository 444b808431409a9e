/* librdkafka's statistics as series: of JSON as it writes it, and of a member of a group that lives. */
#include "clients/kafka/kafka_metrics.h"

#include "support/kafka_mock.h"
#include "support/kafka_streams.h"
#include "support/metric_number.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kafka_client_metrics client;

static void begin(void) {
    dk__metrics_want(true);
    dk_metrics_add(kafka_metrics);
}

TestSuite(kafka_metrics, .init = begin);

#define NUMBER(name, ...) \
    metric_number(kafka_metrics, name, (const char *const[]){__VA_ARGS__, NULL})

#define BROKER(name, id, source, state, disconnects)                                \
    "\"" name "\":{\"nodeid\":" #id ",\"source\":\"" source "\",\"state\":\"" state \
    "\",\"disconnects\":" #disconnects "}"

static void read_text(const char *json) {
    kafka_metrics_read(&client, dk_bytes_of(json));
}

/* ── brokers and queues ─────────────────────────────────────────────────────────────────────── */

Test(kafka_metrics, show_the_queue_and_the_brokers_by_state) {
    kafka_metrics_begin(&client, "orders", "producer", NULL);

    read_text("{\"msg_cnt\":12,\"msg_size\":3456,\"brokers\":{" BROKER("a:9092/1", 1, "learned", "UP", 2) "," BROKER("b:9092/2", 2, "learned", "DOWN", 1) "," BROKER(
        "c:9092/3",
        3,
        "learned",
        "CONNECT",
        0) "," BROKER("a:9092/bootstrap", -1, "configured", "INIT", 0) "," BROKER("GroupCoordinator", -1, "logical", "UP", 0) "," BROKER(":0/internal", -1, "internal", "UP", 0) "}}");

    cr_assert(eq(i64, NUMBER("dk_backend_inflight", "orders", "kafka", "producer"), 12));
    cr_assert(eq(i64, NUMBER("dk_backend_queue_bytes", "orders", "kafka", "producer"), 3456));
    cr_assert(eq(i64, NUMBER("dk_backend_connections", "orders", "kafka", "producer"), 1));
    cr_assert(eq(i64, NUMBER("dk_backend_connected", "orders", "kafka", "producer"), 1));
    cr_assert(eq(i64, NUMBER("dk_kafka_brokers", "orders", "producer", "up"), 1));
    cr_assert(eq(i64, NUMBER("dk_kafka_brokers", "orders", "producer", "down"), 1));
    cr_assert(eq(i64, NUMBER("dk_kafka_brokers", "orders", "producer", "other"), 1));
    cr_assert(eq(i64, NUMBER("dk_backend_reconnects_total", "orders", "kafka", "producer"), 3));
}

Test(kafka_metrics, know_an_outage_before_any_broker_was_met) {
    kafka_metrics_begin(&client, "orders", "producer", NULL);

    read_text("{\"brokers\":{" BROKER("a:9092/bootstrap", -1, "configured", "DOWN", 4) "}}");

    cr_assert(eq(i64, NUMBER("dk_backend_connected", "orders", "kafka", "producer"), 0));
    cr_assert(eq(i64, NUMBER("dk_kafka_brokers", "orders", "producer", "down"), 1));
}

Test(kafka_metrics, count_each_loss_once) {
    kafka_metrics_begin(&client, "orders", "producer", NULL);

    read_text("{\"brokers\":{" BROKER("a", 1, "learned", "UP", 2) "}}");
    read_text("{\"brokers\":{" BROKER("a", 1, "learned", "UP", 2) "}}");
    read_text("{\"brokers\":{" BROKER("a", 1, "learned", "UP", 5) "}}");

    cr_assert(eq(i64, NUMBER("dk_backend_reconnects_total", "orders", "kafka", "producer"), 5));
}

Test(kafka_metrics, count_errors_by_name) {
    kafka_metrics_begin(&client, "orders", "producer", NULL);

    kafka_metrics_failed(&client, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    kafka_metrics_failed(&client, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);

    cr_assert(
        eq(i64,
           NUMBER("dk_backend_errors_total", "orders", "kafka", "producer", "_ALL_BROKERS_DOWN"),
           2));
}

/* ── lags ───────────────────────────────────────────────────────────────────────────────────── */

#define PARTITION(number, state, lag)                                     \
    "\"" #number "\":{\"partition\":" #number ",\"fetch_state\":\"" state \
    "\",\"consumer_lag\":" #lag "}"

Test(kafka_metrics, show_the_lag_of_partitions_that_are_ours) {
    kafka_metrics_begin(&client, "orders", "consumer", "g");

    read_text("{\"topics\":{\"t\":{\"partitions\":{" PARTITION(0, "active", 7) "," PARTITION(
        1, "none", 9) "," PARTITION(2, "active", -1) "," PARTITION(-1, "none", -1) "}}}}");

    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "0", "g"), 7));
    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "1", "g"), -1));
    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "2", "g"), -1));
    cr_assert(eq(sz, client.lag_count, 1));
    kafka_metrics_end(&client);
}

Test(kafka_metrics, forget_a_partition_that_another_has_now) {
    kafka_metrics_begin(&client, "orders", "consumer", "g");
    read_text("{\"topics\":{\"t\":{\"partitions\":{" PARTITION(0, "active", 7) "," PARTITION(
        1, "active", 9) "}}}}");

    read_text("{\"topics\":{\"t\":{\"partitions\":{" PARTITION(1, "active", 3) "}}}}");

    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "0", "g"), -1));
    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "1", "g"), 3));
    kafka_metrics_end(&client);
    cr_assert(eq(i64, NUMBER("dk_kafka_consumer_lag", "orders", "t", "1", "g"), -1));
}

Test(kafka_metrics, hold_no_more_partitions_than_their_bound) {
    enum { PARTITIONS = KAFKA_LAGS_MAX + 10, BYTES = PARTITIONS * 96 };
    char *json = malloc(BYTES);
    int used = snprintf(json, BYTES, "{\"topics\":{\"t\":{\"partitions\":{");
    for (int i = 0; i < PARTITIONS; i++) {
        used += snprintf(
            json + used,
            (size_t)(BYTES - used),
            "%s\"%d\":{\"partition\":%d,\"fetch_state\":\"active\",\"consumer_lag\":1}",
            i == 0 ? "" : ",",
            i,
            i);
    }
    (void)snprintf(json + used, (size_t)(BYTES - used), "}}}}");
    kafka_metrics_begin(&client, "orders", "consumer", "g");

    read_text(json);
    read_text(json);

    cr_assert(eq(sz, client.lag_count, KAFKA_LAGS_MAX));
    kafka_metrics_end(&client);
    cr_assert(eq(sz, client.lag_count, 0));
    free(json);
}

/* ── what is no statistics, and nobody who asks ─────────────────────────────────────────────── */

Test(kafka_metrics, pass_over_what_is_no_statistics) {
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"brokers\":7,\"topics\":[1],\"msg_cnt\":\"x\"}",
        "{\"topics\":{\"t\":{\"partitions\":{\"0\":[]}}},\"brokers\":{\"a\":null}}"};
    kafka_metrics_begin(&client, "orders", "consumer", "g");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        read_text(texts[i]);
    }

    cr_assert(eq(i64, NUMBER("dk_backend_connected", "orders", "kafka", "consumer"), 0));
    kafka_metrics_end(&client);
}

Test(kafka_metrics, cost_nothing_where_nobody_shows_them) {
    dk__metrics_want(false);
    kafka_metrics_begin(&client, "orders", "producer", NULL);

    read_text("{\"msg_cnt\":12,\"brokers\":{" BROKER("a", 1, "learned", "UP", 2) "}}");
    kafka_metrics_failed(&client, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    kafka_metrics_end(&client);

    cr_assert(eq(i64, NUMBER("dk_backend_inflight", "orders", "kafka", "producer"), -1));
}

/* ── a live member ──────────────────────────────────────────────────────────────────────────── */

static bool is_one_of_the_first_five(
    struct kafka_stream *stream,
    const struct kafka_stream_message *message,
    enum dk_outcome *ret_outcome) {
    (void)stream;
    *ret_outcome = DK_HANDLED;
    return message->offset < 5;
}

static bool has_lag_and_connection(void *context) {
    const struct kafka_streams *member = context;
    const char *const component = member->instance.name;
    return NUMBER("dk_backend_connected", component, "kafka", "consumer") == 1 &&
           NUMBER("dk_kafka_consumer_lag", component, "t", "0", "g") == 15;
}

Test(kafka_metrics, of_a_member_come_from_librdkafka_itself, .timeout = 60) {
    static const char *const properties[] = {
        "consumerGroup",
        "g",
        "initialOffset",
        "oldest",
        "sessionTimeout",
        "4s",
        "librdkafka.statistics.interval.ms",
        "200",
        NULL};
    struct kafka_mock mock;
    struct kafka_streams member = {0};
    struct kafka_stream stream = {.topics = {"t"}, .decide = is_one_of_the_first_five};
    struct kafka_stream *const streams[] = {&stream, NULL};
    struct dk_loop *loop = NULL;
    kafka_mock_start(&mock, 1);
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    kafka_mock_create(&mock, "t", 1);
    kafka_streams_produce(mock.brokers, "t", 0, 0, 20);
    kafka_streams_open(&member, loop, mock.brokers, NULL, properties);
    kafka_stream_open(&stream, &member, 8);

    kafka_streams_until(streams, has_lag_and_connection, &member);

    cr_assert(
        eq(i64, NUMBER("dk_kafka_rebalances_total", member.instance.name, "g", "assigned"), 1));
    kafka_stream_close(&stream);
    kafka_streams_close(&member);
    dk__loop_free(loop);
    kafka_mock_stop(&mock);
    kafka_reader_end();
}
