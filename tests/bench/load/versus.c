/*
 * Rounds, medians, spreads and ratios.
 */
#include "bench/load/versus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP_CALLS = 2000 };

struct figures {
    struct versus_sample samples[VERSUS_ROUNDS_MAX];
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
    spread_of_member(figures, rounds, offsetof(struct versus_sample, member))

static struct spread spread_of_member(const struct figures *figures, size_t rounds, size_t offset) {
    double values[VERSUS_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        memcpy(&values[i], (const char *)&figures->samples[i] + offset, sizeof values[i]);
    }
    return spread_of(values, rounds);
}

#define RATIO(figures, rounds, member) \
    ratio_of_member(figures, rounds, offsetof(struct versus_sample, member))

/* Ours to the peer's, round by round. */
static struct spread ratio_of_member(const struct figures *figures, size_t rounds, size_t offset) {
    double values[VERSUS_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        double ours = 0, peers = 0;
        memcpy(&ours, (const char *)&figures[0].samples[i] + offset, sizeof ours);
        memcpy(&peers, (const char *)&figures[1].samples[i] + offset, sizeof peers);
        values[i] = ours / peers;
    }
    return spread_of(values, rounds);
}

/* Each key has its value and version 1, whoever comes next. */
static void fill(struct versus *versus, struct subject *subject, size_t value_size) {
    struct operation filler;
    stage_flush(versus->stage);
    operation_make(&filler, versus->filler, value_size);
    (void)drive_run(&subject->drive, &filler, OPERATION_KEYS, 16);
    operation_free(&filler);
}

struct versus_sample versus_drive(
    struct versus *versus,
    struct subject *subject,
    struct operation *operation,
    uint64_t calls,
    size_t inflight) {
    struct drive *drive = &subject->drive;
    (void)drive_run(drive, operation, WARM_UP_CALLS / operation->calls_share, inflight);
    const int64_t subject_us = subject_cpu_us(subject);
    const int64_t server_us = process_cpu_us(versus->server);
    const int64_t took_us = drive_run(drive, operation, calls, inflight);
    return (struct versus_sample){
        .calls_per_s = (double)calls * 1e6 / (double)took_us,
        .p50_us = (double)drive_latency_us(drive, 500),
        .p90_us = (double)drive_latency_us(drive, 900),
        .p99_us = (double)drive_latency_us(drive, 990),
        .max_us = (double)drive_latency_us(drive, 1000),
        .component_cpu_us = (double)(subject_cpu_us(subject) - subject_us) / (double)calls,
        .server_cpu_us = (double)(process_cpu_us(versus->server) - server_us) / (double)calls,
        .rss_kib = (double)subject_rss_kib(subject),
    };
}

static struct subject *subject_of(
    struct versus *versus, size_t index, const struct versus_row *row) {
    if (index > 0 || row->left == VERSUS_OURS) {
        return &versus->subjects[index];
    }
    return row->left == VERSUS_SPINNING ? &versus->spinning : &versus->go;
}

/* Behind the name of a row's operation. */
static const char *left_words(enum versus_left left) {
    return left == VERSUS_SPINNING ? ", `--spin-us`" : left == VERSUS_GO ? ", a Go component" : "";
}

static struct versus_sample measure_state(
    struct versus *versus, size_t index, const struct versus_row *row) {
    enum { LONE_SHARE = 5 }; /* calls one by one take longer: a fifth of them */
    struct operation operation;
    struct subject *subject = subject_of(versus, index, row);
    fill(versus, subject, row->value_size);
    operation_make(&operation, row->kind, row->value_size);
    const uint64_t calls =
        versus->calls / (operation.calls_share * (row->inflight == 1 ? LONE_SHARE : 1));
    const struct versus_sample sample =
        versus_drive(versus, subject, &operation, calls, row->inflight);
    operation_free(&operation);
    return sample;
}

static void print_figure(const char *name, struct spread spread) {
    (void)printf(",\"%s\":[%.2f,%.2f,%.2f]", name, spread.low, spread.median, spread.high);
}

static void print_json(
    struct versus *versus, const struct versus_row *row, const struct figures *figures) {
    const size_t rounds = versus->rounds;
    for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
        (void)printf(
            "{\"program\":\"%s%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
            "\"rounds\":%zu,\"figures\":\"[minimum, median, maximum]\"",
            subject_of(versus, i, row)->name,
            i == 0 && row->left == VERSUS_SPINNING ? ", spinning" : "",
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
        print_figure("server_cpu_us", SPREAD(&figures[i], rounds, server_cpu_us));
        print_figure("rss_kib", SPREAD(&figures[i], rounds, rss_kib));
        (void)printf("}\n");
    }
    (void)fflush(stdout);
}

/* What was claimed, and whether it was reached. */
static const char *verdict(bool is_claimed, bool is_reached) {
    return !is_claimed ? "" : is_reached ? " ✓" : " ✗";
}

static const char *at_least(double value, double wanted) {
    return verdict(wanted > 0, value >= wanted);
}

static const char *at_most(double value, double wanted) {
    return verdict(wanted > 0, value <= wanted);
}

/* "ours / the peer's | ratio"; dashes where a row has no such figure. */
static void print_pair(
    FILE *table, struct spread ours, struct spread peers, struct spread ratio, double wanted) {
    if (ours.median == 0) {
        (void)fprintf(table, "– | – | ");
        return;
    }
    (void)fprintf(
        table,
        "%.0f / %.0f | %.2f%s | ",
        ours.median,
        peers.median,
        ratio.median,
        at_most(ratio.median, wanted));
}

static void print_markdown(
    FILE *table, const struct versus_row *row, const struct figures *figures, size_t rounds) {
    const struct spread throughput = RATIO(figures, rounds, calls_per_s);
    const struct spread cpu = RATIO(figures, rounds, component_cpu_us);
    const struct spread rss = RATIO(figures, rounds, rss_kib);
    (void)fprintf(
        table,
        "| %s%s | %zu B | %zu | %.0f / %.0f | %.2f (%.2f–%.2f)%s | ",
        operation_name(row->kind),
        left_words(row->left),
        row->value_size,
        row->inflight,
        SPREAD(&figures[0], rounds, calls_per_s).median,
        SPREAD(&figures[1], rounds, calls_per_s).median,
        throughput.median,
        throughput.low,
        throughput.high,
        at_least(throughput.median, row->throughput_wanted));
    print_pair(
        table,
        SPREAD(&figures[0], rounds, p50_us),
        SPREAD(&figures[1], rounds, p50_us),
        RATIO(figures, rounds, p50_us),
        row->p50_wanted);
    print_pair(
        table,
        SPREAD(&figures[0], rounds, p99_us),
        SPREAD(&figures[1], rounds, p99_us),
        RATIO(figures, rounds, p99_us),
        row->p99_wanted);
    (void)fprintf(
        table,
        "%.2f / %.2f | %.3f%s | %.2f / %.2f | %.1f / %.1f | %.2f%s |\n",
        SPREAD(&figures[0], rounds, component_cpu_us).median,
        SPREAD(&figures[1], rounds, component_cpu_us).median,
        cpu.median,
        at_most(cpu.median, row->cpu_wanted),
        SPREAD(&figures[0], rounds, server_cpu_us).median,
        SPREAD(&figures[1], rounds, server_cpu_us).median,
        SPREAD(&figures[0], rounds, rss_kib).median / 1024,
        SPREAD(&figures[1], rounds, rss_kib).median / 1024,
        rss.median,
        at_most(rss.median, row->rss_wanted));
    (void)fflush(table);
}

static FILE *markdown_open(const char *path) {
    FILE *table = fopen(path == NULL ? "/dev/null" : path, "w");
    if (table == NULL) {
        fail("%s cannot be written: %s", path, strerror(errno));
    }
    return table;
}

static void print_heading(FILE *table, const char *server_name) {
    (void)fprintf(
        table,
        "Ours / the built-in in Go; medians of rounds, ratios pair by pair with their spread; ✓ "
        "and ✗: the project's own goal.\n\n"
        "| operation | value | in flight | calls/s | ratio (spread) | p50 µs | ratio | p99 µs | "
        "ratio | CPU µs per call | ratio | %s CPU µs | RSS MiB | ratio |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        server_name);
}

static void print_versions(FILE *table) {
    const char *versions = getenv("DK_VERSIONS");
    if (versions == NULL) {
        fail("DK_VERSIONS names no versions; ./dev bench sets it");
    }
    (void)printf("{\"versions\":\"%s\"}\n", versions);
    (void)fprintf(table, "Versions: %s.\n\n", versions);
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

void versus_open(struct versus *versus, struct stage *stage, int argc, char **argv) {
    const char *markdown = NULL;
    *versus = (struct versus){.calls = 40000, .rounds = 5, .stage = stage, .filler = OPERATION_SET};
    if (stage != NULL) {
        versus->server_name = "Redis";
        versus->server = &stage->redis;
        versus->measure = measure_state;
    }
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--calls") == 0) {
            versus->calls = number_of("--calls", value, 1000, 100000000);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            versus->rounds = (size_t)number_of("--rounds", value, 1, VERSUS_ROUNDS_MAX);
        } else if (strcmp(argv[i], "--only") == 0 && value != NULL) {
            versus->only = value;
        } else if (strcmp(argv[i], "--markdown") == 0 && value != NULL) {
            markdown = value;
        } else {
            fail(
                "'%s' is not one of --calls N, --rounds N, --only OPERATION, --markdown FILE",
                argv[i]);
        }
    }
    versus->table = markdown_open(markdown);
    print_versions(versus->table);
}

void versus_run(struct versus *versus, const struct versus_row *rows, size_t count) {
    static struct figures figures[VERSUS_SUBJECTS];
    size_t compared = 0;
    print_heading(versus->table, versus->server_name);
    for (size_t r = 0; r < count; r++) {
        if (versus->only != NULL && strcmp(versus->only, operation_name(rows[r].kind)) != 0) {
            continue;
        }
        compared++;
        for (size_t round = 0; round < versus->rounds; round++) {
            for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
                figures[i].samples[round] = versus->measure(versus, i, &rows[r]);
            }
        }
        print_json(versus, &rows[r], figures);
        print_markdown(versus->table, &rows[r], figures, versus->rounds);
    }
    if (compared == 0) {
        fail("--only: '%s' is no operation of this comparison", versus->only);
    }
}

void versus_print_figure(
    struct versus *versus, const char *name, double *ours, double *peers, double wanted_most) {
    double ratios[VERSUS_ROUNDS_MAX];
    for (size_t i = 0; i < versus->rounds; i++) {
        ratios[i] = ours[i] / peers[i];
    }
    const struct spread ratio = spread_of(ratios, versus->rounds);
    const struct spread ours_spread = spread_of(ours, versus->rounds);
    const struct spread peers_spread = spread_of(peers, versus->rounds);
    (void)printf("{\"figure\":\"%s\",\"rounds\":%zu", name, versus->rounds);
    print_figure("ours", ours_spread);
    print_figure("peer", peers_spread);
    print_figure("ratio", ratio);
    (void)printf("}\n");
    if (!versus->has_heading) {
        versus->has_heading = true;
        (void)fprintf(
            versus->table,
            "| figure | ours | the built-in in Go | ratio (spread) |\n|---|---|---|---|\n");
    }
    (void)fprintf(
        versus->table,
        "| %s | %.0f | %.0f | %.2f (%.2f–%.2f)%s |\n",
        name,
        ours_spread.median,
        peers_spread.median,
        ratio.median,
        ratio.low,
        ratio.high,
        at_most(ratio.median, wanted_most));
}

void versus_close(struct versus *versus) {
    (void)fclose(versus->table);
    for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
        subject_close(&versus->subjects[i]);
    }
    struct subject *const further[] = {&versus->spinning, &versus->go};
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
        if (further[i]->drive.loop != NULL) {
            subject_close(further[i]);
        }
    }
}
