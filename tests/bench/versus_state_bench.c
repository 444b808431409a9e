/*
 * dk-redis beside Dapr's built-in state.redis in Go, on the same Redis, in the same run: A B A B ….
 * Both components run all the time on one core with Redis; the load comes from the other.
 *
 * Prints one JSON object per line for each operation, and a Markdown table into the file that
 * --markdown names. The figure of a program is the median of its rounds, with the spread; the ratio is
 * the median of the ratios pair by pair. A wrong answer ends the run.
 *
 *   versus_state_bench [--calls N] [--rounds N] [--markdown FILE]
 */
#include "bench/load/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUBJECTS = 2, ROUNDS_MAX = 31, WARM_UP_CALLS = 2000 };

struct row {
    enum operation_kind kind;
    size_t value_size, inflight;
    double throughput_wanted; /* ours to the peer's, at least; 0: nothing is claimed */
    double p50_wanted;        /* at most; 0: nothing is claimed */
};

static const struct row rows[] = {
    /* kind, value bytes, in flight, throughput ≥, p50 ≤ */
    {OPERATION_SET, 128, 1, 0, 0.7},
    {OPERATION_SET, 128, 16, 0, 0},
    {OPERATION_SET, 128, 64, 4, 0},
    {OPERATION_SET, 128, 256, 0, 0},
    {OPERATION_SET_ETAG, 128, 64, 4, 0},
    {OPERATION_SET_TTL, 128, 64, 6, 0},
    {OPERATION_GET, 128, 1, 0, 0.7},
    {OPERATION_GET, 128, 16, 0, 0},
    {OPERATION_GET, 128, 64, 3.5, 0},
    {OPERATION_GET, 128, 256, 0, 0},
    {OPERATION_BULK_GET, 128, 16, 20, 0},
    {OPERATION_BULK_SET, 128, 16, 6, 0},
    {OPERATION_TRANSACT, 128, 64, 3, 0},
    {OPERATION_SET, 4096, 64, 2.5, 0},
    {OPERATION_GET, 4096, 64, 3.5, 0},
};

/* What one round of one subject gave. */
struct sample {
    double calls_per_s, p50_us, p90_us, p99_us, max_us, component_cpu_us, redis_cpu_us;
};

struct figures {
    struct sample samples[ROUNDS_MAX];
};

struct arguments {
    uint64_t calls;
    size_t rounds;
    const char *markdown;
};

static int compare_doubles(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Minimum, median and maximum of one figure over the rounds. */
struct spread {
    double low, median, high;
};

static struct spread spread_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return (struct spread){values[0], values[count / 2], values[count - 1]};
}

#define SPREAD(figures, rounds, member) \
    spread_of_member(figures, rounds, offsetof(struct sample, member))

static struct spread spread_of_member(const struct figures *figures, size_t rounds, size_t offset) {
    double values[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        memcpy(&values[i], (const char *)&figures->samples[i] + offset, sizeof values[i]);
    }
    return spread_of(values, rounds);
}

#define RATIO(figures, rounds, member) \
    ratio_of_member(figures, rounds, offsetof(struct sample, member))

/* Ours to the peer's, round by round. */
static struct spread ratio_of_member(const struct figures *figures, size_t rounds, size_t offset) {
    double values[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        double ours = 0, peers = 0;
        memcpy(&ours, (const char *)&figures[0].samples[i] + offset, sizeof ours);
        memcpy(&peers, (const char *)&figures[1].samples[i] + offset, sizeof peers);
        values[i] = ours / peers;
    }
    return spread_of(values, rounds);
}

/* Each key has its value and version 1, whoever comes next. */
static void fill(struct stage *stage, struct subject *subject, size_t value_size) {
    struct operation set;
    stage_flush(stage);
    operation_make(&set, OPERATION_SET, value_size);
    (void)drive_run(&subject->drive, &set, OPERATION_KEYS, 16);
    operation_free(&set);
}

static void measure(
    struct stage *stage,
    struct subject *subject,
    const struct row *row,
    uint64_t calls,
    struct sample *ret_sample) {
    struct operation operation;
    struct drive *drive = &subject->drive;
    fill(stage, subject, row->value_size);
    operation_make(&operation, row->kind, row->value_size);
    calls /= operation.calls_share * (row->inflight == 1 ? 5 : 1);
    (void)drive_run(drive, &operation, WARM_UP_CALLS / operation.calls_share, row->inflight);
    const int64_t component_us = process_cpu_us(&subject->process);
    const int64_t redis_us = process_cpu_us(&stage->redis);
    const int64_t took_us = drive_run(drive, &operation, calls, row->inflight);
    *ret_sample = (struct sample){
        .calls_per_s = (double)calls * 1e6 / (double)took_us,
        .p50_us = (double)drive_latency_us(drive, 500),
        .p90_us = (double)drive_latency_us(drive, 900),
        .p99_us = (double)drive_latency_us(drive, 990),
        .max_us = (double)drive_latency_us(drive, 1000),
        .component_cpu_us =
            (double)(process_cpu_us(&subject->process) - component_us) / (double)calls,
        .redis_cpu_us = (double)(process_cpu_us(&stage->redis) - redis_us) / (double)calls,
    };
    operation_free(&operation);
}

static void print_figure(const char *name, struct spread spread) {
    (void)printf(",\"%s\":[%.2f,%.2f,%.2f]", name, spread.low, spread.median, spread.high);
}

static void print_json(
    const struct row *row,
    const struct subject *subjects,
    const struct figures *figures,
    size_t rounds) {
    for (size_t i = 0; i < SUBJECTS; i++) {
        (void)printf(
            "{\"program\":\"%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
            "\"rounds\":%zu,\"figures\":\"[minimum, median, maximum]\"",
            subjects[i].name,
            operation_name(row->kind),
            row->value_size,
            row->inflight,
            rounds);
        print_figure("calls_per_s", SPREAD(&figures[i], rounds, calls_per_s));
        print_figure("p50_us", SPREAD(&figures[i], rounds, p50_us));
        print_figure("p90_us", SPREAD(&figures[i], rounds, p90_us));
        print_figure("p99_us", SPREAD(&figures[i], rounds, p99_us));
        print_figure("max_us", SPREAD(&figures[i], rounds, max_us));
        print_figure("component_cpu_us", SPREAD(&figures[i], rounds, component_cpu_us));
        print_figure("redis_cpu_us", SPREAD(&figures[i], rounds, redis_cpu_us));
        (void)printf(",\"rss_kib\":%lld}\n", (long long)process_rss_kib(&subjects[i].process));
    }
    (void)fflush(stdout);
}

static const char *verdict(bool is_claimed, bool is_reached) {
    return !is_claimed ? "" : is_reached ? " ✓" : " ✗";
}

static void print_markdown(
    FILE *table, const struct row *row, const struct figures *figures, size_t rounds) {
    const struct spread throughput = RATIO(figures, rounds, calls_per_s);
    const struct spread p50 = RATIO(figures, rounds, p50_us);
    const struct spread p99 = RATIO(figures, rounds, p99_us);
    const struct spread cpu = RATIO(figures, rounds, component_cpu_us);
    (void)fprintf(
        table,
        "| %s | %zu B | %zu | %.0f | %.0f | %.2f (%.2f–%.2f)%s | %.0f / %.0f | %.2f%s | %.2f | "
        "%.2f / %.2f | %.3f | %.2f / %.2f |\n",
        operation_name(row->kind),
        row->value_size,
        row->inflight,
        SPREAD(&figures[0], rounds, calls_per_s).median,
        SPREAD(&figures[1], rounds, calls_per_s).median,
        throughput.median,
        throughput.low,
        throughput.high,
        verdict(row->throughput_wanted > 0, throughput.median >= row->throughput_wanted),
        SPREAD(&figures[0], rounds, p50_us).median,
        SPREAD(&figures[1], rounds, p50_us).median,
        p50.median,
        verdict(row->p50_wanted > 0, p50.median <= row->p50_wanted),
        p99.median,
        SPREAD(&figures[0], rounds, component_cpu_us).median,
        SPREAD(&figures[1], rounds, component_cpu_us).median,
        cpu.median,
        SPREAD(&figures[0], rounds, redis_cpu_us).median,
        SPREAD(&figures[1], rounds, redis_cpu_us).median);
    (void)fflush(table);
}

static FILE *markdown_open(const char *path) {
    FILE *table = fopen(path == NULL ? "/dev/null" : path, "w");
    if (table == NULL) {
        fail("%s cannot be written: %s", path, strerror(errno));
    }
    (void)fprintf(
        table,
        "| operation | value | in flight | ours, calls/s | Go, calls/s | ratio (spread) | p50 µs, "
        "ours / Go | ratio | p99 ratio | CPU µs per call, ours / Go | ratio | Redis CPU µs |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    return table;
}

static uint64_t number_of(const char *name, const char *text, uint64_t low, uint64_t high) {
    char *end = NULL;
    const unsigned long long value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *text == '\0' || *end != '\0' || value < low || value > high) {
        fail(
            "%s: '%s' is no number from %llu to %llu",
            name,
            text == NULL ? "" : text,
            (unsigned long long)low,
            (unsigned long long)high);
    }
    return value;
}

static struct arguments read_arguments(int argc, char **argv) {
    struct arguments arguments = {.calls = 40000, .rounds = 5};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--calls") == 0) {
            arguments.calls = number_of("--calls", value, 1000, 100000000);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            arguments.rounds = (size_t)number_of("--rounds", value, 1, ROUNDS_MAX);
        } else if (strcmp(argv[i], "--markdown") == 0 && value != NULL) {
            arguments.markdown = value;
        } else {
            fail("'%s' is not one of --calls N, --rounds N, --markdown FILE", argv[i]);
        }
    }
    return arguments;
}

int main(int argc, char **argv) {
    const struct arguments arguments = read_arguments(argc, argv);
    static struct figures figures[SUBJECTS];
    struct subject subjects[SUBJECTS];
    struct stage stage;

    stage_open(&stage);
    stage_print_machine();
    subject_open(&subjects[0], &stage, "dk-redis", 0);
    subject_open_peer(&subjects[1], &stage);
    FILE *table = markdown_open(arguments.markdown);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (size_t round = 0; round < arguments.rounds; round++) {
            for (size_t i = 0; i < SUBJECTS; i++) {
                measure(
                    &stage, &subjects[i], &rows[r], arguments.calls, &figures[i].samples[round]);
            }
        }
        print_json(&rows[r], subjects, figures, arguments.rounds);
        print_markdown(table, &rows[r], figures, arguments.rounds);
    }
    (void)fclose(table);
    for (size_t i = 0; i < SUBJECTS; i++) {
        subject_close(&subjects[i]);
    }
    stage_close(&stage);
    return EXIT_SUCCESS;
}
