/*
 * Whether memory stays flat: a mix of reads, writes, bulks, transactions, deletes and refused writes
 * over a fixed set of keys, a million calls to each program. After the first tenth, when every pool
 * and every buffer has been as large as it gets, the program may grow by GROWTH_KIB_MAX and no more.
 *
 *     soak_bench [CALLS]
 *
 * Prints one JSON object per program, its resident memory after each tenth. DK_BIN names the folder
 * of the programs. Fails when a program grew further, or answered one call wrongly.
 */
#include "bench/load/stage.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TENTHS = 10,
    INFLIGHT = 64,
    VALUE_BYTES = 128,
    GROWTH_KIB_MAX = 256, /* a byte lost in each of a million calls is 900 KiB */
};

/* One turn of the mix goes over the same keys: what the answers hold follows from this order. */
static const enum operation_kind mix[] = {
    OPERATION_SET,
    OPERATION_GET,
    OPERATION_SET_STALE,
    OPERATION_BULK_SET,
    OPERATION_BULK_GET,
    OPERATION_TRANSACT,
    OPERATION_SET_TTL,
    OPERATION_SET_BAD_TTL,
    OPERATION_PING,
    OPERATION_DELETE,
};
enum { MIX = sizeof mix / sizeof mix[0] };

/* One line of JSON; false when the program grew too far. */
static bool soak(struct stage *stage, const char *program, uint64_t calls) {
    static struct operation operations[MIX];
    struct subject subject;
    int64_t base_kib = 0, kib = 0;

    subject_open(&subject, stage, program, 0);
    for (size_t i = 0; i < MIX; i++) {
        operation_make(&operations[i], mix[i], VALUE_BYTES);
    }
    (void)printf(
        "{\"program\":\"%s\",\"operation\":\"mix of %d\",\"calls\":%llu,\"in_flight\":%d,"
        "\"rss_kib\":[",
        subject.name,
        MIX,
        (unsigned long long)calls,
        INFLIGHT);
    for (int tenth = 1; tenth <= TENTHS; tenth++) {
        (void)drive_run_mix(&subject.drive, operations, MIX, calls / TENTHS, INFLIGHT);
        kib = process_rss_kib(&subject.process);
        base_kib = tenth == 1 ? kib : base_kib;
        (void)printf("%s%lld", tenth == 1 ? "" : ",", (long long)kib);
        (void)fflush(stdout);
    }
    (void)printf(
        "],\"grown_kib\":%lld,\"bound_kib\":%d}\n", (long long)(kib - base_kib), GROWTH_KIB_MAX);
    for (size_t i = 0; i < MIX; i++) {
        operation_free(&operations[i]);
    }
    subject_close(&subject);
    stage_flush(stage);
    return kib - base_kib <= GROWTH_KIB_MAX;
}

int main(int argc, char **argv) {
    uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct stage stage;

    if (calls < 1000 || calls > 100000000) {
        fail("'%s' is no number of calls from 1000 to 100000000", argv[1]);
    }
    calls -= calls % (TENTHS * MIX); /* whole turns, or the keys of the operations part */
    stage_open(&stage);
    stage_print_machine();
    const bool is_redis_flat = soak(&stage, "dk-redis", calls);
    const bool is_memory_flat = soak(&stage, "dk-memory", calls);
    stage_close(&stage);
    return is_redis_flat && is_memory_flat ? EXIT_SUCCESS : EXIT_FAILURE;
}
