/*
 * Families, their series, and counting. A process has one list of families: what is counted at the
 * bottom of a backend is shown by somebody who knows nothing of it.
 *
 *     any thread:  dk_series_add ─ relaxed atomic ─▶ series ◀─ relaxed ─ walk, on the loop
 *     any thread:  dk_metric_series ─ mutex ─▶ a row's list of series
 */
#include "core/metric.h"

#include "core/utf8.h"

#include <assert.h>
#include <dk/loop.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const int64_t dk_metric_bounds_us[] = {
    50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
    2500000, 5000000, 10000000, 0};
/* clang-format on */

static struct dk_metric own_metrics[] = {
    {"dk_metrics_series_refused_total",
     DK_METRIC_COUNTER,
     "Label sets asked for beyond a family's bound or without memory; they share the series "
     "\"other\".",
     {"family"},
     .series_max = 1024},
    {0},
};

static struct {
    pthread_mutex_t mutex; /* of the lists, not of the numbers */
    struct dk_metric *oldest, *newest;
    _Atomic(bool) is_wanted;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static const char *const others[DK_METRIC_LABELS_MAX] = {
    "other", "other", "other", "other", "other"};
_Static_assert(DK_METRIC_LABELS_MAX == 5, "one word for each label");

/* What is counted when there is no memory for a series: lost, but nobody has to ask for NULL. */
static struct dk_metric lost_metric = {.name = "lost"};
static struct dk_series lost = {.metric = &lost_metric};

size_t dk__metric_label_count(const struct dk_metric *metric) {
    size_t count = 0;
    while (count < DK_METRIC_LABELS_MAX && metric->labels[count] != NULL) {
        count++;
    }
    return count;
}

int64_t dk__metric_divisor(const struct dk_metric *metric) {
    return metric->divisor == 0 ? 1 : metric->divisor;
}

static size_t bucket_count(const struct dk_metric *metric) {
    size_t count = 0;
    if (metric->type != DK_METRIC_HISTOGRAM) {
        return 0;
    }
    while (metric->bounds[count] != 0) {
        count++;
    }
    assert(count > 0 && count <= DK_METRIC_BOUNDS_MAX);
    return count + 1;
}

/* ── series, under the mutex ────────────────────────────────────────────────────────────────── */

/* Label values as they are kept: valid UTF-8, of a bounded size. */
struct values {
    char text[DK_METRIC_LABELS_MAX][DK_METRIC_VALUE_BYTES_MAX + 1];
    size_t size[DK_METRIC_LABELS_MAX]; /* with the NUL */
    size_t count, bytes;
};

static void values_make(
    struct values *values, const struct dk_metric *metric, const char *const *texts) {
    values->count = dk__metric_label_count(metric);
    values->bytes = 0;
    assert(values->count == 0 || texts != NULL);
    for (size_t i = 0; i < values->count; i++) {
        values->size[i] =
            dk__utf8_clean(dk_bytes_of(texts[i]), values->text[i], sizeof values->text[i]) + 1;
        values->bytes += values->size[i];
    }
}

static bool values_are(const struct values *values, const struct dk_series *series) {
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->text[i], series->values[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* One allocation: the structure, its buckets, their exemplars, the texts. NULL without memory. */
static struct dk_series *series_new(struct dk_metric *metric, const struct values *values) {
    const size_t buckets = bucket_count(metric);
    const size_t head = sizeof(struct dk_series) + buckets * sizeof(_Atomic(int64_t));
    const size_t exemplars = metric->has_exemplars ? buckets * sizeof(struct dk__exemplar) : 0;
    _Static_assert(
        sizeof(struct dk_series) % _Alignof(struct dk__exemplar) == 0 &&
            sizeof(_Atomic(int64_t)) % _Alignof(struct dk__exemplar) == 0,
        "exemplars follow the buckets");
    char *const memory = calloc(1, head + exemplars + values->bytes);
    if (memory == NULL) {
        return NULL;
    }
    struct dk_series *const series = (struct dk_series *)(void *)memory;
    series->metric = metric;
    series->bucket_count = buckets;
    if (exemplars > 0) {
        series->exemplars = (struct dk__exemplar *)(void *)(memory + head);
        for (size_t i = 0; i < buckets; i++) {
            atomic_flag_clear_explicit(&series->exemplars[i].is_taken, memory_order_relaxed);
        }
    }
    char *text = memory + head + exemplars;
    for (size_t i = 0; i < values->count; i++) {
        memcpy(text, values->text[i], values->size[i]);
        series->values[i] = text;
        text += values->size[i];
    }
    return series;
}

static struct dk_series *series_append(struct dk_metric *metric, const struct values *values) {
    struct dk_series *series = series_new(metric, values);
    if (series != NULL) {
        *(metric->newest == NULL ? &metric->oldest : &metric->newest->next) = series;
        metric->newest = series;
        metric->series_count++;
    }
    return series;
}

static void series_forget(struct dk_series *series) {
    struct dk_metric *const metric = series->metric;
    struct dk_series *before = NULL;
    for (struct dk_series *at = metric->oldest; at != series; at = at->next) {
        before = at;
    }
    *(before == NULL ? &metric->oldest : &before->next) = series->next;
    if (metric->newest == series) {
        metric->newest = before;
    }
    metric->series_count--;
    free(series);
}

static struct dk_series *series_find(const struct dk_metric *metric, const struct values *values) {
    struct dk_series *series = metric->oldest;
    while (series != NULL && !values_are(values, series)) {
        series = series->next;
    }
    return series;
}

/* The series that all share for whom there is no room. One that somebody named so is it too. */
static struct dk_series *series_other(struct dk_metric *metric) {
    if (metric->other == NULL) {
        struct values values;
        values_make(&values, metric, others);
        struct dk_series *const found = series_find(metric, &values);
        metric->other = found != NULL ? found : series_append(metric, &values);
        if (metric->other == NULL) {
            return &lost;
        }
        metric->other->is_kept = true;
    }
    return metric->other;
}

static struct dk_series *series_find_or_make(struct dk_metric *metric, const char *const *texts) {
    const uint32_t series_max = metric->series_max == 0 ? DK_METRIC_SERIES_MAX : metric->series_max;
    const uint32_t own_count = metric->series_count - (metric->other != NULL ? 1 : 0);
    struct values values;
    values_make(&values, metric, texts);
    struct dk_series *series = series_find(metric, &values);
    if (series == NULL && own_count < series_max) {
        series = series_append(metric, &values);
    }
    return series != NULL ? series : series_other(metric);
}

static void lock(void) {
    (void)pthread_mutex_lock(&registry.mutex);
}

static void unlock(void) {
    (void)pthread_mutex_unlock(&registry.mutex);
}

/* With the mutex. One family's refusals are one series of ours, which has room for every family. */
static struct dk_series *series_get(struct dk_metric *metric, const char *const *texts) {
    struct dk_series *series = series_find_or_make(metric, texts);
    if ((series == metric->other || series == &lost) && metric != own_metrics) {
        const char *const values[DK_METRIC_LABELS_MAX] = {metric->name};
        dk_series_add(series_find_or_make(own_metrics, values), 1);
    }
    return series;
}

struct dk_series *dk_metric_series(struct dk_metric *metric, const char *const *values) {
    lock();
    struct dk_series *const series = series_get(metric, values);
    if (series != &lost) {
        series->is_kept = true;
    }
    unlock();
    return series;
}

/* ── families ───────────────────────────────────────────────────────────────────────────────── */

static bool is_named(const char *name) {
    for (const struct dk_metric *metric = registry.oldest; metric != NULL; metric = metric->next) {
        if (strcmp(metric->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void family_add(struct dk_metric *metric) {
    assert(!is_named(metric->name));
    metric->is_added = true;
    *(registry.newest == NULL ? &registry.oldest : &registry.newest->next) = metric;
    registry.newest = metric;
    if (metric->labels[0] == NULL) {
        (void)series_get(metric, NULL);
    }
}

static void table_add(struct dk_metric *table) {
    for (struct dk_metric *metric = table; metric->name != NULL; metric++) {
        if (!metric->is_added) {
            family_add(metric);
        }
    }
}

void dk_metrics_add(struct dk_metric *table) {
    lock();
    table_add(own_metrics);
    table_add(table);
    unlock();
}

bool dk_metrics_are_wanted(void) {
    return atomic_load_explicit(&registry.is_wanted, memory_order_relaxed);
}

void dk__metrics_want(bool is_wanted) {
    atomic_store_explicit(&registry.is_wanted, is_wanted, memory_order_relaxed);
}

const struct dk_metric *dk__metrics_walk_begin(void) {
    lock();
    return registry.oldest;
}

void dk__metrics_walk_end(void) {
    unlock();
}

void dk__metrics_clear(void) {
    lock();
    while (registry.oldest != NULL) {
        struct dk_metric *const metric = registry.oldest;
        registry.oldest = metric->next;
        while (metric->oldest != NULL) {
            series_forget(metric->oldest);
        }
        metric->next = NULL;
        metric->other = NULL;
        metric->is_added = false;
    }
    registry.newest = NULL;
    unlock();
}

/* ── numbers ────────────────────────────────────────────────────────────────────────────────── */

void dk_series_add(struct dk_series *series, int64_t number) {
    (void)atomic_fetch_add_explicit(&series->number, number, memory_order_relaxed);
}

void dk_series_set(struct dk_series *series, int64_t number) {
    atomic_store_explicit(&series->number, number, memory_order_relaxed);
}

/* The bucket of a number: the first whose bound is not below it. */
static size_t bucket_of(const struct dk_series *series, int64_t number) {
    const int64_t *const bounds = series->metric->bounds;
    size_t at = 0;
    while (at + 1 < series->bucket_count && bounds[at] < number) {
        at++;
    }
    return at;
}

void dk_series_observe(struct dk_series *series, int64_t number) {
    if (series->bucket_count > 0) { /* none: the lost series */
        const size_t at = bucket_of(series, number);
        (void)atomic_fetch_add_explicit(&series->counts[at], 1, memory_order_relaxed);
    }
    dk_series_add(series, number);
}

static void add_alone(_Atomic(int64_t) *target, int64_t number) {
    atomic_store_explicit(
        target, atomic_load_explicit(target, memory_order_relaxed) + number, memory_order_relaxed);
}

void dk__series_add_alone(struct dk_series *series, int64_t number) {
    add_alone(&series->number, number);
}

void dk__series_observe_alone(struct dk_series *series, int64_t number) {
    if (series->bucket_count > 0) {
        add_alone(&series->counts[bucket_of(series, number)], 1);
    }
    add_alone(&series->number, number);
}

void dk_series_observe_traced(
    struct dk_series *series, int64_t number, const unsigned char *trace_id) {
    dk_series_observe(series, number);
    if (series->exemplars == NULL) {
        return;
    }
    struct dk__exemplar *const exemplar = &series->exemplars[bucket_of(series, number)];
    /* Acquire and release: one writer's words are whole for the next who takes it. */
    if (atomic_flag_test_and_set_explicit(&exemplar->is_taken, memory_order_acquire)) {
        return;
    }
    memcpy(exemplar->trace_id, trace_id, sizeof exemplar->trace_id);
    exemplar->number = number;
    exemplar->at_ms = dk_clock_ms();
    exemplar->is_set = true;
    atomic_flag_clear_explicit(&exemplar->is_taken, memory_order_release);
}

int64_t dk__series_number(const struct dk_series *series) {
    int64_t number = atomic_load_explicit(&series->number, memory_order_relaxed);
    for (const struct dk_metric_reader *reader = series->readers; reader != NULL;
         reader = reader->next) {
        number += reader->read(reader);
    }
    return number;
}

/* ── readers ────────────────────────────────────────────────────────────────────────────────── */

void dk_metric_read_begin(
    struct dk_metric *metric, const char *const *values, struct dk_metric_reader *reader) {
    assert(metric->type != DK_METRIC_HISTOGRAM && reader->series == NULL);
    lock();
    reader->series = series_get(metric, values);
    if (reader->series == &lost) {
        reader->series = NULL; /* nobody will ask */
    } else {
        reader->next = reader->series->readers;
        reader->series->readers = reader;
    }
    unlock();
}

void dk_metric_read_end(struct dk_metric_reader *reader) {
    struct dk_series *const series = reader->series;
    if (series == NULL) {
        return;
    }
    lock();
    struct dk_metric_reader **at = &series->readers;
    while (*at != reader) {
        at = &(*at)->next;
    }
    *at = reader->next;
    reader->series = NULL;
    reader->next = NULL;
    if (series->readers == NULL && !series->is_kept) {
        series_forget(series);
    }
    unlock();
}
