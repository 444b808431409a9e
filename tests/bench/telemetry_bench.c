/*
 * What telemetry costs a state call: dk-redis without it, with metrics, and with 1 % and 100 % of the calls
 * traced, all alive in one run on one Redis; a round measures each in turn, and who begins changes.
 *
 *     this program ══ Unix sockets ══▶ dk-redis ×4 ──▶ redis-server
 *       core 1                           core 0           core 0
 *                                          └── OTLP ──▶ core_echo, which takes every span and says so (core 1)
 *
 * The CPU of a process counts until it is quiet after its calls, so that spans which wait for their batch are in it.
 * A ratio is of two neighbours of one round. Prints one JSON object per line: medians and spread, then the ratios
 * with their bounds. DK_BIN names the folder of the programs; core_echo lies beside this one.
 *
 *   telemetry_bench [CALLS [ROUNDS]]
 */
#include "bench/load/figure.h"
#include "bench/load/stage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUE_BYTES = 128, INFLIGHT = 64, WARM_UP_CALLS = 3000, WORDS = 8, TEXT_BYTES = 96 };

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
enum { VARIANTS = sizeof variants / sizeof variants[0] };

struct contest {
    struct stage stage;
    struct process sink;
    char endpoint[TEXT_BYTES];
    struct subject subjects[VARIANTS];
    char names[VARIANTS][3][TEXT_BYTES];
    struct figure cpus[VARIANTS], rates[VARIANTS], ratios[VARIANTS];
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

static void variant_open(struct contest *contest, size_t which) {
    const struct variant *variant = &variants[which];
    char ratio[TEXT_BYTES], port[16];
    (void)snprintf(
        ratio,
        sizeof ratio,
        "OTEL_TRACES_SAMPLER_ARG=%s",
        variant->ratio == NULL ? "0" : variant->ratio);
    (void)snprintf(port, sizeof port, "%d", server_port());
    const char *const traced[WORDS] = {
        "env",
        contest->endpoint,
        "OTEL_TRACES_SAMPLER=parentbased_traceidratio",
        ratio,
        "OTEL_BSP_SCHEDULE_DELAY=100",
        "OTEL_BSP_MAX_QUEUE_SIZE=65536", /* what is dropped costs less than what is sent */
        NULL};
    const char *const metered[WORDS] = {"--metrics-port", port, NULL};
    const char *const nothing[] = {NULL};
    subject_open_with(
        &contest->subjects[which],
        &contest->stage,
        "dk-redis",
        variant->socket,
        variant->ratio == NULL ? nothing : traced,
        variant->has_metrics ? metered : nothing);
}

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

static void measure(
    struct contest *contest, size_t which, enum operation_kind kind, uint64_t calls) {
    struct subject *subject = &contest->subjects[which];
    struct operation operation;
    operation_make(&operation, kind, VALUE_BYTES);
    (void)drive_run(&subject->drive, &operation, WARM_UP_CALLS, INFLIGHT);
    const int64_t before_us = cpu_when_quiet_us(&subject->process);
    const int64_t took_us = drive_run(&subject->drive, &operation, calls, INFLIGHT);
    const int64_t cpu_us = cpu_when_quiet_us(&subject->process) - before_us;
    figure_note(&contest->cpus[which], (double)cpu_us / (double)calls);
    figure_note(&contest->rates[which], (double)calls * 1e6 / (double)took_us);
    operation_free(&operation);
}

static void contest_round(
    struct contest *contest, uint64_t round, enum operation_kind kind, uint64_t calls) {
    for (size_t i = 0; i < VARIANTS; i++) {
        measure(contest, (i + round) % VARIANTS, kind, calls);
    }
    for (size_t i = 1; i < VARIANTS; i++) {
        figure_note(
            &contest->ratios[i], contest->cpus[i].rounds[round] / contest->cpus[0].rounds[round]);
    }
}

static void contest_name(struct contest *contest, const char *operation) {
    static const char *const parts[] = {"CPU per call", "calls a second", "CPU per call, to none"};
    for (size_t i = 0; i < VARIANTS; i++) {
        for (size_t k = 0; k < 3; k++) {
            (void)snprintf(
                contest->names[i][k],
                TEXT_BYTES,
                "%s, %s: %s",
                operation,
                variants[i].name,
                parts[k]);
        }
        contest->cpus[i] = (struct figure){.name = contest->names[i][0], .unit = "us"};
        contest->rates[i] = (struct figure){.name = contest->names[i][1], .unit = "1/s"};
        contest->ratios[i] = (struct figure){.name = contest->names[i][2], .unit = "%"};
    }
}

static bool contest_judge(struct contest *contest) {
    bool is_good = true;
    for (size_t i = 0; i < VARIANTS; i++) {
        (void)figure_print(&contest->cpus[i]);
        (void)figure_print(&contest->rates[i]);
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

int main(int argc, char **argv) {
    static const enum operation_kind kinds[] = {OPERATION_SET, OPERATION_GET};
    static struct contest contest;
    const uint64_t calls = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 60000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 11;
    bool is_good = true;

    stage_open(&contest.stage);
    stage_print_machine();
    sink_open(&contest, argv[0]);
    for (size_t i = 0; i < VARIANTS; i++) {
        variant_open(&contest, i);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        contest_name(&contest, operation_name(kinds[k]));
        for (uint64_t round = 0; round < rounds; round++) {
            contest_round(&contest, round, kinds[k], calls);
        }
        is_good = contest_judge(&contest) && is_good;
    }
    for (size_t i = 0; i < VARIANTS; i++) {
        variant_close(&contest, i);
    }
    process_stop(&contest.sink);
    stage_close(&contest.stage);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
