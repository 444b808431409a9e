/*
 * Readers of a listener's counts, on the loop's thread.
 */
#include "serve/listener_metrics.h"

#include "wire/grpc/rpc_metrics.h"
#include "wire/grpc/transport.h"

#include <stddef.h>

static struct dk__listener_counts counts_of(const struct dk__listener_metrics *metrics) {
    return metrics->transport->counts(metrics->listener);
}

#define METRICS_OF(reader, member)                                                        \
    ((const struct dk__listener_metrics *)(const void *)((const char *)(reader)-offsetof( \
        struct dk__listener_metrics, member)))

static int64_t read_connections(const struct dk_metric_reader *reader) {
    return counts_of(METRICS_OF(reader, connections)).connections;
}

static int64_t read_streams(const struct dk_metric_reader *reader) {
    return counts_of(METRICS_OF(reader, streams)).streams;
}

static int64_t read_resets_by_peer(const struct dk_metric_reader *reader) {
    return (int64_t)counts_of(METRICS_OF(reader, resets_by_peer)).resets_by_peer;
}

static int64_t read_resets_by_us(const struct dk_metric_reader *reader) {
    return (int64_t)counts_of(METRICS_OF(reader, resets_by_us)).resets_by_us;
}

static int64_t read_stalls(const struct dk_metric_reader *reader) {
    return counts_of(METRICS_OF(reader, stalls)).stall_us;
}

void dk__listener_metrics_begin(
    struct dk__listener_metrics *metrics,
    const struct dk__transport *transport,
    const struct dk__listener *listener,
    const char *label) {
    const char *const by_peer[] = {label, "peer"}, *const by_us[] = {label, "self"};
    metrics->transport = transport;
    metrics->listener = listener;
    metrics->connections.read = read_connections;
    metrics->streams.read = read_streams;
    metrics->resets_by_peer.read = read_resets_by_peer;
    metrics->resets_by_us.read = read_resets_by_us;
    metrics->stalls.read = read_stalls;
    dk_metric_read_begin(&dk__grpc_metrics[DK__GRPC_CONNECTIONS], &label, &metrics->connections);
    dk_metric_read_begin(&dk__grpc_metrics[DK__GRPC_STREAMS], &label, &metrics->streams);
    if (!transport->counts_frames) {
        return; /* gRPC core does not say */
    }
    dk_metric_read_begin(&dk__grpc_metrics[DK__GRPC_RSTS], by_peer, &metrics->resets_by_peer);
    dk_metric_read_begin(&dk__grpc_metrics[DK__GRPC_RSTS], by_us, &metrics->resets_by_us);
    dk_metric_read_begin(&dk__grpc_metrics[DK__GRPC_STALLS], &label, &metrics->stalls);
}

void dk__listener_metrics_end(struct dk__listener_metrics *metrics) {
    dk_metric_read_end(&metrics->connections);
    dk_metric_read_end(&metrics->streams);
    dk_metric_read_end(&metrics->resets_by_peer);
    dk_metric_read_end(&metrics->resets_by_us);
    dk_metric_read_end(&metrics->stalls);
}
