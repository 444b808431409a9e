/*
 * The writer of /metrics. Numbers are whole and are written as decimals of their divisor, so nothing
 * is rounded.
 */
#include "core/metric_text.h"

#include "core/hex.h"
#include "core/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_BYTES_MAX = 128 };

static const char *const type_words[] = {"counter", "gauge", "histogram"};

/* ── numbers and texts ──────────────────────────────────────────────────────────────────────── */

/* number ÷ divisor, a power of ten, without its last zeros. */
static void write_number(int64_t number, int64_t divisor, FILE *output) {
    const uint64_t size = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
    uint64_t rest = size % (uint64_t)divisor;
    (void)fprintf(output, "%s%" PRIu64, number < 0 ? "-" : "", size / (uint64_t)divisor);
    if (rest == 0) {
        return;
    }
    (void)fputc('.', output);
    for (uint64_t place = (uint64_t)divisor / 10; rest > 0; place /= 10) {
        assert(place > 0);
        (void)fputc((int)('0' + rest / place), output);
        rest %= place;
    }
}

/* The bound of a bucket as Go writes a float: 5e-05, 0.0001, 1; OpenMetrics wants 1.0. */
static void write_bound(int64_t bound, int64_t divisor, enum dk__metrics_form form, FILE *output) {
    char text[40];
    (void)snprintf(text, sizeof text, "%.15g", (double)bound / (double)divisor);
    (void)fputs(text, output);
    if (form == DK__METRICS_OPENMETRICS && strpbrk(text, ".e") == NULL) {
        (void)fputs(".0", output);
    }
}

static void write_escaped(const char *text, bool with_quotes, FILE *output) {
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            (void)fputs("\\n", output);
        } else if (*text == '\\' || (*text == '"' && with_quotes)) {
            (void)fputc('\\', output);
            (void)fputc(*text, output);
        } else {
            (void)fputc(*text, output);
        }
    }
}

/* ── a family ───────────────────────────────────────────────────────────────────────────────── */

struct writer {
    const struct dk_metric *metric;
    enum dk__metrics_form form;
    int64_t divisor;
    size_t label_count;
    char name[NAME_BYTES_MAX]; /* of the family: OpenMetrics' counters have theirs without _total */
    FILE *output;
};

static void writer_init(
    struct writer *writer,
    const struct dk_metric *metric,
    enum dk__metrics_form form,
    FILE *output) {
    *writer = (struct writer){
        .metric = metric,
        .form = form,
        .divisor = dk__metric_divisor(metric),
        .label_count = dk__metric_label_count(metric),
        .output = output};
    size_t size = strlen(metric->name);
    const size_t tail = sizeof "_total" - 1;
    assert(size < sizeof writer->name);
    if (metric->type == DK_METRIC_COUNTER) {
        assert(size > tail && strcmp(metric->name + size - tail, "_total") == 0);
        size -= form == DK__METRICS_OPENMETRICS ? tail : 0;
    }
    memcpy(writer->name, metric->name, size);
}

static void write_head(const struct writer *writer) {
    const bool is_open = writer->form == DK__METRICS_OPENMETRICS;
    FILE *const output = writer->output;
    if (is_open) {
        (void)fprintf(output, "# TYPE %s %s\n", writer->name, type_words[writer->metric->type]);
    }
    (void)fprintf(output, "# HELP %s ", writer->name);
    write_escaped(writer->metric->help, is_open, output);
    (void)fputc('\n', output);
    if (!is_open) {
        (void)fprintf(output, "# TYPE %s %s\n", writer->name, type_words[writer->metric->type]);
    }
}

/* The name of a sample and its labels; `is_bucket`: le stands behind them, +Inf for bound 0. */
static void write_name(
    const struct writer *writer,
    const struct dk_series *series,
    const char *suffix,
    bool is_bucket,
    int64_t bound) {
    FILE *const output = writer->output;
    const char *before = "{";
    (void)fprintf(output, "%s%s", writer->metric->name, suffix);
    for (size_t i = 0; i < writer->label_count; i++) {
        (void)fprintf(output, "%s%s=\"", before, writer->metric->labels[i]);
        write_escaped(series->values[i], true, output);
        (void)fputc('"', output);
        before = ",";
    }
    if (is_bucket) {
        (void)fprintf(output, "%sle=\"", before);
        if (bound == 0) {
            (void)fputs("+Inf", output);
        } else {
            write_bound(bound, writer->divisor, writer->form, output);
        }
        (void)fputc('"', output);
        before = ",";
    }
    (void)fputs(*before == '{' ? " " : "} ", output);
}

/* ` # {trace_id="…"} value time`; nothing when it is being written or there is none. */
static void write_exemplar(const struct writer *writer, struct dk__exemplar *exemplar) {
    struct dk__exemplar copy;
    if (atomic_flag_test_and_set_explicit(&exemplar->is_taken, memory_order_acquire)) {
        return;
    }
    copy.is_set = exemplar->is_set;
    copy.number = exemplar->number;
    copy.at_ms = exemplar->at_ms;
    memcpy(copy.trace_id, exemplar->trace_id, sizeof copy.trace_id);
    atomic_flag_clear_explicit(&exemplar->is_taken, memory_order_release);
    if (!copy.is_set) {
        return;
    }
    char trace_id[2 * sizeof copy.trace_id];
    (void)dk__hex_write(copy.trace_id, sizeof copy.trace_id, trace_id);
    (void)fprintf(writer->output, " # {trace_id=\"%.*s\"} ", (int)sizeof trace_id, trace_id);
    write_number(copy.number, writer->divisor, writer->output);
    (void)fputc(' ', writer->output);
    write_number(copy.at_ms, 1000, writer->output);
}

/* Buckets are read one after the other while others count: their own sum is the count. */
static void write_histogram(const struct writer *writer, const struct dk_series *series) {
    int64_t count = 0;
    for (size_t i = 0; i < series->bucket_count; i++) {
        const bool is_last = i + 1 == series->bucket_count;
        count += atomic_load_explicit(&series->counts[i], memory_order_relaxed);
        write_name(writer, series, "_bucket", true, is_last ? 0 : writer->metric->bounds[i]);
        (void)fprintf(writer->output, "%" PRId64, count);
        if (series->exemplars != NULL && writer->form == DK__METRICS_OPENMETRICS) {
            write_exemplar(writer, &series->exemplars[i]);
        }
        (void)fputc('\n', writer->output);
    }
    write_name(writer, series, "_sum", false, 0);
    write_number(dk__series_number(series), writer->divisor, writer->output);
    (void)fputc('\n', writer->output);
    write_name(writer, series, "_count", false, 0);
    (void)fprintf(writer->output, "%" PRId64 "\n", count);
}

void dk__metric_write(const struct dk_metric *metric, enum dk__metrics_form form, FILE *output) {
    struct writer writer;
    writer_init(&writer, metric, form, output);
    write_head(&writer);
    for (const struct dk_series *series = metric->oldest; series != NULL; series = series->next) {
        if (metric->type == DK_METRIC_HISTOGRAM) {
            write_histogram(&writer, series);
        } else {
            write_name(&writer, series, "", false, 0);
            write_number(dk__series_number(series), writer.divisor, output);
            (void)fputc('\n', output);
        }
    }
}

void dk__metrics_write(enum dk__metrics_form form, FILE *output) {
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        dk__metric_write(metric, form, output);
    }
    dk__metrics_walk_end();
    if (form == DK__METRICS_OPENMETRICS) {
        (void)fputs("# EOF\n", output);
    }
}

void dk__metrics_write_gauges(const char *prefix, FILE *output) {
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        struct writer writer;
        if (metric->type != DK_METRIC_GAUGE || strncmp(metric->name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        writer_init(&writer, metric, DK__METRICS_TEXT, output);
        for (const struct dk_series *at = metric->oldest; at != NULL; at = at->next) {
            (void)fputs("  ", output);
            write_name(&writer, at, "", false, 0);
            write_number(dk__series_number(at), writer.divisor, output);
            (void)fputc('\n', output);
        }
    }
    dk__metrics_walk_end();
}

/* ── which form ─────────────────────────────────────────────────────────────────────────────── */

const char *dk__metrics_content_type(enum dk__metrics_form form) {
    return form == DK__METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

static const char *skip_blanks(const char *text) {
    return text + strspn(text, " \t");
}

/* The weight of one range of an Accept header, in thousandths: 1000 without q, 0 for a q that is no
 * number. `*ret_version` becomes false for a version of OpenMetrics that is not ours. */
static int weight_of(const char *parameters, const char *end, bool *ret_version) {
    int weight = 1000;
    while (parameters < end && *parameters == ';') {
        const char *name = skip_blanks(parameters + 1);
        const char *const next = name + strcspn(name, ";,");
        if (strncasecmp(name, "q=", 2) == 0) {
            char *stop = NULL;
            const double q = strtod(name + 2, &stop);
            weight = stop == name + 2 || !(q >= 0 && q <= 1) ? 0 : (int)(q * 1000);
        } else if (strncasecmp(name, "version=", 8) == 0) {
            const char *const version = name + 8;
            *ret_version = strncmp(version, "1.0.0", 5) == 0 || strncmp(version, "0.0.1", 5) == 0;
        }
        parameters = next;
    }
    return weight;
}

enum dk__metrics_form dk__metrics_form_of(const char *accept) {
    int open = 0, text = 0;
    while (accept != NULL && *accept != '\0') {
        const char *const range = skip_blanks(accept);
        const char *const end = range + strcspn(range, ",");
        const size_t size = strcspn(range, ";, \t");
        bool is_version = true;
        const int weight = weight_of(skip_blanks(range + size), end, &is_version);
        if (size == strlen("application/openmetrics-text") &&
            strncasecmp(range, "application/openmetrics-text", size) == 0 && is_version) {
            open = weight > open ? weight : open;
        } else if (size == strlen("text/plain") && strncasecmp(range, "text/plain", size) == 0) {
            text = weight > text ? weight : text;
        }
        accept = *end == ',' ? end + 1 : end;
    }
    return open > 0 && open >= text ? DK__METRICS_OPENMETRICS : DK__METRICS_TEXT;
}

/* ── the page ───────────────────────────────────────────────────────────────────────────────── */

static void describe_labels(const struct dk_metric *metric, FILE *output) {
    for (size_t i = 0; i < dk__metric_label_count(metric); i++) {
        (void)fprintf(output, "%s`%s`", i == 0 ? "" : ", ", metric->labels[i]);
    }
}

void dk__metrics_describe(const char *program, FILE *output) {
    (void)fprintf(
        output,
        "## %s\n\n| metric | type | labels | series | meaning |\n|---|---|---|---|---|\n",
        program);
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        const uint32_t series_max =
            metric->series_max == 0 ? DK_METRIC_SERIES_MAX : metric->series_max;
        (void)fprintf(output, "| `%s` | %s | ", metric->name, type_words[metric->type]);
        describe_labels(metric, output);
        (void)fprintf(
            output,
            " | %" PRIu32 " | %s |\n",
            metric->labels[0] == NULL ? 1 : series_max,
            metric->help);
    }
    dk__metrics_walk_end();
}
