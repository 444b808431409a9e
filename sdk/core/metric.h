#ifndef DK_CORE_METRIC_H
#define DK_CORE_METRIC_H

#include <dk/metric.h>
#include <stdatomic.h>
#include <stddef.h>

/*
 * What lies behind dk/metric.h: the families of the process and their series, for who exposes them.
 */

/* The last traced observation of a bucket. Whoever finds it taken leaves it alone. */
struct dk__exemplar {
    atomic_flag is_taken;
    bool is_set;
    unsigned char trace_id[16];
    int64_t number;
    int64_t at_ms; /* since 1970 */
};

struct dk_series {
    struct dk_metric *metric;
    struct dk_series *next;
    const char *values[DK_METRIC_LABELS_MAX]; /* behind this structure, as what follows */
    struct dk__exemplar *exemplars;           /* one for each bucket, or NULL */
    struct dk_metric_reader *readers;
    size_t bucket_count;       /* histogram: bounds and +Inf */
    bool is_kept;              /* a handle is out: never forgotten */
    _Atomic(int64_t) number;   /* counter, gauge: the value; histogram: the sum */
    _Atomic(int64_t) counts[]; /* histogram: one for each bucket, not cumulative */
};

size_t dk__metric_label_count(const struct dk_metric *metric);
int64_t dk__metric_divisor(const struct dk_metric *metric);
/* What was added and what the readers say. Thread: the loop's, between walk begin and end. */
int64_t dk__series_number(const struct dk_series *series);

/* dk_series_add and dk_series_observe of a family that one thread alone adds to: without the bus lock
 * of an atomic addition. Others read it as they like. */
void dk__series_add_alone(struct dk_series *series, int64_t number);
void dk__series_observe_alone(struct dk_series *series, int64_t number);

/* Between begin and end nobody adds families, makes or forgets series; counting goes on. Begin gives
 * the first family, in the order they were added. Thread: the loop's. */
const struct dk_metric *dk__metrics_walk_begin(void);
void dk__metrics_walk_end(void);

/* Says what dk_metrics_are_wanted answers. Thread: main, first of all. */
void dk__metrics_want(bool is_wanted);

/* Forgets families and series: what holds handles is gone. For tests that look for leaks. */
void dk__metrics_clear(void);

#endif /* DK_CORE_METRIC_H */
