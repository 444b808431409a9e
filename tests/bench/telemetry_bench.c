/*
 * What telemetry costs a state call: dk-redis without it, with metrics, and with 1 % and 100 % of the calls
 * traced, all on one Redis.
 *
 *     this program ══ Unix sockets ══▶ dk-redis ×4 ──▶ redis-server
 *       core 1                           core 0           core 0
 *                                          └── OTLP ──▶ core_echo, which takes every span and says so (core 1)
 *
 * First in time: all four are alive, a round measures each right beside the one without telemetry, and who goes first
 * changes. A ratio is of such a pair; the CPU of a process counts until it is quiet after its calls, so that spans
 * which wait for their batch are in it.
 *
 * Then in instructions, which no neighbour changes: each under callgrind by itself, twice with another number of
 * calls, as counts_bench does; the exporter's thread is in it, the kernel is not.
 *
 * Prints one JSON object per line: medians and spread, then the ratios with their bounds. DK_BIN names the folder of
 * the programs; core_echo lies beside this one.
 *
 *   telemetry_bench [CALLS [ROUNDS [COUNTED_CALLS]]]   0 rounds, 0 counted calls: without that part
 */
#include "bench/load/callgrind.h"
#include "bench/load/figure.h"
#include "bench/load/stage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_BYTES = 128, INFLIGHT = 64, WARM_UP_CALLS = 3000, WORDS = 10, TEXT_BYTES = 96 };

static const struct variant {
    const char *name, *socket;
    bool has_metrics;
    const char *ratio; /* of the calls that are traced; NULL: none */
    double most;       /* CPU per call, to that without telemetry; 0: no bound */
} variants[] = {
    {"no telemetry", "off", false, NULL, 0},
    {"metrics", "metrics", true, NULL, 1.03},
    {"1 % traced", "few", false, "0.01", 1.03},
    {"100 % traced", "all", false, "1", 1.15},
};
enum { VARIANTS = sizeof variants / sizeof variants[0], NAMES = 2 };

struct contest {
    struct stage stage;
    struct process sink;
    char endpoint[TEXT_BYTES];
    struct subject subjects[VARIANTS];
    char names[VARIANTS][NAMES][TEXT_BYTES];
    struct figure cpus[VARIANTS], ratios[VARIANTS];
};

static void sink_open(struct contest *contest, const char *program) {
    char path[256], here[256], log[128], text[16];
    const int port = server_port();
    (void)snprintf(here, sizeof here, "%s", program);
    (void)snprintf(path, sizeof path, "%s/core_echo", dirname(here));
    (void)snprintf(log, sizeof log, "%s/sink.log", contest->stage.folder);
    (void)snprintf(text, sizeof text, "%d", port);
    (void)snprintf(
        contest->endpoint,
        sizeof contest->endpoint,
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d",
        port);
    const char *const words[] = {path, text, "empty", NULL};
    process_start(&contest->sink, log, STAGE_LOAD_CORE, words);
    wait_for_port(port);
}

/* `counter` are words that run the program under something else; NULL: none. */
static void variant_open(struct contest *contest, size_t which, const char *const *counter) {
    const struct variant *variant = &variants[which];
    const char *before[WORDS + 1] = {"env"};
    size_t words = 1;
    char ratio[TEXT_BYTES], port[16];
    (void)snprintf(
        ratio,
        sizeof ratio,
        "OTEL_TRACES_SAMPLER_ARG=%s",
        variant->ratio == NULL ? "0" : variant->ratio);
    (void)snprintf(port, sizeof port, "%d", server_port());
    if (variant->ratio != NULL) {
        before[words++] = contest->endpoint;
        before[words++] = "OTEL_TRACES_SAMPLER=parentbased_traceidratio";
        before[words++] = ratio;
        before[words++] = "OTEL_BSP_SCHEDULE_DELAY=100";
        /* What is dropped costs less than what is sent. */
        before[words++] = "OTEL_BSP_MAX_QUEUE_SIZE=65536";
    }
    for (; counter != NULL && *counter != NULL && words < WORDS; counter++) {
        before[words++] = *counter;
    }
    const char *const metered[] = {"--metrics-port", port, NULL};
    const char *const nothing[] = {NULL};
    subject_open_with(
        &contest->subjects[which],
        &contest->stage,
        "dk-redis",
        variant->socket,
        before,
        variant->has_metrics ? metered : nothing);
}

/* ── in time ────────────────────────────────────────────────────────────────────────────────── */

/* Until a process has been quiet for longer than a batch of spans waits. */
static int64_t cpu_when_quiet_us(const struct process *process) {
    enum { LOOKS_MAX = 100, QUIET_LOOKS = 4, QUIET_US = 200 };
    const struct timespec look = {.tv_nsec = 50 * 1000 * 1000};
    int64_t before_us = process_cpu_us(process);
    for (size_t quiet = 0, looks = 0; quiet < QUIET_LOOKS && looks < LOOKS_MAX; looks++) {
        (void)nanosleep(&look, NULL);
        const int64_t now = process_cpu_us(process);
        quiet = now - before_us < QUIET_US ? quiet + 1 : 0;
        before_us = now;
    }
    return before_us;
}

/* CPU per call. */
static double measure(
    struct contest *contest, size_t which, enum operation_kind kind, uint64_t calls) {
    struct subject *subject = &contest->subjects[which];
    struct operation operation;
    operation_make(&operation, kind, VALUE_BYTES);
    (void)drive_run(&subject->drive, &operation, WARM_UP_CALLS, INFLIGHT);
    const int64_t before_us = cpu_when_quiet_us(&subject->process);
    (void)drive_run(&subject->drive, &operation, calls, INFLIGHT);
    const int64_t cpu_us = cpu_when_quiet_us(&subject->process) - before_us;
    operation_free(&operation);
    return (double)cpu_us / (double)calls;
}

static void contest_round(
    struct contest *contest, uint64_t round, enum operation_kind kind, uint64_t calls) {
    for (size_t i = 1; i < VARIANTS; i++) {
        const bool is_none_first = (round + i) % 2 == 0;
        double pair[2];
        for (size_t turn = 0; turn < 2; turn++) {
            const bool is_none = is_none_first == (turn == 0);
            pair[is_none ? 0 : 1] = measure(contest, is_none ? 0 : i, kind, calls);
        }
        if (i == 1 + round % (VARIANTS - 1)) { /* as many figures of none as of the others */
            figure_note(&contest->cpus[0], pair[0]);
        }
        figure_note(&contest->cpus[i], pair[1]);
        figure_note(&contest->ratios[i], pair[1] / pair[0]);
    }
}

static void contest_name(struct contest *contest, const char *operation) {
    static const char *const parts[] = {"CPU per call", "CPU per call, to none"};
    for (size_t i = 0; i < VARIANTS; i++) {
        for (size_t k = 0; k < NAMES; k++) {
            (void)snprintf(
                contest->names[i][k],
                TEXT_BYTES,
                "%s, %s: %s",
                operation,
                variants[i].name,
                parts[k]);
        }
        contest->cpus[i] = (struct figure){.name = contest->names[i][0], .unit = "us"};
        contest->ratios[i] = (struct figure){.name = contest->names[i][1], .unit = "%"};
    }
}

static bool contest_judge(struct contest *contest) {
    bool is_good = true;
    for (size_t i = 0; i < VARIANTS; i++) {
        (void)figure_print(&contest->cpus[i]);
        if (variants[i].most > 0) {
            const double median = figure_print_ratio(&contest->ratios[i]);
            is_good =
                figure_judge(contest->ratios[i].name, median, variants[i].most, false) && is_good;
        }
    }
    return is_good;
}

/* What an exporter said of its spans when it ended. */
static void variant_close(struct contest *contest, size_t which) {
    struct subject *subject = &contest->subjects[which];
    subject_close(subject);
    if (variants[which].ratio != NULL) {
        const struct process *process = &subject->process;
        (void)printf(
            "{\"variant\":\"%s\",\"spans_exported\":%lld,\"spans_not_taken\":%lld,"
            "\"spans_dropped\":%lld}\n",
            variants[which].name,
            (long long)process_log_count(process, "the exporter is closed", "exported"),
            (long long)process_log_count(process, "the exporter is closed", "not_taken"),
            (long long)process_log_count(process, "the exporter is closed", "queue_full"));
    }
}

static const enum operation_kind kinds[] = {OPERATION_SET, OPERATION_GET};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool contest_time(struct contest *contest, uint64_t calls, uint64_t rounds) {
    bool is_good = true;
    for (size_t i = 0; i < VARIANTS; i++) {
        variant_open(contest, i, NULL);
    }
    for (size_t k = 0; k < KINDS; k++) {
        contest_name(contest, operation_name(kinds[k]));
        for (uint64_t round = 0; round < rounds; round++) {
            contest_round(contest, round, kinds[k], calls);
        }
        is_good = contest_judge(contest) && is_good;
    }
    for (size_t i = 0; i < VARIANTS; i++) {
        variant_close(contest, i);
    }
    return is_good;
}

/* ── in instructions ────────────────────────────────────────────────────────────────────────── */

static void counted_run(
    struct contest *contest,
    size_t which,
    enum operation_kind kind,
    uint64_t calls,
    struct callgrind_counts *counts) {
    char out[128], option[160];
    struct operation operation;
    (void)snprintf(out, sizeof out, "%s/callgrind", contest->stage.folder);
    (void)snprintf(option, sizeof option, "--callgrind-out-file=%s", out);
    const char *const counter[] = {"valgrind", "--tool=callgrind", option, NULL};
    variant_open(contest, which, counter);
    operation_make(&operation, kind, VALUE_BYTES);
    (void)drive_run(&contest->subjects[which].drive, &operation, calls, INFLIGHT);
    operation_free(&operation);
    subject_close(&contest->subjects[which]);
    callgrind_read(counts, out);
    (void)unlink(out);
}

static bool contest_count(struct contest *contest, uint64_t calls) {
    enum { FEW_SHARE = 5 };
    static struct callgrind_counts few, many;
    bool is_good = true;
    for (size_t k = 0; k < KINDS; k++) {
        double none = 0;
        for (size_t i = 0; i < VARIANTS; i++) {
            char name[TEXT_BYTES];
            (void)snprintf(
                name,
                sizeof name,
                "%s, %s: instructions per call, to none",
                operation_name(kinds[k]),
                variants[i].name);
            counted_run(contest, i, kinds[k], calls / FEW_SHARE, &few);
            counted_run(contest, i, kinds[k], calls, &many);
            (void)printf(
                "{\"operation\":\"%s\",\"variant\":\"%s\",\"instructions_per_call\":",
                operation_name(kinds[k]),
                variants[i].name);
            const double each = callgrind_print(&few, &many, calls - calls / FEW_SHARE);
            (void)printf("}\n");
            none = i == 0 ? each : none;
            if (variants[i].most > 0) {
                is_good = figure_judge(name, each / none, variants[i].most, false) && is_good;
            }
            (void)fflush(stdout);
        }
    }
    return is_good;
}

int main(int argc, char **argv) {
    static struct contest contest;
    const uint64_t calls = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 20000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 0, FIGURE_ROUNDS_MAX) : 21;
    const uint64_t counted = argc > 3 ? figure_argument(argv[3], 0, 1000000) : 30000;
    bool is_good = true;

    stage_open(&contest.stage);
    stage_print_machine();
    sink_open(&contest, argv[0]);
    if (rounds > 0) {
        is_good = contest_time(&contest, calls, rounds);
    }
    if (counted > 0) {
        is_good = contest_count(&contest, counted) && is_good;
    }
    process_stop(&contest.sink);
    stage_close(&contest.stage);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
