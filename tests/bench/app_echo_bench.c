/*
 * What our application SDK costs beside gRPC C core itself: OnInvoke, whose body comes back as it is.
 *
 *     dk-probe     request decoded, a worker, the handler, answer encoded
 *     core_echo    the bare server: the request's bytes go back
 *
 * Both serve on one core, the load comes from the other, over one TCP connection, as daprd has it. A
 * round measures both, one after the other, and who begins changes. Every answer is checked. Judged is what a
 * second of CPU gives: it is what a core gives when nobody else wants it, and neighbours change it little. Prints
 * one JSON object per line: the medians of the rounds with their spread, then the ratios of the pairs.
 * DK_BIN names the folder of dk-probe; core_echo lies beside this program.
 *
 *   app_echo_bench [CALLS [ROUNDS]]
 */
#include "bench/load/figure.h"
#include "bench/load/stage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 128, WARM_UP_CALLS = 2000, LONE_SHARE = 4, SERVERS = 2 };

struct server {
    const char *name;
    struct process process;
    struct drive drive;
};

/* Of one number of calls in flight. */
struct contest {
    size_t inflight;
    uint64_t calls;
    struct figure rates[SERVERS], cpus[SERVERS], rate_ratio, cpu_ratio;
};

static void server_open(
    struct server *server, const char *folder, const char *program, const char *port_flag) {
    char log[160], text[16], address[32];
    const int port = server_port();
    (void)snprintf(log, sizeof log, "%s/%s.log", folder, server->name);
    (void)snprintf(text, sizeof text, "%d", port);
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    const char *const words[] = {
        program, port_flag != NULL ? port_flag : text, port_flag != NULL ? text : NULL, NULL};
    process_start(&server->process, log, STAGE_SERVERS_CORE, words);
    wait_for_port(port);
    drive_open(&server->drive, address);
}

static void server_close(struct server *server) {
    drive_close(&server->drive);
    process_stop(&server->process);
}

static void measure(
    struct contest *contest, struct server *servers, size_t which, struct operation *operation) {
    struct server *server = &servers[which];
    (void)drive_run(&server->drive, operation, WARM_UP_CALLS, contest->inflight);
    const int64_t before_us = process_cpu_us(&server->process);
    const int64_t took_us = drive_run(&server->drive, operation, contest->calls, contest->inflight);
    const int64_t cpu_us = process_cpu_us(&server->process) - before_us;
    figure_note(&contest->rates[which], (double)contest->calls * 1e6 / (double)took_us);
    figure_note(&contest->cpus[which], (double)cpu_us / (double)contest->calls);
}

static double last(const struct figure *figure) {
    return figure->rounds[figure->count - 1];
}

static void contest_run(struct contest *contest, struct server *servers, uint64_t rounds) {
    struct operation operation;
    operation_make(&operation, OPERATION_INVOKE, BODY_BYTES);
    for (uint64_t i = 0; i < rounds; i++) {
        measure(contest, servers, i % SERVERS, &operation);
        measure(contest, servers, (i + 1) % SERVERS, &operation);
        figure_note(&contest->rate_ratio, last(&contest->rates[0]) / last(&contest->rates[1]));
        figure_note(&contest->cpu_ratio, last(&contest->cpus[0]) / last(&contest->cpus[1]));
    }
    operation_free(&operation);
}

static bool contest_judge(struct contest *contest) {
    enum { LEAST_PERCENT = 90 };
    char text[96];
    for (size_t i = 0; i < SERVERS; i++) {
        (void)figure_print(&contest->rates[i]);
        (void)figure_print(&contest->cpus[i]);
    }
    (void)figure_print_ratio(&contest->rate_ratio);
    const double cpu = figure_print_ratio(&contest->cpu_ratio);
    (void)snprintf(
        text, sizeof text, "OnInvoke a CPU second, %zu in flight, to core_echo", contest->inflight);
    return figure_judge(text, 1 / cpu, LEAST_PERCENT / 100.0, true);
}

/* A contest of so many in flight; names live as long as the program. */
static struct contest contest_of(size_t inflight, uint64_t calls, char names[6][64]) {
    static const char *const parts[] = {
        "dk-probe calls a second",
        "core_echo calls a second",
        "dk-probe CPU per call",
        "core_echo CPU per call",
        "calls a second, ratio",
        "CPU per call, ratio"};
    struct contest contest = {.inflight = inflight, .calls = calls};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s, %zu in flight", parts[i], inflight);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        contest.rates[i] = (struct figure){.name = names[i], .unit = "1/s"};
        contest.cpus[i] = (struct figure){.name = names[2 + i], .unit = "us"};
    }
    contest.rate_ratio = (struct figure){.name = names[4], .unit = "%"};
    contest.cpu_ratio = (struct figure){.name = names[5], .unit = "%"};
    return contest;
}

int main(int argc, char **argv) {
    static char names[2][6][64];
    char probe[256], echo[256], here[256], folder[] = "/tmp/dk-bench.XXXXXX";
    struct server servers[SERVERS] = {{.name = "dk-probe"}, {.name = "core_echo"}};
    const uint64_t calls = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 40000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 9;
    if (getenv("DK_BIN") == NULL || mkdtemp(folder) == NULL) {
        fail("DK_BIN names no folder of programs, or there is no folder under /tmp");
    }
    (void)snprintf(here, sizeof here, "%s", argv[0]);
    (void)snprintf(probe, sizeof probe, "%s/dk-probe", getenv("DK_BIN"));
    (void)snprintf(echo, sizeof echo, "%s/core_echo", dirname(here));
    struct contest contests[] = {
        contest_of(64, calls, names[0]), contest_of(1, calls / LONE_SHARE, names[1])};

    stage_pin(STAGE_LOAD_CORE);
    stage_print_layout("the server on core 0, load on core 1, one connection");
    server_open(&servers[0], folder, probe, "--app-port");
    server_open(&servers[1], folder, echo, NULL);
    bool is_good = true;
    for (size_t i = 0; i < sizeof contests / sizeof contests[0]; i++) {
        contest_run(&contests[i], servers, rounds);
        is_good = contest_judge(&contests[i]) && is_good;
    }
    server_close(&servers[0]);
    server_close(&servers[1]);
    stage_remove_folder(folder);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
