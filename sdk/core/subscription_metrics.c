/*
 * Series of a subscription, looked up when it opens; times by place of the window.
 */
#include "core/subscription_metrics.h"

#include "core/metric.h"
#include "core/slots.h"
#include "core/subscription.h"

#include <dk/loop.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES, INFLIGHT, ACK_DURATION, REDELIVERED };

struct dk_metric dk__subscription_metrics_table[] = {
    [MESSAGES] =
        {"dk_pubsub_messages_total",
         DK_METRIC_COUNTER,
         "Messages brought to daprd, by result: delivered, and then handled, refused (the "
         "application did not take it) or abandoned (the stream ended first); stale are "
         "settlements of messages that are not out.",
         {"component", "topic", "result"},
         .series_max = 1024},
    [INFLIGHT] =
        {"dk_pubsub_inflight",
         DK_METRIC_GAUGE,
         "Messages that daprd has and has not settled; at most --window-max for each subscription.",
         {"component", "topic"}},
    [ACK_DURATION] =
        {"dk_pubsub_ack_duration_seconds",
         DK_METRIC_HISTOGRAM,
         "Time from a message's delivery to daprd until it was settled.",
         {"component", "topic"},
         .divisor = 1000000,
         .bounds = dk_metric_bounds_us},
    [REDELIVERED] =
        {"dk_pubsub_redelivered_total",
         DK_METRIC_COUNTER,
         "Deliveries of messages that this program had delivered before.",
         {"component", "topic"}},
    {0},
};

enum result { DELIVERED, HANDLED, REFUSED, ABANDONED, STALE, RESULTS };

struct dk__subscription_metrics {
    struct dk_metric_reader inflight; /* first */
    const struct dk__subscription *subscription;
    struct dk_series *results[RESULTS], *ack_duration, *redelivered;
    uint32_t window_max;
    int64_t delivered_us[]; /* by place */
};

static int64_t read_inflight(const struct dk_metric_reader *reader) {
    return dk__subscription_outstanding(
        ((const struct dk__subscription_metrics *)(const void *)reader)->subscription);
}

struct dk__subscription_metrics *dk__subscription_metrics_new(
    const struct dk__subscription *subscription, uint32_t window_max) {
    static const char *const words[RESULTS] = {
        "delivered", "handled", "refused", "abandoned", "stale"};
    struct dk_metric *const table = dk__subscription_metrics_table;
    struct dk__subscription_metrics *metrics =
        dk_metrics_are_wanted()
            ? calloc(1, sizeof *metrics + window_max * sizeof metrics->delivered_us[0])
            : NULL;
    if (metrics == NULL) {
        return NULL;
    }
    char topic[DK_METRIC_VALUE_BYTES_MAX + 4];
    const struct dk_bytes name = subscription->base.topic;
    (void)snprintf(topic, sizeof topic, "%.*s", (int)name.size, name.size > 0 ? name.data : "");
    const char *values[DK_METRIC_LABELS_MAX] = {subscription->base.instance->name, topic};
    metrics->subscription = subscription;
    metrics->window_max = window_max;
    metrics->ack_duration = dk_metric_series(&table[ACK_DURATION], values);
    metrics->redelivered = dk_metric_series(&table[REDELIVERED], values);
    metrics->inflight.read = read_inflight;
    dk_metric_read_begin(&table[INFLIGHT], values, &metrics->inflight);
    for (size_t i = 0; i < RESULTS; i++) {
        values[2] = words[i];
        metrics->results[i] = dk_metric_series(&table[MESSAGES], values);
    }
    return metrics;
}

void dk__subscription_metrics_free(struct dk__subscription_metrics *metrics) {
    if (metrics != NULL) {
        dk_metric_read_end(&metrics->inflight);
        free(metrics);
    }
}

static int64_t now_us(const struct dk__subscription_metrics *metrics) {
    return dk_loop_now_us(metrics->subscription->base.instance->loop);
}

void dk__subscription_metrics_delivered(
    struct dk__subscription_metrics *metrics, uint64_t ticket, bool is_again) {
    if (metrics != NULL) {
        metrics->delivered_us[dk__slots_place(ticket)] = now_us(metrics);
        dk__series_add_alone(metrics->results[DELIVERED], 1);
        dk__series_add_alone(metrics->redelivered, is_again ? 1 : 0);
    }
}

void dk__subscription_metrics_settled(
    struct dk__subscription_metrics *metrics, uint64_t ticket, enum dk_outcome outcome) {
    static const enum result results[] = {
        [DK_HANDLED] = HANDLED, [DK_REFUSED] = REFUSED, [DK_ABANDONED] = ABANDONED};
    if (metrics == NULL) {
        return;
    }
    dk__series_add_alone(metrics->results[results[outcome]], 1);
    if (ticket != 0) {
        dk__series_observe_alone(
            metrics->ack_duration,
            now_us(metrics) - metrics->delivered_us[dk__slots_place(ticket)]);
    }
}

void dk__subscription_metrics_stale(struct dk__subscription_metrics *metrics) {
    if (metrics != NULL) {
        dk__series_add_alone(metrics->results[STALE], 1);
    }
}
