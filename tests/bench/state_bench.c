/*
 * What a state call costs: each operation of dk-redis with 1 and 64 calls in flight, with the
 * component's CPU and Redis' in µs per call, answers per write, commands per write, wake-ups and system
 * calls per call (what the heap is asked and what is copied: heap_bench); then memory and start-up. See load/stage.h for who runs where.
 *
 * Arguments: the number of calls (100000), and the one operation that is measured, as "Ping".
 * Prints one JSON object per line. DK_BIN names the folder of the programs; DK_PEER, when given, a
 * server of grpc-go whose Ping is measured in the same run for the ratio.
 */
#include "bench/load/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP_CALLS = 2000, VALUE_BYTES = 128, LARGE_VALUE_BYTES = 4096, INFLIGHT = 64 };

static double per(int64_t amount, uint64_t calls) {
    return calls == 0 ? 0 : (double)amount / (double)calls;
}

/* Counts that the component wrote into its log when it ended. */
static void print_counts(const struct process *log) {
    const int64_t answers = process_log_count(log, "the listener is closed", "answers");
    const int64_t reads = process_log_count(log, "the listener is closed", "reads");
    const int64_t writes = process_log_count(log, "the listener is closed", "writes");
    const int64_t commands = process_log_count(log, "the link is closed", "commands");
    const int64_t link_writes = process_log_count(log, "the link is closed", "writes");
    const int64_t link_reads = process_log_count(log, "the link is closed", "reads");
    const int64_t waits = process_log_count(log, "the loop is closed", "waits");
    const int64_t chunks = process_log_count(log, "the loop is closed", "chunks_from_heap");
    const int64_t blocks = process_log_count(log, "the listener is closed", "nghttp2_blocks");
    const int64_t blocks_from_heap =
        process_log_count(log, "the listener is closed", "nghttp2_blocks_from_heap");
    (void)printf(
        ",\"answers_per_write\":%.1f,\"commands_per_write\":%.1f,"
        "\"wake_ups_per_call\":%.2f,\"system_calls_per_call\":%.2f,\"chunks_from_heap\":%lld,"
        "\"nghttp2_blocks_per_call\":%.1f,\"nghttp2_blocks_from_heap\":%lld",
        per(answers, (uint64_t)(writes > 0 ? writes : 1)),
        link_writes > 0 ? per(commands, (uint64_t)link_writes) : 0.0,
        per(waits, (uint64_t)answers),
        per(reads + writes + waits + (link_writes > 0 ? link_reads + link_writes : 0),
            (uint64_t)answers),
        (long long)chunks,
        per(blocks, (uint64_t)answers),
        (long long)blocks_from_heap);
}

/* One line of JSON; returns the component's CPU in µs per call. Counts come from a component of its
 * own, so that they belong to this operation alone. */
static double measure(
    struct stage *stage,
    const char *program,
    enum operation_kind kind,
    size_t value_size,
    size_t inflight,
    uint64_t calls) {
    struct operation operation;
    struct subject subject;
    const bool is_peer = program == NULL;
    if (is_peer) {
        subject_open_peer(&subject, stage);
    } else {
        subject_open(&subject, stage, program, 0);
    }
    struct drive *drive = &subject.drive;
    operation_make(&operation, OPERATION_SET, value_size); /* every key has its value */
    (void)drive_run(drive, &operation, OPERATION_KEYS, 16);
    operation_free(&operation);

    operation_make(&operation, kind, value_size);
    calls /= operation.calls_share;
    (void)drive_run(drive, &operation, WARM_UP_CALLS / operation.calls_share, inflight);
    const int64_t component_us = process_cpu_us(&subject.process);
    const int64_t redis_us = process_cpu_us(&stage->redis);
    const int64_t took_us = drive_run(drive, &operation, calls, inflight);
    const double component_cpu = per(process_cpu_us(&subject.process) - component_us, calls);
    const double redis_cpu = per(process_cpu_us(&stage->redis) - redis_us, calls);
    (void)printf(
        "{\"program\":\"%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
        "\"calls\":%llu,\"calls_per_s\":%.0f,\"p50_us\":%lld,\"p99_us\":%lld,"
        "\"component_cpu_us\":%.2f,\"redis_cpu_us\":%.2f,\"rss_kib\":%lld",
        subject.name,
        operation.name,
        value_size,
        inflight,
        (unsigned long long)calls,
        (double)calls * 1e6 / (double)took_us,
        (long long)drive_latency_us(drive, 500),
        (long long)drive_latency_us(drive, 990),
        component_cpu,
        redis_cpu,
        (long long)process_rss_kib(&subject.process));
    operation_free(&operation);
    subject_close(&subject);
    if (!is_peer) {
        print_counts(&subject.process);
    }
    (void)printf("}\n");
    (void)fflush(stdout);
    return component_cpu;
}

/* Start-up and memory, beside an idle Redis. */
static void measure_footprint(struct stage *stage) {
    struct subject subject;
    subject_open(&subject, stage, "dk-redis", 0);
    (void)printf(
        "{\"program\":\"dk-redis\",\"exec_to_init_answer_us\":%lld,\"idle_rss_kib\":%lld}\n",
        (long long)subject.first_answer_us,
        (long long)subject.idle_rss_kib);
    subject_close(&subject);
}

/* The figures of the project's own bounds; false when one was not reached. */
static bool judge(double ping, double peer) {
    (void)printf(
        "{\"ratio\":\"Ping CPU per call, wire/h2 to grpc-go\",\"value\":%.3f,\"bound\":0.25}\n",
        ping / peer);
    return ping / peer <= 0.25;
}

static bool is_wanted(enum operation_kind kind, const char *only) {
    return only[0] == '\0' || strcmp(operation_name(kind), only) == 0;
}

int main(int argc, char **argv) {
    static const enum operation_kind kinds[] = {
        OPERATION_PING,
        OPERATION_SET,
        OPERATION_GET,
        OPERATION_BULK_GET,
        OPERATION_BULK_SET,
        OPERATION_TRANSACT,
    };
    const char *only = argc > 2 ? argv[2] : "";
    const uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    bool is_good = true;
    struct stage stage;

    if (calls < 1000 || calls > 100000000) {
        fail("'%s' is no number of calls from 1000 to 100000000", argv[1]);
    }
    stage_open(&stage);
    stage_print_machine();
    measure_footprint(&stage);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_wanted(kinds[i], only)) {
            (void)measure(&stage, "dk-redis", kinds[i], VALUE_BYTES, 1, calls / 5);
            (void)measure(&stage, "dk-redis", kinds[i], VALUE_BYTES, INFLIGHT, calls);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        const enum operation_kind kind = i == 0 ? OPERATION_SET : OPERATION_GET;
        if (is_wanted(kind, only)) {
            (void)measure(&stage, "dk-redis", kind, LARGE_VALUE_BYTES, INFLIGHT, calls / 2);
        }
    }
    if (!is_wanted(OPERATION_PING, only)) {
        stage_close(&stage);
        return EXIT_SUCCESS;
    }
    /* The transport alone: dk-memory's Ping is answered without a backend, as the peer's is. */
    const double ping = measure(&stage, "dk-memory", OPERATION_PING, VALUE_BYTES, INFLIGHT, calls);
    if (getenv("DK_PEER") != NULL) {
        const double peer = measure(&stage, NULL, OPERATION_PING, VALUE_BYTES, INFLIGHT, calls / 2);
        is_good = judge(ping, peer);
    }
    stage_close(&stage);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
