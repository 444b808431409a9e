/*
 * What our application SDK costs beside gRPC C core itself: OnInvoke, whose body comes back as it is.
 *
 *     dk-probe            as it comes: request decoded, a worker, the handler, answer encoded
 *     dk-probe on core    the same, served by gRPC C core
 *     core_echo           the bare server: the request's bytes go back
 *     core_echo, threads  the same from a few threads: the least where a handler may block
 *
 * All serve on one core, the load comes from the other, over one TCP connection, as daprd has it. A
 * round measures each of them, one after the other, and who begins changes. Every answer is checked. Judged is
 * what a second of CPU gives: it is what a core gives when nobody else wants it, and neighbours change it
 * little. Prints one JSON object per line: the medians of the rounds with their spread, then what each gives
 * beside the bare server in the same round. DK_BIN names the folder of dk-probe; core_echo lies beside this program.
 *
 *   app_echo_bench [CALLS [ROUNDS]]
 */
#include "bench/load/figure.h"
#include "bench/load/stage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 128, WARM_UP_CALLS = 2000, LONE_SHARE = 4, NAME_BYTES = 80 };

enum { OURS, OURS_ON_CORE, BARE, BARE_THREADS, SERVERS };

struct server {
    const char *name;
    bool is_probe;       /* else core_echo */
    const char *word[2]; /* behind the port */
    struct process process;
    struct drive drive;
};

static struct server servers[SERVERS] = {
    [OURS] = {.name = "dk-probe", .is_probe = true},
    [OURS_ON_CORE] =
        {.name = "dk-probe on core", .is_probe = true, .word = {"--transport", "core"}},
    [BARE] = {.name = "core_echo"},
    [BARE_THREADS] = {.name = "core_echo, threads", .word = {"threads"}},
};

/* What is measured of a server, and beside the bare one. */
enum { RATE, CPU, SWITCHES, P50, RATE_RATIO, CPU_RATIO, FIGURES };

static const struct {
    const char *name, *unit;
} figure_rows[FIGURES] = {
    [RATE] = {"calls a second", "1/s"},
    [CPU] = {"CPU per call", "us"},
    [SWITCHES] = {"context switches per call", "1"},
    [P50] = {"p50", "us"},
    [RATE_RATIO] = {"calls a second, to core_echo", "%"},
    [CPU_RATIO] = {"calls a CPU second, to core_echo", "%"},
};

/* Of one number of calls in flight. */
struct contest {
    size_t inflight;
    uint64_t calls;
    struct figure figures[SERVERS][FIGURES];
    char names[SERVERS][FIGURES][NAME_BYTES];
};

static void server_open(struct server *server, const char *folder, const char *program) {
    enum { WORDS_MAX = 6 };
    const char *words[WORDS_MAX] = {program};
    char log[160], port_text[16], address[32];
    size_t count = 1;
    const int port = server_port();
    (void)snprintf(log, sizeof log, "%s/%s.log", folder, server->name);
    (void)snprintf(port_text, sizeof port_text, "%d", port);
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    if (server->is_probe) {
        words[count++] = "--app-port";
    }
    words[count++] = port_text;
    words[count++] = server->word[0];
    words[count] = server->word[1];
    process_start(&server->process, log, STAGE_SERVERS_CORE, words);
    wait_for_port(port);
    drive_open(&server->drive, address);
}

static void server_close(struct server *server) {
    drive_close(&server->drive);
    process_stop(&server->process);
}

static void measure(struct contest *contest, size_t which, struct operation *operation) {
    enum { P50_PERMILLE = 500 };
    struct server *server = &servers[which];
    struct figure *figures = contest->figures[which];
    const double calls = (double)contest->calls;
    (void)drive_run(&server->drive, operation, WARM_UP_CALLS, contest->inflight);
    const int64_t switches = process_switches(&server->process);
    const int64_t before_us = process_cpu_us(&server->process);
    const int64_t took_us = drive_run(&server->drive, operation, contest->calls, contest->inflight);
    const int64_t cpu_us = process_cpu_us(&server->process) - before_us;
    figure_note(&figures[RATE], calls * 1e6 / (double)took_us);
    figure_note(&figures[CPU], (double)cpu_us / calls);
    figure_note(
        &figures[SWITCHES], (double)(process_switches(&server->process) - switches) / calls);
    figure_note(&figures[P50], (double)drive_latency_us(&server->drive, P50_PERMILLE));
}

static double last(const struct figure *figure) {
    return figure->rounds[figure->count - 1];
}

static void contest_run(struct contest *contest, uint64_t rounds) {
    struct operation operation;
    operation_make(&operation, OPERATION_INVOKE, BODY_BYTES);
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < SERVERS; i++) {
            measure(contest, (round + i) % SERVERS, &operation);
        }
        for (size_t i = 0; i < SERVERS; i++) {
            struct figure *figures = contest->figures[i], *bare = contest->figures[BARE];
            figure_note(&figures[RATE_RATIO], last(&figures[RATE]) / last(&bare[RATE]));
            figure_note(&figures[CPU_RATIO], last(&bare[CPU]) / last(&figures[CPU]));
        }
    }
    operation_free(&operation);
}

static bool contest_judge(struct contest *contest) {
    enum { LEAST_PERCENT = 90 };
    char text[96];
    double ours = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        for (size_t at = 0; at < RATE_RATIO; at++) {
            (void)figure_print(&contest->figures[i][at]);
        }
    }
    for (size_t i = 0; i < SERVERS; i++) {
        if (i != BARE) {
            (void)figure_print_ratio(&contest->figures[i][RATE_RATIO]);
            const double cpu = figure_print_ratio(&contest->figures[i][CPU_RATIO]);
            ours = i == OURS ? cpu : ours;
        }
    }
    (void)snprintf(
        text, sizeof text, "OnInvoke a CPU second, %zu in flight, to core_echo", contest->inflight);
    return figure_judge(text, ours, LEAST_PERCENT / 100.0, true);
}

static void contest_make(struct contest *contest, size_t inflight, uint64_t calls) {
    *contest = (struct contest){.inflight = inflight, .calls = calls};
    for (size_t i = 0; i < SERVERS; i++) {
        for (size_t at = 0; at < FIGURES; at++) {
            (void)snprintf(
                contest->names[i][at],
                NAME_BYTES,
                "%s: %s, %zu in flight",
                servers[i].name,
                figure_rows[at].name,
                inflight);
            contest->figures[i][at] =
                (struct figure){.name = contest->names[i][at], .unit = figure_rows[at].unit};
        }
    }
}

int main(int argc, char **argv) {
    static struct contest contests[2];
    char probe[256], echo[256], here[256], folder[] = "/tmp/dk-bench.XXXXXX";
    const uint64_t calls = argc > 1 ? figure_argument(argv[1], 1000, 10000000) : 40000;
    const uint64_t rounds = argc > 2 ? figure_argument(argv[2], 1, FIGURE_ROUNDS_MAX) : 9;
    if (getenv("DK_BIN") == NULL || mkdtemp(folder) == NULL) {
        fail("DK_BIN names no folder of programs, or there is no folder under /tmp");
    }
    (void)snprintf(here, sizeof here, "%s", argv[0]);
    (void)snprintf(probe, sizeof probe, "%s/dk-probe", getenv("DK_BIN"));
    (void)snprintf(echo, sizeof echo, "%s/core_echo", dirname(here));
    contest_make(&contests[0], 64, calls);
    contest_make(&contests[1], 1, calls / LONE_SHARE);

    stage_pin(STAGE_LOAD_CORE);
    stage_print_layout("the server on core 0, load on core 1, one connection");
    for (size_t i = 0; i < SERVERS; i++) {
        server_open(&servers[i], folder, servers[i].is_probe ? probe : echo);
    }
    bool is_good = true;
    for (size_t i = 0; i < sizeof contests / sizeof contests[0]; i++) {
        contest_run(&contests[i], rounds);
        is_good = contest_judge(&contests[i]) && is_good;
    }
    for (size_t i = 0; i < SERVERS; i++) {
        server_close(&servers[i]);
    }
    stage_remove_folder(folder);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
