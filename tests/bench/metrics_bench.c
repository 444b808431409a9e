/*
 * What it costs to count an RPC: the observer of wire/grpc alone, for the end of one call, with many
 * calls in a turn of the loop and with one. The loop's own turns are measured beside it and taken off.
 *
 * Prints one JSON object per line: CPU in ns per call, the median of ROUNDS and the spread.
 */
#include "core/loop.h"
#include "wire/grpc/observer.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/rpc_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, CALLS = 1000000, MANY = 64 };

static void run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)rpc;
    (void)request;
}

static const struct dk__method methods[] = {{"Set", run}, {0}};
static const struct dk__service service = {
    .name = "t.Store", .methods = methods, .kind = "state", .owner = "dk-bench"};

static double cpu_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Turns with so many ends in each; their CPU. */
static double turns_ns(struct dk__server *server, size_t turns, size_t ends) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    struct dk__rpc rpc = {.server = server, .service = &service, .method = &methods[0]};
    const double begun = cpu_ns();
    for (size_t turn = 0; turn < turns; turn++) {
        (void)dk__loop_turn(server->loop, 0);
        rpc.begun_us = dk_loop_now_us(server->loop);
        for (size_t i = 0; i < ends; i++) {
            server->observers->on_ended(server->observers, &rpc, &ok);
        }
    }
    return cpu_ns() - begun;
}

static int by_size(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(struct dk__server *server, size_t ends) {
    const size_t turns = CALLS / ends;
    double costs[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        const double with = turns_ns(server, turns, ends);
        costs[i] = (with - turns_ns(server, turns, 0)) / (double)(turns * ends);
    }
    qsort(costs, ROUNDS, sizeof costs[0], by_size);
    (void)printf(
        "{\"what\":\"count an RPC\",\"calls_in_a_turn\":%zu,\"cpu_ns\":%.1f,\"least\":%.1f,"
        "\"most\":%.1f}\n",
        ends,
        costs[ROUNDS / 2],
        costs[0],
        costs[ROUNDS - 1]);
}

int main(void) {
    struct dk_loop *loop = NULL;
    struct dk__server server;
    struct dk_fault fault = {0};
    dk_metrics_add(dk__component_metrics);
    if (dk__loop_new(&loop, &fault) != DK_OK ||
        dk__server_init(&server, loop, &dk__limits_default) != DK_OK ||
        dk__server_add(&server, &service) != DK_OK) {
        (void)fprintf(stderr, "metrics_bench: no memory\n");
        return EXIT_FAILURE;
    }
    struct dk__rpc_metrics *metrics = dk__rpc_metrics_new(&server);
    if (metrics == NULL) {
        (void)fprintf(stderr, "metrics_bench: no memory\n");
        return EXIT_FAILURE;
    }
    measure(&server, MANY);
    measure(&server, 1);
    dk__rpc_metrics_free(metrics);
    dk__server_clear(&server);
    dk__loop_free(loop);
    return EXIT_SUCCESS;
}
