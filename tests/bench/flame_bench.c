/*
 * Where the time goes: each program under `perf record` while it is called as fast as it answers. One file of
 * perf's for each row into the folder $DK_FLAME, which `./dev bench flame` turns into pictures and tables.
 * The stacks are copied and unwound afterwards, because Debian's libraries keep no frame pointers.
 *
 * DK_BIN names the folder of the programs, DK_PERF_EVENT what perf samples, DK_KAFKA Kafka's folder for
 * pubsub.
 *
 *   flame_bench state|pubsub|app [CALLS]
 */
#include "bench/load/figure.h"
#include "bench/load/publish.h"
#include "bench/load/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name) {
    const char *const value = getenv(name);
    if (value == NULL) {
        fail("%s is not set; ./dev bench flame sets it", name);
    }
    return value;
}

static void record(
    const struct scene *scene,
    enum operation_kind kind,
    size_t value_size,
    uint64_t calls,
    size_t inflight) {
    char file[256];
    struct operation operation;
    (void)snprintf(
        file,
        sizeof file,
        "%s/%s-%s.perf",
        variable("DK_FLAME"),
        scene->program,
        operation_name(kind));
    const char *const tool[] = {
        "perf",
        "record",
        "--quiet",
        "--event",
        variable("DK_PERF_EVENT"),
        "--freq",
        "1999",
        "--call-graph",
        "dwarf,8192",
        "--output",
        file,
        "--",
        NULL};
    operation_make(&operation, kind, value_size);
    scene_run(scene, tool, &operation, calls / operation.calls_share, inflight);
    operation_free(&operation);
}

static void record_state(uint64_t calls) {
    struct stage redis;
    stage_open(&redis);
    const struct scene scene = {
        .program = "dk-redis", .redis = &redis, .folder = redis.folder, .core = STAGE_SERVERS_CORE};
    record(&scene, OPERATION_SET, 128, calls, 64); /* leaves what is read next */
    record(&scene, OPERATION_GET, 128, calls, 64);
    stage_close(&redis);
}

static void record_pubsub(uint64_t calls) {
    struct kafka_stage kafka;
    stage_pin(STAGE_LOAD_CORE);
    kafka_stage_open(&kafka, STAGE_SERVERS_CORE);
    kafka_stage_topic(&kafka, PUBLISH_TOPIC, 1);
    const struct scene scene = {
        .program = "dk-kafka", .kafka = &kafka, .folder = kafka.folder, .core = STAGE_SERVERS_CORE};
    record(&scene, OPERATION_PUBLISH, 1024, calls, 128);
    kafka_stage_close(&kafka);
}

static void record_app(uint64_t calls) {
    char folder[] = "/tmp/dk-bench.XXXXXX";
    if (mkdtemp(folder) == NULL) {
        fail("no folder under /tmp");
    }
    stage_pin(STAGE_LOAD_CORE);
    const struct scene scene = {
        .program = "dk-probe", .folder = folder, .core = STAGE_SERVERS_CORE};
    record(&scene, OPERATION_INVOKE, 128, calls, 64);
    stage_remove_folder(folder);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*record)(uint64_t calls);
        uint64_t calls;
    } subjects[] = {
        {"state", record_state, 600000},
        {"pubsub", record_pubsub, 400000},
        {"app", record_app, 100000},
    };
    for (size_t i = 0; argc > 1 && i < sizeof subjects / sizeof subjects[0]; i++) {
        if (strcmp(argv[1], subjects[i].name) == 0) {
            subjects[i].record(
                argc > 2 ? figure_argument(argv[2], 1000, 100000000) : subjects[i].calls);
            return EXIT_SUCCESS;
        }
    }
    fail("'%s' is not one of state, pubsub, app", argc > 1 ? argv[1] : "");
}
