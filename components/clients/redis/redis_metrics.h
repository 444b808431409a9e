#ifndef CLIENTS_REDIS_METRICS_H
#define CLIENTS_REDIS_METRICS_H

#include <dk/error.h>
#include <dk/metric.h>

struct redis_link;

/* What links to Redis count, for dk_backend.metrics. */
extern struct dk_metric redis_metrics[];

enum { REDIS_LINK_READERS = 5 };

/* A number of a link that is looked at when somebody asks for it. */
struct redis_link_reader {
    struct dk_metric_reader base; /* first */
    const struct redis_link *link;
    int64_t (*number)(const struct redis_link *link);
};

/*
 * The series of one link; a member of it, zeroed before. Nothing is counted before begin, nor in a
 * process that shows no metrics.
 *
 * Thread: the loop's. Bound: dk/metric.h's: beyond 256 links of a family they share one series.
 */
struct redis_link_metrics {
    struct redis_link_reader readers[REDIS_LINK_READERS];
    const char *component, *name;
    struct dk_series *reconnects;
    struct dk_series *write_commands; /* NULL: not counted */
};

/* `component` and `name` outlive the metrics. */
void redis_link_metrics_begin(
    struct redis_link_metrics *metrics,
    const struct redis_link *link,
    const char *component,
    const char *name);
/* Fine for one that never began. */
void redis_link_metrics_end(struct redis_link_metrics *metrics);

void redis_link_metrics_reconnected(struct redis_link_metrics *metrics);
void redis_link_metrics_failed(struct redis_link_metrics *metrics, enum dk_error error);

#endif /* CLIENTS_REDIS_METRICS_H */
