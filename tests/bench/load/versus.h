#ifndef TESTS_BENCH_LOAD_VERSUS_H
#define TESTS_BENCH_LOAD_VERSUS_H

#include "bench/load/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Two programs in turn, A B A B …: ours first. Prints one JSON object per line for each program and
 * row, and a Markdown table into the file that --markdown names. The figure of a program is the median
 * of its rounds, with the spread; the ratio is the median of the ratios pair by pair. Losses are
 * printed like wins; a wrong answer ends the run.
 *
 *   BENCH [--calls N] [--rounds N] [--only OPERATION] [--markdown FILE]
 *
 * Thread: the benchmark's.
 */
enum { VERSUS_SUBJECTS = 2, VERSUS_ROUNDS_MAX = 31 };

enum versus_left {
    VERSUS_OURS,
    VERSUS_SPINNING, /* ours that polls before it sleeps */
    VERSUS_GO, /* a component in Go, beside a built-in: what any component pays for being one */
    VERSUS_LEFTS
};

/* What is compared, and what is claimed of it; 0: nothing is. */
struct versus_row {
    enum operation_kind kind;
    size_t value_size, inflight;
    double throughput_wanted; /* ours to the peer's, at least */
    double cpu_wanted;        /* CPU per call, at most */
    double p50_wanted;        /* at most */
    double p99_wanted;        /* at most */
    double rss_wanted;        /* at most */
    enum versus_left left;    /* who stands on the left of the ratio */
};

/* What one round of one subject gave; latencies of 0: the row has none. */
struct versus_sample {
    double calls_per_s, p50_us, p90_us, p99_us, max_us, component_cpu_us, server_cpu_us, rss_kib;
};

struct versus {
    uint64_t calls;
    size_t rounds;
    const char *only; /* the one operation to compare; NULL: all */
    FILE *table;
    bool has_heading;    /* of versus_print_figure */
    struct stage *stage; /* NULL: it does not play before Redis, and measures by itself */
    const char *server_name;
    const struct process *server; /* whose CPU is told beside the component's */
    struct subject subjects[VERSUS_SUBJECTS];
    struct subject spinning, go; /* for the rows that want them; zeroed: there is none */
    /* One round of one row; `index` is the subject's. */
    struct versus_sample (*measure)(
        struct versus *versus, size_t index, const struct versus_row *row);
    /* The kind of write that gives every key its value before a row is measured. */
    enum operation_kind filler;
};

/* Reads the command line, opens the table, prints the versions of $DK_VERSIONS; the caller prints the
 * machine and opens the subjects. With a stage, it is set to measure state. */
void versus_open(struct versus *versus, struct stage *stage, int argc, char **argv);
/* A sample of calls by the drive: `calls` of them, after a warm-up. */
struct versus_sample versus_drive(
    struct versus *versus,
    struct subject *subject,
    struct operation *operation,
    uint64_t calls,
    size_t inflight);
void versus_run(struct versus *versus, const struct versus_row *rows, size_t count);
/* One figure by itself, a value of each subject for each round; `values` are put in order. */
void versus_print_figure(
    struct versus *versus, const char *name, double *ours, double *peers, double wanted_most);
/* Ends the subjects that were opened. */
void versus_close(struct versus *versus);

#endif /* TESTS_BENCH_LOAD_VERSUS_H */
