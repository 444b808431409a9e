/*
 * dk-redis beside Dapr's built-in state.redis in Go, each behind its own socket, on the same Redis in
 * the same run. Both components and Redis share one core; the load comes from the other. The rows say
 * what this project set out to reach.
 */
#include "bench/load/versus.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    static const struct versus_row rows[] = {
        /* kind, value bytes, in flight, throughput ≥, CPU ≤, p50 ≤, p99 ≤, RSS ≤, left */
        {OPERATION_SET, 128, 1, 0, 0, 0.7, 0, 0, VERSUS_OURS},
        {OPERATION_SET, 128, 1, 0, 0, 0.5, 0, 0, VERSUS_SPINNING},
        {OPERATION_SET, 128, 16, 0, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_SET, 128, 64, 4, 1 / 6.0, 0, 0.5, 0, VERSUS_OURS},
        {OPERATION_SET, 128, 256, 0, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_SET_ETAG, 128, 64, 4, 1 / 6.0, 0, 0.5, 0, VERSUS_OURS},
        {OPERATION_SET_TTL, 128, 64, 6, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_GET, 128, 1, 0, 0, 0.7, 0, 0, VERSUS_OURS},
        {OPERATION_GET, 128, 1, 0, 0, 0.5, 0, 0, VERSUS_SPINNING},
        {OPERATION_GET, 128, 16, 0, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_GET, 128, 64, 3.5, 1 / 6.0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_GET, 128, 256, 0, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_BULK_GET, 128, 16, 20, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_BULK_SET, 128, 16, 6, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_TRANSACT, 128, 64, 3, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_SET, 4096, 64, 2.5, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_GET, 4096, 64, 3.5, 0, 0, 0, 0, VERSUS_OURS},
    };
    struct versus versus;
    struct stage stage;

    stage_open(&stage);
    versus_open(&versus, &stage, argc, argv);
    stage_print_machine();
    subject_open(&versus.subjects[0], &stage, "dk-redis", 0);
    subject_open(&versus.spinning, &stage, "dk-redis", STAGE_SPIN_US);
    subject_open_peer(&versus.subjects[1], &stage);
    versus_run(&versus, rows, sizeof rows / sizeof rows[0]);
    versus_close(&versus);
    stage_close(&stage);
    return EXIT_SUCCESS;
}
