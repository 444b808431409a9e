#ifndef TESTS_BENCH_LOAD_DRIVE_H
#define TESTS_BENCH_LOAD_DRIVE_H

#include "bench/load/operation.h"

#include <stddef.h>
#include <stdint.h>

struct dk_loop;
struct h2_client;

/*
 * A load generator: one connection, as daprd has it, and a fixed number of calls in flight; when
 * one ends the next begins in its place. Every answer is checked; a wrong one ends the benchmark.
 *
 * Thread: the benchmark's. Bound: DRIVE_INFLIGHT_MAX; latencies of the first DRIVE_SAMPLES_MAX calls.
 */
enum { DRIVE_INFLIGHT_MAX = 256, DRIVE_SAMPLES_MAX = 400000 };

struct drive {
    struct dk_loop *loop;
    struct h2_client *client;
    const char *instance;         /* x-component-instance; NULL: none is sent */
    struct operation *operations; /* that begin in turn */
    size_t operation_count;
    uint64_t begun, done, wanted;
    int64_t *latencies_us; /* DRIVE_SAMPLES_MAX */
};

/* Connects to "unix:/path" or "host:port"; the program must answer there. */
void drive_open(struct drive *drive, const char *address);
/* Accepts what never opened. */
void drive_close(struct drive *drive);

/* Makes `calls` calls, so many in flight; returns the µs it took. */
int64_t drive_run(
    struct drive *drive, struct operation *operation, uint64_t calls, size_t inflight);

/* The same with `count` operations in turn: a mix, whose calls begin in this order. */
int64_t drive_run_mix(
    struct drive *drive,
    struct operation *operations,
    size_t count,
    uint64_t calls,
    size_t inflight);

/* A call by itself, its answer dropped; a status that is not OK ends the benchmark. */
void drive_once(struct drive *drive, const char *path, struct dk_bytes request);

/* µs of the last run: 0 is the fastest call, 1000 the slowest, 500 the median. */
int64_t drive_latency_us(struct drive *drive, unsigned permille);

int64_t now_us(void);

#endif /* TESTS_BENCH_LOAD_DRIVE_H */
