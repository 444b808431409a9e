#include "core/metric_text.h"

#include "core/metric.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static const int64_t bounds[] = {50, 1000, 1000000, 0};

enum { CALLS, LEVEL, TIMES };

static struct dk_metric metrics[] = {
    [CALLS] =
        {"dk_test_calls_total",
         DK_METRIC_COUNTER,
         "Calls, with a \\ and a \"word\"\nand a line.",
         {"name", "code"},
         .series_max = 4},
    [LEVEL] = {"dk_test_level_seconds", DK_METRIC_GAUGE, "A level.", .divisor = 1000},
    [TIMES] =
        {"dk_test_seconds",
         DK_METRIC_HISTOGRAM,
         "Times.",
         {"name"},
         .divisor = 1000000,
         .bounds = bounds,
         .has_exemplars = true},
    {0}};

static void add(void) {
    dk_metrics_add(metrics);
}

TestSuite(metric_text, .init = add, .fini = dk__metrics_clear);

/* The family's text; the caller frees it. */
static char *written(const struct dk_metric *metric, enum dk__metrics_form form) {
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    (void)dk__metrics_walk_begin();
    dk__metric_write(metric, form, output);
    dk__metrics_walk_end();
    (void)fclose(output);
    return text;
}

static void is_written(
    const struct dk_metric *metric, enum dk__metrics_form form, const char *wanted) {
    char *text = written(metric, form);
    cr_assert(eq(str, text, (char *)wanted));
    free(text);
}

Test(metric_text, a_counter_is_named_in_each_forms_way) {
    dk_series_add(dk_metric_series(&metrics[CALLS], (const char *[]){"a", "OK"}), 7);

    is_written(
        &metrics[CALLS],
        DK__METRICS_TEXT,
        "# HELP dk_test_calls_total Calls, with a \\\\ and a \"word\"\\nand a line.\n"
        "# TYPE dk_test_calls_total counter\n"
        "dk_test_calls_total{name=\"a\",code=\"OK\"} 7\n");
    is_written(
        &metrics[CALLS],
        DK__METRICS_OPENMETRICS,
        "# TYPE dk_test_calls counter\n"
        "# HELP dk_test_calls Calls, with a \\\\ and a \\\"word\\\"\\nand a line.\n"
        "dk_test_calls_total{name=\"a\",code=\"OK\"} 7\n");
}

Test(metric_text, label_values_are_escaped) {
    (void)dk_metric_series(&metrics[CALLS], (const char *[]){"a\"b\\c\nd} 1\nx", "\xFF"});

    char *text = written(&metrics[CALLS], DK__METRICS_TEXT);

    cr_assert(
        ne(ptr,
           strstr(
               text,
               "\n"
               "dk_test_calls_total{name=\"a\\\"b\\\\c\\nd} 1\\nx\",code=\"\uFFFD\"} 0\n"),
           NULL),
        "%s",
        text);
    free(text);
}

Test(metric_text, numbers_are_exact_decimals_of_their_divisor) {
    struct dk_series *level = dk_metric_series(&metrics[LEVEL], NULL);
    const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {1, "0.001"},
        {1500, "1.5"},
        {-50, "-0.05"},
        {2000, "2"},
        {INT64_MAX, "9223372036854775.807"},
        {INT64_MIN, "-9223372036854775.808"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char wanted[160];
        dk_series_set(level, rows[i].number);
        (void)snprintf(
            wanted,
            sizeof wanted,
            "# HELP dk_test_level_seconds A level.\n# TYPE dk_test_level_seconds gauge\n"
            "dk_test_level_seconds %s\n",
            rows[i].text);
        is_written(&metrics[LEVEL], DK__METRICS_TEXT, wanted);
    }
}

Test(metric_text, a_histogram_is_cumulative_and_ends_at_infinity) {
    struct dk_series *times = dk_metric_series(&metrics[TIMES], (const char *[]){"a"});

    dk_series_observe(times, 50);
    dk_series_observe(times, 60);
    dk_series_observe(times, 5000000);

    is_written(
        &metrics[TIMES],
        DK__METRICS_TEXT,
        "# HELP dk_test_seconds Times.\n# TYPE dk_test_seconds histogram\n"
        "dk_test_seconds_bucket{name=\"a\",le=\"5e-05\"} 1\n"
        "dk_test_seconds_bucket{name=\"a\",le=\"0.001\"} 2\n"
        "dk_test_seconds_bucket{name=\"a\",le=\"1\"} 2\n"
        "dk_test_seconds_bucket{name=\"a\",le=\"+Inf\"} 3\n"
        "dk_test_seconds_sum{name=\"a\"} 5.00011\n"
        "dk_test_seconds_count{name=\"a\"} 3\n");
}

Test(metric_text, exemplars_stand_in_openmetrics_alone) {
    unsigned char trace_id[16];
    struct dk_series *times = dk_metric_series(&metrics[TIMES], (const char *[]){"a"});
    memset(trace_id, 0xAB, sizeof trace_id);
    dk_series_observe_traced(times, 2000, trace_id);
    times->exemplars[2].at_ms = 1700000000123;

    char *plain = written(&metrics[TIMES], DK__METRICS_TEXT);
    char *open = written(&metrics[TIMES], DK__METRICS_OPENMETRICS);

    cr_assert(eq(ptr, strstr(plain, "trace_id"), NULL));
    cr_assert(
        ne(ptr,
           strstr(
               open,
               "le=\"1.0\"} 1 # {trace_id=\"abababababababababababababababab\"} 0.002 "
               "1700000000.123\n"),
           NULL),
        "%s",
        open);
    free(plain);
    free(open);
}

Test(metric_text, a_family_without_series_is_there_all_the_same) {
    is_written(
        &metrics[TIMES],
        DK__METRICS_OPENMETRICS,
        "# TYPE dk_test_seconds histogram\n# HELP dk_test_seconds Times.\n");
}

Test(metric_text, people_see_the_gauges_of_a_name) {
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    dk_series_set(dk_metric_series(&metrics[LEVEL], NULL), 1500);
    dk_series_add(dk_metric_series(&metrics[CALLS], (const char *[]){"a", "OK"}), 7);

    dk__metrics_write_gauges("dk_test_", output);
    dk__metrics_write_gauges("dk_other_", output);
    (void)fclose(output);

    cr_assert(eq(str, text, "  dk_test_level_seconds 1.5\n"));
    free(text);
}

Test(metric_text, openmetrics_ends_with_its_mark) {
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);

    dk__metrics_write(DK__METRICS_OPENMETRICS, output);
    (void)fclose(output);

    cr_assert(eq(str, text + size - strlen("\n# EOF\n"), "\n# EOF\n"));
    free(text);
}

Test(metric_text, accept_chooses_the_form) {
    const struct {
        const char *accept;
        enum dk__metrics_form form;
    } rows[] = {
        {NULL, DK__METRICS_TEXT},
        {"", DK__METRICS_TEXT},
        {"*/*", DK__METRICS_TEXT},
        {"application/openmetrics-text", DK__METRICS_OPENMETRICS},
        {"Application/OpenMetrics-Text; version=1.0.0; charset=utf-8", DK__METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=2.0.0", DK__METRICS_TEXT},
        {"application/openmetrics-text;q=0", DK__METRICS_TEXT},
        {"application/openmetrics-text;q=nonsense", DK__METRICS_TEXT},
        {"application/openmetrics-textual", DK__METRICS_TEXT},
        {"text/plain;q=0.9, application/openmetrics-text;q=0.5", DK__METRICS_TEXT},
        {"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", DK__METRICS_TEXT},
        /* Prometheus 2.42 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
         "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         DK__METRICS_OPENMETRICS},
        {",,;;,application/openmetrics-text", DK__METRICS_OPENMETRICS},
        {";", DK__METRICS_TEXT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, dk__metrics_form_of(rows[i].accept), rows[i].form), "%s", rows[i].accept);
    }
}
