/*
 * Instructions per call, counted by valgrind's callgrind: figures that neither neighbours nor the
 * clock's rate change. Each program runs twice with another number of calls, and the difference of the
 * counts is divided by the difference of the calls, so that start, Init and end fall out. What a
 * library of the program executes is told apart; the kernel's part is not counted.
 *
 * Prints one JSON object per line. DK_BIN names the folder of the programs, DK_KAFKA that of Kafka.
 *
 *   counts_bench [CALLS [OPERATION]]
 */
#include "bench/load/callgrind.h"
#include "bench/load/figure.h"
#include "bench/load/publish.h"
#include "bench/load/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PULL_PARTITIONS = 64 };

static const char pull_topic[] = "bench-pull";

/* ── a run ──────────────────────────────────────────────────────────────────────────────────── */

/* The counts of a whole life with so many calls. */
static void run(
    const struct scene *scene,
    struct operation *operation,
    uint64_t calls,
    size_t inflight,
    struct callgrind_counts *counts) {
    char out[128], option[160];
    (void)snprintf(out, sizeof out, "%s/callgrind", scene->folder);
    (void)snprintf(option, sizeof option, "--callgrind-out-file=%s", out);
    const char *const tool[] = {"valgrind", "--tool=callgrind", option, NULL};
    scene_run(scene, tool, operation, calls, inflight);
    callgrind_read(counts, out);
    (void)unlink(out);
}

static const char *only; /* the operation that is asked for; NULL: all */

static void measure(
    const struct scene *scene,
    enum operation_kind kind,
    size_t value_size,
    uint64_t calls,
    size_t inflight) {
    enum { FEW_SHARE = 5 };
    static struct callgrind_counts few, many;
    struct operation operation;
    if (only != NULL && strcmp(only, operation_name(kind)) != 0) {
        return;
    }
    operation_make(&operation, kind, value_size);
    calls /= operation.calls_share;
    run(scene, &operation, calls / FEW_SHARE, inflight, &few);
    run(scene, &operation, calls, inflight, &many);
    operation_free(&operation);
    (void)printf(
        "{\"program\":\"%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
        "\"instructions_per_call\":",
        scene->program,
        operation_name(kind),
        value_size,
        inflight);
    (void)callgrind_print(&few, &many, calls - calls / FEW_SHARE);
    (void)printf("}\n");
    (void)fflush(stdout);
}

/* What is read must be there, also when nothing else was asked for. */
static void fill(const struct scene *scene) {
    const char *const no_tool[] = {NULL};
    struct operation operation;
    operation_make(&operation, OPERATION_SET, 128);
    scene_run(scene, no_tool, &operation, OPERATION_KEYS, 16);
    operation_free(&operation);
}

int main(int argc, char **argv) {
    const uint64_t calls = argc > 1 ? figure_argument(argv[1], 1000, 1000000) : 20000;
    only = argc > 2 ? argv[2] : NULL;
    struct stage redis;
    struct kafka_stage kafka;
    const struct scene state = {
        .program = "dk-redis", .redis = &redis, .folder = redis.folder, .core = -1};
    const struct scene application = {.program = "dk-probe", .folder = redis.folder, .core = -1};
    const struct scene pubsub = {
        .program = "dk-kafka",
        .kafka = &kafka,
        .pull_topic = pull_topic,
        .folder = kafka.folder,
        .core = -1};
    stage_open(&redis);
    stage_print_layout("valgrind --tool=callgrind, all threads of the program");
    measure(&state, OPERATION_SET, 4096, calls, 64);
    measure(&state, OPERATION_SET, 128, calls, 1);
    measure(&state, OPERATION_SET, 128, calls, 64);
    fill(&state);
    measure(&state, OPERATION_GET, 128, calls, 64);
    measure(&state, OPERATION_BULK_GET, 128, calls, 16);
    measure(&state, OPERATION_TRANSACT, 128, calls, 64);
    measure(&application, OPERATION_INVOKE, 128, calls, 1);
    measure(&application, OPERATION_INVOKE, 128, calls, 64);
    stage_close(&redis);
    kafka_stage_open(&kafka, -1);
    kafka_stage_topic(&kafka, PUBLISH_TOPIC, 1);
    measure(&pubsub, OPERATION_PUBLISH, 1024, calls, 1);
    measure(&pubsub, OPERATION_PUBLISH, 1024, calls, 128);
    measure(&pubsub, OPERATION_BULK_PUBLISH, 1024, calls, 16);
    kafka_stage_topic(&kafka, pull_topic, PULL_PARTITIONS);
    /* Thrice as many: what is fetched ahead of the last pull is as much as in a longer run. */
    (void)raw_produce(&kafka, pull_topic, 1024, 3 * calls);
    measure(&pubsub, OPERATION_PULL, 1024, calls, PULL_PARTITIONS);
    kafka_stage_close(&kafka);
    return EXIT_SUCCESS;
}
