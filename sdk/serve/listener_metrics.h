#ifndef DK_SERVE_LISTENER_METRICS_H
#define DK_SERVE_LISTENER_METRICS_H

#include <dk/metric.h>

struct dk__listener;
struct dk__transport;

/*
 * A listener's counts as metrics, read from it at a scrape.
 *
 * Thread: the loop's. Owner: the caller's, zeroed before begin; the listener outlives end.
 */
struct dk__listener_metrics {
    const struct dk__transport *transport;
    const struct dk__listener *listener;
    struct dk_metric_reader connections, streams, resets_by_peer, resets_by_us, stalls;
};

void dk__listener_metrics_begin(
    struct dk__listener_metrics *metrics,
    const struct dk__transport *transport,
    const struct dk__listener *listener,
    const char *label);
/* Fine for one that never began. */
void dk__listener_metrics_end(struct dk__listener_metrics *metrics);

#endif /* DK_SERVE_LISTENER_METRICS_H */
