/*
 * wire/h2 among good and bad peers, each on a thread of its own: calls, streams, deadlines and
 * cancels beside rapid resets, half requests, peers that never read or open no window, and those
 * that come and go.
 *
 * Held, while it goes on: every bound of memory. At the end: good calls were all answered rightly,
 * the counts add up, and nothing is left. Runs under the thread and the address sanitizer too.
 */
#include "core/loop.h"
#include "stress/h2_peers.h"
#include "support/h2_service.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/transport.h"
#include "wire/h2/listener.h"

#include <dk/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PEERS_MAX = 16,
    GOOD_PEERS = 3,
    TICK_US = 1000, /* the backend answers, bounds are looked at */
    STALL_US = 300 * 1000,
    BIG_BYTES = 256 * 1024,
    TURN_US = 100 * 1000,
    TURNS_MAX = 600,
    RSS_MIB_MAX = 192,
};

static const struct dk__limits limits = {
    .request_bytes_max = 1 << 20,
    .reply_bytes_max = 1 << 20,
    .arena_bytes_max = 3 << 20,
    .header_bytes_max = 8192,
    .outbox_bytes_max = 1 << 20,
    .calls_max = 512,
    .connections_max = 64,
};

static char folder[] = "/tmp/dk-h2-stress-XXXXXX";
static char path[sizeof folder + 2];
static struct dk_loop *loop;
static struct dk__server server;
static struct dk__listener *listener;
static struct dk_timer tick;
static struct dk__work stop_work;
static _Atomic(unsigned) peers_left;

static char big[BIG_BYTES];
static uint64_t ticks;

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "h2_stress: %s\n", what);
        abort();
    }
}

/* ── the server ─────────────────────────────────────────────────────────────────────────────── */

static void big_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    dk__rpc_answer(rpc, (struct dk_bytes){big, sizeof big});
}

static const struct dk__method methods[] = {{"Big", big_run, NULL}, {NULL, NULL, NULL}};
static const struct dk__service service = {.name = "stress.T", .methods = methods};

static void on_tick(struct dk_timer *timer) {
    ticks++;
    const char *broken = h2_service_broken_bound(listener);
    require(broken == NULL, broken);
    h2_service_release(false);
    require(dk_timer_set(loop, timer, TICK_US) == DK_OK, "no timer");
}

/* ── the play ───────────────────────────────────────────────────────────────────────────────── */

static void on_stop(struct dk__work *work) {
    (void)work;
    dk__loop_stop(loop);
}

struct part {
    void *(*play)(void *context);
    struct peer peer;
    pthread_t thread;
};

static void *part_play(void *context) {
    struct part *part = context;
    (void)part->play(&part->peer);
    if (atomic_fetch_sub(&peers_left, 1) == 1) {
        dk__loop_post(loop, &stop_work);
    }
    return NULL;
}

static struct part parts[PEERS_MAX];

static size_t parts_start(void) {
    static void *(*const plays[])(void *) = {
        peer_good,
        peer_good,
        peer_good,
        peer_resets,
        peer_halves,
        peer_deaf,
        peer_deaf,
        peer_stingy,
        peer_comes,
        peer_comes,
    };
    const size_t count = sizeof plays / sizeof plays[0];
    atomic_init(&peers_left, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct part){.play = plays[i], .peer = {.path = path, .seed = (unsigned)i}};
        require(pthread_create(&parts[i].thread, NULL, part_play, &parts[i]) == 0, "no thread");
    }
    return count;
}

static void server_open(void) {
    struct dk_fault fault = {.error = DK_OK};
    char address[sizeof path + 5];
    require(mkdtemp(folder) != NULL, "no folder");
    (void)snprintf(path, sizeof path, "%s/s", folder);
    (void)snprintf(address, sizeof address, "unix:%s", path);
    dk_log_setup(DK_LOG_ERROR, DK_LOG_TEXT, "h2_stress");
    stop_work.on_arrival = on_stop;
    tick.on_due = on_tick;
    require(
        dk__loop_new(&loop, &fault) == DK_OK && dk__server_init(&server, loop, &limits) == DK_OK &&
            dk__server_add(&server, &h2_service) == DK_OK &&
            dk__server_add(&server, &service) == DK_OK &&
            dk__transport_h2.listen(&server, address, &listener, &fault) == DK_OK &&
            dk_timer_set(loop, &tick, TICK_US) == DK_OK,
        "no server");
    listener->stall_us = STALL_US;
}

/* All peers have gone; the server has to notice. */
static void server_empty(void) {
    for (int i = 0; i < TURNS_MAX && listener->connection_count > 0; i++) {
        require(dk__loop_turn(loop, TURN_US) == DK_OK, "the loop fails");
    }
    dk_timer_stop(loop, &tick);
    h2_service_release(true);
    const char *left = h2_service_left(listener);
    require(left == NULL, left);
}

/* The sanitizers' shadows and quarantines are not ours. */
static size_t rss_mib_max(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return RSS_MIB_MAX * (size_t)8;
#else
    return RSS_MIB_MAX;
#endif
}

int main(void) {
    struct peer all = {.path = NULL};
    struct rusage usage;
    server_open();
    const size_t count = parts_start();
    require(dk__loop_run(loop) == DK_OK, "the loop fails");
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(parts[i].thread, NULL);
        all.answered += parts[i].peer.answered;
        all.late += parts[i].peer.late;
        all.cancelled += parts[i].peer.cancelled;
        all.connections += parts[i].peer.connections;
        all.ended += parts[i].peer.ended;
    }
    server_empty();

    const struct dk__h2_counts counts = dk__h2_counts(listener);
    const uint64_t good = all.answered + all.late + all.cancelled;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf(
        "%u answered, %u late, %u cancelled; %u bad connections, %u of them ended; "
        "%llu calls, %llu answers, %llu refused, %llu calmed, %llu stalled; %llu looks at the "
        "bounds, %ld MiB\n",
        all.answered,
        all.late,
        all.cancelled,
        all.connections,
        all.ended,
        (unsigned long long)counts.calls,
        (unsigned long long)counts.answers,
        (unsigned long long)counts.refused,
        (unsigned long long)counts.calmed,
        (unsigned long long)counts.stalled,
        (unsigned long long)ticks,
        usage.ru_maxrss / 1024);
    require(good == (uint64_t)GOOD_PEERS * PEER_CALLS, "good calls are missing");
    require(counts.connections == all.connections + GOOD_PEERS, "connections are missing");
    require(counts.calls >= good && counts.answers >= all.answered + all.late, "calls are missing");
    require(counts.answers + counts.refused <= counts.calls, "more answers than calls");
    require(counts.stalled >= 2, "a peer that never read was not ended");
    require((size_t)usage.ru_maxrss / 1024 <= rss_mib_max(), "memory has no bound");
    dk__transport_h2.close(listener);
    dk__server_clear(&server);
    dk__loop_free(loop);
    (void)unlink(path);
    (void)rmdir(folder);
    return EXIT_SUCCESS;
}
