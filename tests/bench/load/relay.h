#ifndef TESTS_BENCH_LOAD_RELAY_H
#define TESTS_BENCH_LOAD_RELAY_H

#include "bench/load/kafka.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What the way through a second process costs: one thread that takes messages of one size from a
 * Unix socket, hands each to librdkafka at once, and gives one byte back for each that is confirmed.
 * No HTTP/2, no protobuf, no checks. It is no lower bound: who gathers messages into larger batches may
 * be faster.
 *
 * Thread: the benchmark's. What cannot be done ends the benchmark with words.
 */
struct relay_figures {
    double per_s;   /* messages */
    int64_t p50_us; /* from a message's write to its confirmation; with one in flight, else 0 */
    double cpu_us;  /* of the relay, per message */
};

/* `messages` of them, `batch` written at a time, `inflight` unconfirmed at most; both divide it. */
struct relay_figures relay_run(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t inflight,
    uint64_t batch);

/* The way back: one thread that consumes a topic from its beginning by librdkafka's own settings and
 * writes the values, all of one size, to the socket, `window` of them unconfirmed at most; a byte that
 * comes back confirms one. The rate is from the first message to the last. */
struct relay_figures relay_pull(
    const struct kafka_stage *stage,
    const char *topic,
    size_t size,
    uint64_t messages,
    uint64_t window);

#endif /* TESTS_BENCH_LOAD_RELAY_H */
