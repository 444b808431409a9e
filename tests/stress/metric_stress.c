/*
 * Threads count, observe with traces and make series while the loop's thread writes all of it: no
 * count is lost, no trace is mixed, and what is written is whole.
 */
#include "core/metric.h"
#include "core/metric_text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, ROUNDS = 30000, NAMES = 40, SERIES_MAX = 20 };

static const int64_t bounds[] = {10, 100, 0};

static struct dk_metric metrics[] = {
    {"dk_stress_total", DK_METRIC_COUNTER, "Numbers.", {"name"}, .series_max = SERIES_MAX},
    {"dk_stress_seconds",
     DK_METRIC_HISTOGRAM,
     "Times.",
     .divisor = 1000000,
     .bounds = bounds,
     .has_exemplars = true},
    {"dk_stress", DK_METRIC_GAUGE, "Read.", {"name"}},
    {0}};

static _Atomic(int) threads_left = THREADS;

static void must(bool is_so, const char *what) {
    if (!is_so) {
        (void)fprintf(stderr, "metric_stress: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void *count(void *context) {
    struct dk_series *times = dk_metric_series(&metrics[1], NULL);
    unsigned char trace_id[16];
    (void)context;
    for (int i = 0; i < ROUNDS; i++) {
        char name[16];
        memset(trace_id, i, sizeof trace_id);
        (void)snprintf(name, sizeof name, "%d", i % NAMES);
        dk_series_add(dk_metric_series(&metrics[0], (const char *[]){name}), 1);
        dk_series_observe_traced(times, i % 200, trace_id);
    }
    (void)atomic_fetch_sub_explicit(&threads_left, 1, memory_order_relaxed);
    return NULL;
}

static int64_t read_seven(const struct dk_metric_reader *reader) {
    (void)reader;
    return 7;
}

/* Each trace is of one byte sixteen times. */
static void traces_are_whole(const char *text) {
    static const char head[] = "trace_id=\"";
    for (text = strstr(text, head); text != NULL; text = strstr(text, head)) {
        text += sizeof head - 1;
        for (int i = 2; i < 32; i += 2) {
            must(memcmp(text, text + i, 2) == 0, "a trace is mixed of two");
        }
    }
}

static void write_all(void) {
    struct dk_metric_reader reader = {.read = read_seven};
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    must(output != NULL, "no memory");
    dk_metric_read_begin(&metrics[2], (const char *[]){"a"}, &reader);
    dk__metrics_write(DK__METRICS_OPENMETRICS, output);
    dk_metric_read_end(&reader);
    must(fclose(output) == 0, "no memory");
    must(strstr(text, "dk_stress{name=\"a\"} 7\n") != NULL, "the reader was not asked");
    traces_are_whole(text);
    free(text);
}

int main(void) {
    pthread_t threads[THREADS];
    int64_t total = 0, observed = 0;
    dk_metrics_add(metrics);
    for (int i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, count, NULL) == 0, "no thread");
    }
    while (atomic_load_explicit(&threads_left, memory_order_relaxed) > 0) {
        write_all();
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    write_all();
    for (const struct dk_series *at = metrics[0].oldest; at != NULL; at = at->next) {
        total += atomic_load_explicit(&at->number, memory_order_relaxed);
    }
    for (size_t i = 0; i < metrics[1].oldest->bucket_count; i++) {
        observed += atomic_load_explicit(&metrics[1].oldest->counts[i], memory_order_relaxed);
    }
    must(total == (int64_t)THREADS * ROUNDS, "a count was lost");
    must(observed == (int64_t)THREADS * ROUNDS, "an observation was lost");
    must(metrics[0].series_count == SERIES_MAX + 1, "the bound of series does not hold");
    dk__metrics_clear();
    return EXIT_SUCCESS;
}
