#ifndef CLIENTS_KAFKA_METRICS_H
#define CLIENTS_KAFKA_METRICS_H

#include <dk/bytes.h>
#include <dk/metric.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What librdkafka says of itself each KAFKA_STATISTICS_MS, as series of /metrics:
 *
 *     librdkafka's thread ─ statistics, JSON ─▶ the client's queue ─▶ loop: kafka_metrics_take ─▶ gauges
 *
 * Thread: the loop's. Bound: KAFKA_LAGS_MAX partitions of one consumer; the families' own bounds.
 */
enum { KAFKA_STATISTICS_MS = 5000, KAFKA_LAGS_MAX = 1024 };

/* For dk_backend.metrics. */
extern struct dk_metric kafka_metrics[];

/* A number as it was when librdkafka last told. */
struct kafka_gauge {
    struct dk_metric_reader base; /* first */
    int64_t number;
};

enum { KAFKA_GAUGES = 7 };

struct kafka_lag;

/* The series of one client of librdkafka; a member of its owner's structure, zeroed before. Nothing
 * is counted before begin, nor in a process that shows no metrics. */
struct kafka_client_metrics {
    const char *component, *link, *group;
    bool is_begun;
    struct kafka_gauge gauges[KAFKA_GAUGES];
    int64_t disconnects; /* of all brokers, as last told */
    struct kafka_lag *lags;
    size_t lag_count;
};

/* `link` is "producer" or "consumer". The texts outlive the metrics; `group` NULL: none. */
void kafka_metrics_begin(
    struct kafka_client_metrics *metrics,
    const char *component,
    const char *link,
    const char *group);
/* Fine for one that never began. */
void kafka_metrics_end(struct kafka_client_metrics *metrics);

/* RD_KAFKA_EVENT_STATS of the client. */
void kafka_metrics_take(struct kafka_client_metrics *metrics, rd_kafka_event_t *event);
/* The same of the JSON itself; what is no JSON of librdkafka is passed over. */
void kafka_metrics_read(struct kafka_client_metrics *metrics, struct dk_bytes json);

void kafka_metrics_failed(struct kafka_client_metrics *metrics, rd_kafka_resp_err_t code);
void kafka_metrics_rebalanced(struct kafka_client_metrics *metrics, bool is_gain);

#endif /* CLIENTS_KAFKA_METRICS_H */
