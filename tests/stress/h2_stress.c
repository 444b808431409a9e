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
#include "wire/grpc/rpc.h"
#include "wire/grpc/transport.h"
#include "wire/h2/connection.h"
#include "wire/h2/listener.h"

#include <dk/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

enum {
    PEERS_MAX = 16,
    GOOD_PEERS = 3,
    TICK_US = 1000, /* the backend answers, bounds are looked at */
    STALL_US = 300 * 1000,
    BIG_BYTES = 256 * 1024,
    HELD_MAX = 8192, /* more than orphans and calls of all connections in one tick */
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

static struct dk__rpc *held[HELD_MAX];
static size_t held_count;
static char big[BIG_BYTES];
static uint64_t ticks;

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "h2_stress: %s\n", what);
        abort();
    }
}

/* ── the server ─────────────────────────────────────────────────────────────────────────────── */

static void echo_run(struct dk__rpc *rpc, struct dk_bytes request) {
    dk__rpc_answer(rpc, request);
}

static void big_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    dk__rpc_answer(rpc, (struct dk_bytes){big, sizeof big});
}

static void hold_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    require(held_count < HELD_MAX, "more calls are held than there may be");
    held[held_count++] = rpc;
}

static void talk_message(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    require(dk__rpc_message_end(rpc), "a message of a stream does not fit");
}

static void talk_half_close(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    dk__rpc_finish(rpc, &ok);
}

static const struct dk__streaming talk = {
    .on_message = talk_message, .on_half_close = talk_half_close};
static const struct dk__method methods[] = {
    {"Echo", echo_run, NULL},
    {"Big", big_run, NULL},
    {"Later", hold_run, NULL},
    {"Never", hold_run, NULL},
    {"Talk", NULL, &talk},
    {NULL, NULL, NULL},
};
static const struct dk__service service = {.name = "stress.T", .methods = methods};

/* What a slow backend does: Later is answered now, Never when nobody waits for it any more. */
static void release(bool all) {
    size_t kept = 0;
    for (size_t i = 0; i < held_count; i++) {
        const bool is_never = strcmp(held[i]->method->name, "Never") == 0;
        if (all || !is_never || held[i]->call.is_over) {
            dk__rpc_answer(held[i], held[i]->request);
        } else {
            held[kept++] = held[i];
        }
    }
    held_count = kept;
}

/* ── bounds ─────────────────────────────────────────────────────────────────────────────────── */

static void check_bounds(void) {
    const size_t orphans_max = DK__H2_ORPHANS_PER_CALL * (size_t)limits.calls_max;
    const size_t requests_max = DK__H2_REQUESTS_PER_MESSAGE * limits.request_bytes_max +
                                limits.connections_max * (size_t)DK__H2_REQUEST_KEPT_BYTES;
    require(listener->request_bytes <= requests_max, "requests have no bound");
    require(
        listener->orphans.count <=
            orphans_max + limits.connections_max * ((size_t)limits.calls_max + DK__H2_ORPHANS_KEPT),
        "orphans have no bound");
    require(listener->connection_count <= limits.connections_max, "connections have no bound");
    require(listener->memory.kept_bytes <= DK__H2_KEPT_BYTES_MAX, "nghttp2's blocks have no bound");
    for (const struct dk__h2_connection *at = listener->connections; at != NULL; at = at->next) {
        require(at->streams.count <= limits.calls_max + 1, "streams have no bound");
        require(
            at->outbox.bytes <= DK__H2_OUTBOX_MARK + DK__H2_OUTBOX_BEYOND,
            "an outbox has no bound");
        require(
            at->waiting_bytes <= DK__H2_WAITING_PER_OUTBOX * limits.outbox_bytes_max,
            "answers that wait have no bound");
    }
}

static void on_tick(struct dk_timer *timer) {
    ticks++;
    check_bounds();
    release(false);
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
    release(true);
    require(listener->connection_count == 0, "a connection is left");
    require(listener->orphans.count == 0, "an orphan is left");
    require(listener->request_bytes == 0, "bytes of requests are left");
    require(server.rpcs_open == 0, "a call is left");
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
