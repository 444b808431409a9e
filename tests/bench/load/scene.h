#ifndef TESTS_BENCH_LOAD_SCENE_H
#define TESTS_BENCH_LOAD_SCENE_H

#include "bench/load/kafka.h"
#include "bench/load/operation.h"
#include "bench/load/stage.h"

/*
 * A program's whole life under a tool that watches it: valgrind, perf. The tool starts it, it gets its
 * Init, so many calls, and SIGTERM.
 *
 * Thread: the benchmark's. What cannot be set up ends the benchmark with words.
 */
struct scene {
    const char *program;       /* in $DK_BIN */
    struct stage *redis;       /* a state store's, or */
    struct kafka_stage *kafka; /* a broker's; both NULL: dk-probe, an application on a port */
    const char *pull_topic;    /* a broker's: what OPERATION_PULL reads, from its beginning */
    const char *folder;        /* where sockets and logs lie */
    int core;                  /* of the program; −1: the scheduler's choice */
};

/* `tool` is what stands before the program, a list that ends with NULL. */
void scene_run(
    const struct scene *scene,
    const char *const *tool,
    struct operation *operation,
    uint64_t calls,
    size_t inflight);

#endif /* TESTS_BENCH_LOAD_SCENE_H */
