/*
 * librdkafka's statistics as series, on the loop's thread.
 */
#include "clients/kafka/kafka_metrics.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BROKER_STATES = 3, TOPIC_BYTES = 250 }; /* Kafka's longest name is 249 */

/* clang-format off */
/* Rows, and before ROW_BROKERS gauges of a client too. */
enum {
    ROW_CONNECTIONS, ROW_CONNECTED, ROW_INFLIGHT, ROW_QUEUE_BYTES, ROW_BROKERS,
    ROW_RECONNECTS, ROW_ERRORS, ROW_LAG, ROW_REBALANCES,
};
/* A client's gauges: those rows, and three of ROW_BROKERS. */
enum { BROKERS_UP = ROW_BROKERS };
_Static_assert((int)KAFKA_GAUGES == BROKERS_UP + BROKER_STATES, "one gauge for each");

struct dk_metric kafka_metrics[] = {
    [ROW_CONNECTIONS] =
    {"dk_backend_connections", DK_METRIC_GAUGE, "Connections to the backend's server: brokers that are up.",
     {"component", "backend", "link"}},
    [ROW_CONNECTED] =
    {"dk_backend_connected", DK_METRIC_GAUGE, "Clients of this name that can ask the backend: 0 during an outage.",
     {"component", "backend", "link"}},
    [ROW_INFLIGHT] =
    {"dk_backend_inflight", DK_METRIC_GAUGE, "Messages handed to librdkafka that no broker has confirmed yet.",
     {"component", "backend", "link"}},
    [ROW_QUEUE_BYTES] =
    {"dk_backend_queue_bytes", DK_METRIC_GAUGE, "Bytes of those messages.",
     {"component", "backend", "link"}},
    [ROW_BROKERS] =
    {"dk_kafka_brokers", DK_METRIC_GAUGE, "Brokers that the client knows, by state: up, down, other (connecting, logging in).",
     {"component", "link", "state"}},
    [ROW_RECONNECTS] =
    {"dk_backend_reconnects_total", DK_METRIC_COUNTER, "Connections that were lost and are made anew when needed.",
     {"component", "backend", "link"}},
    [ROW_ERRORS] =
    {"dk_backend_errors_total", DK_METRIC_COUNTER, "Errors that librdkafka told of, by its name for them.",
     {"component", "backend", "link", "reason"}},
    [ROW_LAG] =
    {"dk_kafka_consumer_lag", DK_METRIC_GAUGE, "Messages of a partition of ours that the group has not committed.",
     {"component", "topic", "partition", "group"}, .series_max = KAFKA_LAGS_MAX},
    [ROW_REBALANCES] =
    {"dk_kafka_rebalances_total", DK_METRIC_COUNTER, "Times that partitions were assigned to us or revoked.",
     {"component", "group", "event"}},
    {0}};
/* clang-format on */

static const char backend[] = "kafka";
static const char *const broker_states[BROKER_STATES] = {"up", "down", "other"};

/* ── lags ───────────────────────────────────────────────────────────────────────────────────── */

struct kafka_lag {
    struct kafka_gauge gauge;
    bool is_seen; /* in the statistics that are being read */
    int32_t partition;
    char topic[TOPIC_BYTES];
    struct kafka_lag *next;
};

static int64_t gauge_read(const struct dk_metric_reader *base) {
    return ((const struct kafka_gauge *)(const void *)base)->number;
}

static struct kafka_lag *lag_find(
    struct kafka_client_metrics *metrics, const char *topic, int32_t partition) {
    for (struct kafka_lag *lag = metrics->lags; lag != NULL; lag = lag->next) {
        if (lag->partition == partition && strcmp(lag->topic, topic) == 0) {
            return lag;
        }
    }
    return NULL;
}

/* NULL: beyond the bound, or no memory. */
static struct kafka_lag *lag_new(
    struct kafka_client_metrics *metrics, const char *topic, int32_t partition) {
    char number[16];
    struct kafka_lag *lag = metrics->lag_count == KAFKA_LAGS_MAX ? NULL : calloc(1, sizeof *lag);
    if (lag == NULL) {
        return NULL;
    }
    (void)snprintf(lag->topic, sizeof lag->topic, "%s", topic);
    (void)snprintf(number, sizeof number, "%d", partition);
    lag->partition = partition;
    lag->gauge.base.read = gauge_read;
    lag->next = metrics->lags;
    metrics->lags = lag;
    metrics->lag_count++;
    const char *const values[] = {metrics->component, lag->topic, number, metrics->group};
    dk_metric_read_begin(&kafka_metrics[ROW_LAG], values, &lag->gauge.base);
    return lag;
}

static void lags_sweep(struct kafka_client_metrics *metrics) {
    struct kafka_lag **at = &metrics->lags;
    while (*at != NULL) {
        struct kafka_lag *lag = *at;
        if (lag->is_seen) {
            lag->is_seen = false;
            at = &lag->next;
            continue;
        }
        *at = lag->next;
        metrics->lag_count--;
        dk_metric_read_end(&lag->gauge.base);
        free(lag);
    }
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

static int64_t integer_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* Those that are no broker (the group's coordinator, librdkafka's own) are not counted, nor are the
 * addresses of the setting once the brokers behind them are known. */
static void brokers_read(struct kafka_client_metrics *metrics, json_t *root) {
    json_t *brokers = json_object_get(root, "brokers"), *broker = NULL;
    const char *name = NULL;
    int64_t counts[2][BROKER_STATES] = {{0}};
    int64_t disconnects = 0;
    json_object_foreach(brokers, name, broker) {
        const char *const source = text_of(broker, "source"), *const state =
                                                                  text_of(broker, "state");
        const bool is_known = integer_of(broker, "nodeid") >= 0;
        disconnects += integer_of(broker, "disconnects");
        if (strcmp(source, "configured") == 0 || strcmp(source, "learned") == 0) {
            const int at = strcmp(state, "UP") == 0 ? 0 : strcmp(state, "DOWN") == 0 ? 1 : 2;
            counts[is_known ? 1 : 0][at]++;
        }
    }
    const int64_t *const known = counts[1];
    const int64_t *const shown = known[0] + known[1] + known[2] > 0 ? known : counts[0];
    for (size_t i = 0; i < BROKER_STATES; i++) {
        metrics->gauges[BROKERS_UP + i].number = shown[i];
    }
    metrics->gauges[ROW_CONNECTIONS].number = counts[0][0] + counts[1][0];
    metrics->gauges[ROW_CONNECTED].number = counts[0][0] + counts[1][0] > 0 ? 1 : 0;
    if (disconnects > metrics->disconnects) {
        const char *const values[] = {metrics->component, backend, metrics->link};
        dk_series_add(
            dk_metric_series(&kafka_metrics[ROW_RECONNECTS], values),
            disconnects - metrics->disconnects);
    }
    metrics->disconnects = disconnects;
}

/* The partitions that this client fetches; its lag is −1 where librdkafka does not know it. */
static void lags_read(struct kafka_client_metrics *metrics, json_t *root) {
    json_t *topics = json_object_get(root, "topics"), *topic = NULL, *partition = NULL;
    const char *name = NULL, *number = NULL;
    json_object_foreach(topics, name, topic) {
        json_object_foreach(json_object_get(topic, "partitions"), number, partition) {
            const int64_t behind = integer_of(partition, "consumer_lag");
            const int32_t which = (int32_t)integer_of(partition, "partition");
            if (which < 0 || behind < 0 || strcmp(text_of(partition, "fetch_state"), "none") == 0) {
                continue;
            }
            struct kafka_lag *lag = lag_find(metrics, name, which);
            lag = lag == NULL ? lag_new(metrics, name, which) : lag;
            if (lag != NULL) {
                lag->is_seen = true;
                lag->gauge.number = behind;
            }
        }
    }
    lags_sweep(metrics);
}

void kafka_metrics_read(struct kafka_client_metrics *metrics, struct dk_bytes json) {
    json_t *root = metrics->is_begun ? json_loadb(json.data, json.size, 0, NULL) : NULL;
    if (json_is_object(root)) {
        metrics->gauges[ROW_INFLIGHT].number = integer_of(root, "msg_cnt");
        metrics->gauges[ROW_QUEUE_BYTES].number = integer_of(root, "msg_size");
        brokers_read(metrics, root);
        if (metrics->group != NULL) {
            lags_read(metrics, root);
        }
    }
    json_decref(root);
}

void kafka_metrics_take(struct kafka_client_metrics *metrics, rd_kafka_event_t *event) {
    const char *const text = rd_kafka_event_stats(event);
    if (text != NULL) {
        kafka_metrics_read(metrics, dk_bytes_of(text));
    }
}

/* ── events ─────────────────────────────────────────────────────────────────────────────────── */

void kafka_metrics_failed(struct kafka_client_metrics *metrics, rd_kafka_resp_err_t code) {
    if (metrics->is_begun) {
        const char *const values[] = {
            metrics->component, backend, metrics->link, rd_kafka_err2name(code)};
        dk_series_add(dk_metric_series(&kafka_metrics[ROW_ERRORS], values), 1);
    }
}

void kafka_metrics_rebalanced(struct kafka_client_metrics *metrics, bool is_gain) {
    if (metrics->is_begun) {
        const char *const values[] = {
            metrics->component, metrics->group, is_gain ? "assigned" : "revoked"};
        dk_series_add(dk_metric_series(&kafka_metrics[ROW_REBALANCES], values), 1);
    }
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

void kafka_metrics_begin(
    struct kafka_client_metrics *metrics,
    const char *component,
    const char *link,
    const char *group) {
    if (!dk_metrics_are_wanted()) {
        return;
    }
    *metrics = (struct kafka_client_metrics){
        .component = component, .link = link, .group = group, .is_begun = true};
    for (size_t i = 0; i < KAFKA_GAUGES; i++) {
        struct kafka_gauge *gauge = &metrics->gauges[i];
        const bool is_broker = i >= BROKERS_UP;
        const char *const plain[] = {component, backend, link};
        const char *const brokers[] = {
            component, link, is_broker ? broker_states[i - BROKERS_UP] : ""};
        gauge->base.read = gauge_read;
        dk_metric_read_begin(
            &kafka_metrics[is_broker ? ROW_BROKERS : i], is_broker ? brokers : plain, &gauge->base);
    }
}

void kafka_metrics_end(struct kafka_client_metrics *metrics) {
    for (size_t i = 0; i < KAFKA_GAUGES; i++) {
        dk_metric_read_end(&metrics->gauges[i].base);
    }
    lags_sweep(metrics); /* none of them is marked as seen between two readings */
    metrics->is_begun = false;
}
