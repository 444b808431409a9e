#include "core/metric.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <threads.h>

static const int64_t bounds[] = {10, 100, 0};

enum { PLAIN, LABELLED, TIMES, TRACED };

static struct dk_metric metrics[] = {
    [PLAIN] = {"dk_test_plain", DK_METRIC_GAUGE, "A number."},
    [LABELLED] =
        {"dk_test_labelled_total",
         DK_METRIC_COUNTER,
         "Numbers.",
         {"first", "second"},
         .series_max = 2},
    [TIMES] =
        {"dk_test_seconds", DK_METRIC_HISTOGRAM, "Times.", .divisor = 1000000, .bounds = bounds},
    [TRACED] =
        {"dk_test_traced",
         DK_METRIC_HISTOGRAM,
         "Times.",
         {"first"},
         .bounds = bounds,
         .has_exemplars = true},
    {0}};

static void add(void) {
    dk_metrics_add(metrics);
}

static void clear(void) {
    dk__metrics_clear();
}

TestSuite(metric, .init = add, .fini = clear);

static int64_t number_of(const struct dk_series *series) {
    (void)dk__metrics_walk_begin();
    const int64_t number = dk__series_number(series);
    dk__metrics_walk_end();
    return number;
}

static const struct dk_metric *family_named(const char *name) {
    const struct dk_metric *metric = dk__metrics_walk_begin();
    while (metric != NULL && strcmp(metric->name, name) != 0) {
        metric = metric->next;
    }
    dk__metrics_walk_end();
    return metric;
}

/* What the SDK counts of a family whose bound was reached; -1: nothing. */
static int64_t refused_of(const char *family) {
    const struct dk_metric *metric = family_named("dk_metrics_series_refused_total");
    const struct dk_series *series = metric->oldest;
    while (series != NULL && strcmp(series->values[0], family) != 0) {
        series = series->next;
    }
    return series == NULL ? -1 : number_of(series);
}

Test(metric, label_values_are_one_series_however_often_they_are_asked) {
    struct dk_series *one = dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"});
    struct dk_series *two = dk_metric_series(&metrics[LABELLED], (const char *[]){"ab", ""});

    cr_assert(eq(ptr, dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"}), one));
    cr_assert(ne(ptr, one, two));
    cr_assert(eq(int, (int)metrics[LABELLED].series_count, 2));
}

Test(metric, a_number_is_what_was_added) {
    struct dk_series *series = dk_metric_series(&metrics[PLAIN], NULL);

    dk_series_add(series, 5);
    dk_series_add(series, -7);

    cr_assert(eq(i64, number_of(series), -2));
    dk_series_set(series, 9);
    cr_assert(eq(i64, number_of(series), 9));
}

Test(metric, label_sets_beyond_the_bound_share_one_series_and_are_counted) {
    char text[16];
    (void)dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"});
    struct dk_series *kept = dk_metric_series(&metrics[LABELLED], (const char *[]){"c", "d"});
    struct dk_series *other = NULL;

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        other = dk_metric_series(&metrics[LABELLED], (const char *[]){text, "x"});
        dk_series_add(other, 1);
    }

    cr_assert(eq(str, (char *)other->values[0], "other"));
    cr_assert(eq(str, (char *)other->values[1], "other"));
    cr_assert(eq(i64, number_of(other), 1000));
    cr_assert(eq(int, (int)metrics[LABELLED].series_count, 3));
    cr_assert(eq(i64, refused_of("dk_test_labelled_total"), 1000));
    cr_assert(
        eq(ptr, dk_metric_series(&metrics[LABELLED], (const char *[]){"c", "d"}), kept),
        "known label values keep their own series");
}

Test(metric, a_series_that_is_called_other_is_the_shared_one) {
    struct dk_series *named =
        dk_metric_series(&metrics[LABELLED], (const char *[]){"other", "other"});
    (void)dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"});

    struct dk_series *shared = dk_metric_series(&metrics[LABELLED], (const char *[]){"c", "d"});

    cr_assert(eq(ptr, shared, named), "no label set stands twice");
}

Test(metric, foreign_bytes_of_a_label_become_text_of_a_bounded_size) {
    char longest[2 * DK_METRIC_VALUE_BYTES_MAX];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';

    const struct dk_series *series =
        dk_metric_series(&metrics[LABELLED], (const char *[]){"a\xFFz", longest});

    cr_assert(eq(str, (char *)series->values[0], "a\uFFFDz"));
    cr_assert(eq(sz, strlen(series->values[1]), DK_METRIC_VALUE_BYTES_MAX));
}

Test(metric, a_bucket_takes_what_is_not_above_its_bound) {
    struct dk_series *series = dk_metric_series(&metrics[TIMES], NULL);
    const int64_t numbers[] = {0, 10, 11, 100, 101, 5000};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        dk_series_observe(series, numbers[i]);
    }

    cr_assert(eq(sz, series->bucket_count, 3));
    for (size_t i = 0; i < series->bucket_count; i++) {
        cr_assert(eq(i64, atomic_load(&series->counts[i]), 2));
    }
    cr_assert(eq(i64, number_of(series), 5222));
}

Test(metric, a_traced_observation_is_remembered_beside_its_bucket) {
    struct dk_series *series = dk_metric_series(&metrics[TRACED], (const char *[]){"a"});
    unsigned char trace_id[16];
    memset(trace_id, 0xAB, sizeof trace_id);

    dk_series_observe(series, 50);
    dk_series_observe_traced(series, 60, trace_id);

    cr_assert(not(series->exemplars[0].is_set));
    cr_assert(series->exemplars[1].is_set);
    cr_assert(eq(i64, series->exemplars[1].number, 60));
    cr_assert(zero(memcmp(series->exemplars[1].trace_id, trace_id, sizeof trace_id)));
    cr_assert(eq(i64, atomic_load(&series->counts[1]), 2));
}

Test(metric, a_trace_of_a_family_without_exemplars_is_only_an_observation) {
    static const unsigned char trace_id[16] = {1};
    struct dk_series *series = dk_metric_series(&metrics[TIMES], NULL);

    dk_series_observe_traced(series, 60, trace_id);

    cr_assert(eq(ptr, series->exemplars, NULL));
    cr_assert(eq(i64, atomic_load(&series->counts[1]), 1));
}

struct gauge {
    struct dk_metric_reader reader; /* first */
    int64_t number;
};

static int64_t gauge_read(const struct dk_metric_reader *reader) {
    return ((const struct gauge *)(const void *)reader)->number;
}

Test(metric, readers_of_one_series_are_added_up_and_it_goes_with_the_last) {
    struct gauge first = {{.read = gauge_read}, 3}, second = {{.read = gauge_read}, 4};
    const char *const values[] = {"a", "b"};
    dk_metric_read_begin(&metrics[LABELLED], values, &first.reader);
    dk_metric_read_begin(&metrics[LABELLED], values, &second.reader);

    cr_assert(eq(i64, number_of(metrics[LABELLED].oldest), 7));

    dk_metric_read_end(&first.reader);
    dk_metric_read_end(&first.reader);
    cr_assert(eq(i64, number_of(metrics[LABELLED].oldest), 4));
    dk_metric_read_end(&second.reader);
    cr_assert(eq(ptr, metrics[LABELLED].oldest, NULL));
    cr_assert(eq(int, (int)metrics[LABELLED].series_count, 0));
}

Test(metric, a_series_with_a_handle_outlives_its_readers) {
    struct gauge gauge = {{.read = gauge_read}, 3};
    const char *const values[] = {"a", "b"};
    struct dk_series *series = dk_metric_series(&metrics[LABELLED], values);
    dk_series_add(series, 2);
    dk_metric_read_begin(&metrics[LABELLED], values, &gauge.reader);

    cr_assert(eq(i64, number_of(series), 5));
    dk_metric_read_end(&gauge.reader);

    cr_assert(eq(i64, number_of(series), 2));
}

Test(metric, a_table_added_again_keeps_its_numbers) {
    struct dk_series *series = dk_metric_series(&metrics[PLAIN], NULL);
    dk_series_add(series, 1);

    dk_metrics_add(metrics);

    cr_assert(eq(ptr, dk_metric_series(&metrics[PLAIN], NULL), series));
    cr_assert(eq(i64, number_of(series), 1));
}

enum { THREADS = 4, ROUNDS = 20000 };

static int count_up(void *context) {
    (void)context;
    struct dk_series *series = dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"});
    struct dk_series *traced = dk_metric_series(&metrics[TRACED], (const char *[]){"a"});
    unsigned char trace_id[16];
    for (int i = 0; i < ROUNDS; i++) {
        memset(trace_id, i, sizeof trace_id);
        dk_series_add(series, 1);
        dk_series_observe_traced(traced, i % 200, trace_id);
    }
    return 0;
}

Test(metric, threads_lose_no_count_and_mix_no_trace) {
    thrd_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        cr_assert(eq(int, thrd_create(&threads[i], count_up, NULL), thrd_success));
    }
    for (int i = 0; i < THREADS; i++) {
        (void)thrd_join(threads[i], NULL);
    }

    const struct dk_series *traced = dk_metric_series(&metrics[TRACED], (const char *[]){"a"});
    const unsigned char *id = traced->exemplars[2].trace_id;
    int64_t count = 0;
    for (size_t i = 0; i < traced->bucket_count; i++) {
        count += atomic_load(&traced->counts[i]);
    }
    cr_assert(eq(i64, count, THREADS * ROUNDS));
    cr_assert(
        eq(i64,
           number_of(dk_metric_series(&metrics[LABELLED], (const char *[]){"a", "b"})),
           THREADS * ROUNDS));
    for (size_t i = 1; i < sizeof traced->exemplars[2].trace_id; i++) {
        cr_assert(eq(int, id[i], id[0]));
    }
}
