/*
 * The whole way, as an application sees it: state through daprd's gRPC API, once with dk-redis as a
 * pluggable component, once with the built-in state.redis inside daprd. Both daprds, the component
 * and Redis share one core; the load comes from the other. CPU is daprd's and the component's together.
 *
 * DAPRD names a daprd, DAPRD_COMPARE one that has the built-ins.
 */
#include "bench/load/versus.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    static const struct versus_row rows[] = {
        /* kind, value bytes, in flight, throughput ≥, CPU ≤, p50 ≤, p99 ≤, RSS ≤, spins */
        {OPERATION_DAPRD_SAVE, 128, 1, 0, 0, 1.25, 0, 0, false},
        {OPERATION_DAPRD_GET, 128, 1, 0, 0, 1.25, 0, 0, false},
        {OPERATION_DAPRD_SAVE, 128, 64, 1, 0, 0, 0, 0, false},
        {OPERATION_DAPRD_GET, 128, 64, 1, 0, 0, 0, 0, false},
        {OPERATION_DAPRD_BULK_GET, 128, 16, 2, 0, 0, 0, 0, false},
    };
    struct versus versus;
    struct stage stage;

    stage_open(&stage);
    versus_open(&versus, &stage, argc, argv);
    stage_print_machine();
    versus.filler = OPERATION_DAPRD_SAVE;
    subject_open_daprd(&versus.subjects[0], &stage, getenv("DAPRD"), true);
    subject_open_daprd(&versus.subjects[1], &stage, getenv("DAPRD_COMPARE"), false);
    versus_run(&versus, rows, sizeof rows / sizeof rows[0]);
    versus_close(&versus);
    stage_close(&stage);
    return EXIT_SUCCESS;
}
