/*
 * What a link to Redis shows of itself, on the loop's thread: numbers that it has anyway are read when
 * somebody asks, only events are counted.
 */
#include "clients/redis/redis_metrics.h"

#include "clients/redis/redis_link.h"

/* clang-format off */
static const int64_t commands_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 0};

enum {
    CONNECTIONS, CONNECTED, INFLIGHT, WAITING, QUEUE_BYTES, /* read, in the order of readings */
    RECONNECTS, ERRORS, WRITE_COMMANDS,
};
_Static_assert((int)REDIS_LINK_READERS == (int)RECONNECTS, "one reader for each that is read");

struct dk_metric redis_metrics[] = {
    [CONNECTIONS] =
    {"dk_backend_connections", DK_METRIC_GAUGE, "Connections to the backend's server, those that still log in included.",
     {"component", "backend", "link"}},
    [CONNECTED] =
    {"dk_backend_connected", DK_METRIC_GAUGE, "Clients of this name that can ask the backend: 0 during an outage.",
     {"component", "backend", "link"}},
    [INFLIGHT] =
    {"dk_backend_inflight", DK_METRIC_GAUGE, "Commands sent and not yet answered.",
     {"component", "backend", "link"}},
    [WAITING] =
    {"dk_backend_waiting", DK_METRIC_GAUGE, "Calls that wait for the connection to come back.",
     {"component", "backend", "link"}},
    [QUEUE_BYTES] =
    {"dk_backend_queue_bytes", DK_METRIC_GAUGE, "Bytes of commands that the server has not taken yet.",
     {"component", "backend", "link"}},
    [RECONNECTS] =
    {"dk_backend_reconnects_total", DK_METRIC_COUNTER, "Connections made again after one was lost.",
     {"component", "backend", "link"}},
    [ERRORS] =
    {"dk_backend_errors_total", DK_METRIC_COUNTER, "Connections that failed or were lost, by reason.",
     {"component", "backend", "link", "reason"}},
    [WRITE_COMMANDS] =
    {"dk_backend_write_commands", DK_METRIC_HISTOGRAM, "Commands that left together, in one turn's write.",
     {"component", "backend", "link"}, .bounds = commands_bounds},
    {0}};
/* clang-format on */

static const char backend[] = "redis";

static int64_t read_link(const struct dk_metric_reader *base) {
    const struct redis_link_reader *reader = (const struct redis_link_reader *)(const void *)base;
    return reader->number(reader->link);
}

static int64_t connections_of(const struct redis_link *link) {
    return redis_link_loads(link).connections;
}

static int64_t connected_of(const struct redis_link *link) {
    return redis_link_is_ready(link) ? 1 : 0;
}

static int64_t inflight_of(const struct redis_link *link) {
    return redis_link_loads(link).inflight;
}

static int64_t waiting_of(const struct redis_link *link) {
    return redis_link_loads(link).waiting;
}

static int64_t queue_bytes_of(const struct redis_link *link) {
    return redis_link_loads(link).queue_bytes;
}

static int64_t (*const readings[REDIS_LINK_READERS])(const struct redis_link *link) = {
    [CONNECTIONS] = connections_of,
    [CONNECTED] = connected_of,
    [INFLIGHT] = inflight_of,
    [WAITING] = waiting_of,
    [QUEUE_BYTES] = queue_bytes_of,
};

void redis_link_metrics_begin(
    struct redis_link_metrics *metrics,
    const struct redis_link *link,
    const char *component,
    const char *name) {
    const char *const values[] = {component, backend, name};
    if (!dk_metrics_are_wanted()) {
        return;
    }
    metrics->component = component;
    metrics->name = name;
    metrics->reconnects = dk_metric_series(&redis_metrics[RECONNECTS], values);
    metrics->write_commands = dk_metric_series(&redis_metrics[WRITE_COMMANDS], values);
    for (size_t i = 0; i < REDIS_LINK_READERS; i++) {
        struct redis_link_reader *reader = &metrics->readers[i];
        reader->base.read = read_link;
        reader->link = link;
        reader->number = readings[i];
        dk_metric_read_begin(&redis_metrics[i], values, &reader->base);
    }
}

void redis_link_metrics_end(struct redis_link_metrics *metrics) {
    for (size_t i = 0; i < REDIS_LINK_READERS; i++) {
        dk_metric_read_end(&metrics->readers[i].base);
    }
    metrics->write_commands = NULL;
}

void redis_link_metrics_reconnected(struct redis_link_metrics *metrics) {
    if (metrics->write_commands != NULL) {
        dk_series_add(metrics->reconnects, 1);
    }
}

void redis_link_metrics_failed(struct redis_link_metrics *metrics, enum dk_error error) {
    if (metrics->write_commands != NULL) {
        const char *const values[] = {
            metrics->component, backend, metrics->name, dk_error_name(error)};
        dk_series_add(dk_metric_series(&redis_metrics[ERRORS], values), 1);
    }
}
