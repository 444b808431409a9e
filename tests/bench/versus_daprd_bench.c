/*
 * The whole way, as an application sees it: state through daprd's gRPC API, once with dk-redis as a
 * pluggable component, once with the built-in state.redis inside daprd; and the same built-in in a Go
 * component beside daprd, which shows what being a component costs. All of them and Redis share one
 * core; the load comes from the other. CPU is daprd's and the component's together.
 *
 * DAPRD names a daprd, DAPRD_COMPARE one that has the built-ins.
 */
#include "bench/load/versus.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    static const struct versus_row rows[] = {
        /* kind, value bytes, in flight, throughput ≥, CPU ≤, p50 ≤, p99 ≤, RSS ≤, left */
        {OPERATION_DAPRD_SAVE, 128, 1, 0, 0, 1.25, 0, 0, VERSUS_OURS},
        {OPERATION_DAPRD_SAVE, 128, 1, 0, 0, 0, 0, 0, VERSUS_SPINNING},
        {OPERATION_DAPRD_SAVE, 128, 1, 0, 0, 0, 0, 0, VERSUS_GO},
        {OPERATION_DAPRD_GET, 128, 1, 0, 0, 1.25, 0, 0, VERSUS_OURS},
        {OPERATION_DAPRD_GET, 128, 1, 0, 0, 0, 0, 0, VERSUS_SPINNING},
        {OPERATION_DAPRD_GET, 128, 1, 0, 0, 0, 0, 0, VERSUS_GO},
        {OPERATION_DAPRD_SAVE, 128, 64, 1, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_DAPRD_SAVE, 128, 64, 0, 0, 0, 0, 0, VERSUS_GO},
        {OPERATION_DAPRD_GET, 128, 64, 1, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_DAPRD_GET, 128, 64, 0, 0, 0, 0, 0, VERSUS_GO},
        {OPERATION_DAPRD_BULK_GET, 128, 16, 2, 0, 0, 0, 0, VERSUS_OURS},
        {OPERATION_DAPRD_BULK_GET, 128, 16, 0, 0, 0, 0, 0, VERSUS_GO},
    };
    struct versus versus;
    struct stage stage;

    stage_open(&stage);
    versus_open(&versus, &stage, argc, argv);
    stage_print_machine();
    versus.filler = OPERATION_DAPRD_SAVE;
    subject_open_daprd(&versus.subjects[0], &stage, STAGE_OURS);
    subject_open_daprd(&versus.spinning, &stage, STAGE_SPINNING);
    subject_open_daprd(&versus.go, &stage, STAGE_GO);
    subject_open_daprd(&versus.subjects[1], &stage, STAGE_BUILT_IN);
    versus_run(&versus, rows, sizeof rows / sizeof rows[0]);
    versus_close(&versus);
    stage_close(&stage);
    return EXIT_SUCCESS;
}
