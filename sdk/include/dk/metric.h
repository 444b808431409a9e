#ifndef DK_METRIC_H
#define DK_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a process counts, for Prometheus: families are rows of static tables, each row's series are
 * looked up once and kept by handle.
 *
 *     static struct dk_metric metrics[] = {
 *         [RECONNECTS] = {"dk_backend_reconnects_total", DK_METRIC_COUNTER, "Connections made anew.", {"component"}},
 *         [ANSWER_TIME] = {"dk_backend_answer_seconds", DK_METRIC_HISTOGRAM, "Command to answer.", {"component"},
 *                          .divisor = 1000000, .bounds = dk_metric_bounds_us},
 *         {0}};
 *     link->reconnects = dk_metric_series(&metrics[RECONNECTS], (const char *[]){instance->name});
 *     dk_series_add(link->reconnects, 1);
 *
 * A table that a backend (dk_backend.metrics) or an application (dk_app.metrics) names is added by
 * the SDK, exposed by /metrics, printed by --describe metrics, and so a row of docs/metrics.md.
 *
 * Thread: any, where nothing else is said. Counting takes no lock and no memory: relaxed atomics.
 * Units:  numbers are whole; what is exposed is the number divided by the family's divisor.
 */
enum dk_metric_type { DK_METRIC_COUNTER, DK_METRIC_GAUGE, DK_METRIC_HISTOGRAM };

enum {
    DK_METRIC_LABELS_MAX = 5,
    DK_METRIC_BOUNDS_MAX = 24,
    DK_METRIC_VALUE_BYTES_MAX = 128, /* one label value; what is longer is cut at a character */
    DK_METRIC_SERIES_MAX = 256,      /* of a row that names no series_max */
};

struct dk_series;

/* A family. The row lives as long as the process. */
struct dk_metric {
    const char *name; /* as exposed: a counter's ends in _total, units are seconds and bytes */
    enum dk_metric_type type;
    const char *help;                         /* one sentence */
    const char *labels[DK_METRIC_LABELS_MAX]; /* names, the rest NULL */
    int64_t divisor; /* numbers to one of the name's unit (1000000: µs, _seconds); 0 is 1 */
    const int64_t
        *bounds;         /* histogram: upper ends of its buckets, rising, ended by 0; as numbers */
    uint32_t series_max; /* label sets held apart; 0: DK_METRIC_SERIES_MAX */
    bool has_exemplars;  /* histogram: each bucket remembers its last traced observation */

    /* Private. */
    struct dk_metric *next;
    struct dk_series *oldest, *newest, *other;
    uint32_t series_count;
    bool is_added;
};

/* From 50 µs to 10 s, for families with divisor 1000000. */
extern const int64_t dk_metric_bounds_us[];

/* Adds a table, ended by a zeroed row; one that was added already stays as it is. A family without
 * labels has its one series from now on. Thread: main, before others count.
 * Two tables with one name are a programming error and asserted. */
void dk_metrics_add(struct dk_metric *table);

/* Whether this process shows its metrics at all (--metrics-port): spares the work of finding out
 * numbers that nobody reads. Decided before a backend or an application opens. */
bool dk_metrics_are_wanted(void);

/*
 * The series of these label values, one for each name of the row, made when it is new; `values` may
 * be NULL for a family without labels. Bytes that are not UTF-8 become U+FFFD.
 *
 * Owner:  the process; the handle is good for ever. Never NULL.
 * Bound:  series_max label sets; what comes then shares one series, all of whose values are "other",
 *         and counts in dk_metrics_series_refused_total. Without memory it is the same.
 * Cost:   a lock and a search: keep the handle.
 */
struct dk_series *dk_metric_series(struct dk_metric *metric, const char *const *values);

/* Counter: number ≥ 0. Gauge: any. */
void dk_series_add(struct dk_series *series, int64_t number);
/* Gauge. */
void dk_series_set(struct dk_series *series, int64_t number);
/* Histogram. */
void dk_series_observe(struct dk_series *series, int64_t number);
/* The same; a family with exemplars remembers this one beside its bucket. `trace_id`: 16 bytes. */
void dk_series_observe_traced(
    struct dk_series *series, int64_t number, const unsigned char *trace_id);

/*
 * A number that is read when somebody asks: of a gauge, or of a counter that only rises. The series
 * shows the sum of all its readers and of what was added by handle, so a link that is replaced and its
 * successor may read the same label values for a while. A series that no handle was asked for goes
 * with its last reader.
 *
 * Owner:  the reader is a member of the caller's structure, zeroed before; it stays until
 *         dk_metric_read_end. The number may point to more: context is the structure's own business.
 * Thread: begin, end and `read` on the loop alone. `read` is brief and calls nothing of this header.
 */
struct dk_metric_reader {
    int64_t (*read)(const struct dk_metric_reader *reader);
    struct dk_series *series;      /* private */
    struct dk_metric_reader *next; /* private */
};

void dk_metric_read_begin(
    struct dk_metric *metric, const char *const *values, struct dk_metric_reader *reader);
/* Fine for one that never began. */
void dk_metric_read_end(struct dk_metric_reader *reader);

#ifdef __cplusplus
}
#endif

#endif /* DK_METRIC_H */
