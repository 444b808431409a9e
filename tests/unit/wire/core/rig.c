/*
 * The server's thread turns its loop until the rig posts the end to it; the test's thread blocks.
 */
#include "rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct rig rig;

const struct dk__status rig_status = {
    .code = DK__CODE_ABORTED,
    .message = DK_BYTES("half a \xC3\xA4pfel%\n"),
    .details = DK_BYTES("\x08\x0A\x00\xFF"),
};

/* ── methods ────────────────────────────────────────────────────────────────────────────────── */

static void run_echo(struct dk__rpc *rpc, struct dk_bytes request) {
    dk__rpc_answer(rpc, request);
}

static void run_fail(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    dk__rpc_finish(rpc, &rig_status);
}

static void run_hold(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    cr_assert(lt(sz, rig.held_count, (size_t)RIG_HELD_MAX));
    rig.held[rig.held_count++] = rpc;
    (void)atomic_fetch_add(&rig.held_now, 1);
}

static void run_pairs(struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk_bytes in = DK_BYTES("x-in"), in_binary = DK_BYTES("x-in-bin");
    const struct dk_bytes out = DK_BYTES("x-out"), out_binary = DK_BYTES("x-out-bin");
    for (size_t i = 0; i < rpc->metadata.count; i++) {
        const struct dk_pair *pair = &rpc->metadata.items[i];
        if (dk_bytes_equal(pair->key, in)) {
            rpc->ops->add_header(rpc, out, pair->value);
        } else if (dk_bytes_equal(pair->key, in_binary)) {
            rpc->ops->add_trailer(rpc, out_binary, pair->value);
        }
    }
    dk__rpc_answer(rpc, request);
}

static const struct dk__status status_ok = {.code = DK__CODE_OK};

static void send(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    (void)dk__rpc_message_end(rpc);
}

static void talk_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    send(rpc, message);
}

static void talk_on_half_close(struct dk__rpc *rpc) {
    dk__rpc_finish(rpc, &status_ok);
}

static void on_over(struct dk__rpc *rpc) {
    (void)rpc;
    (void)atomic_fetch_add(&rig.overs, 1);
}

static void pour(struct dk__rpc *rpc) {
    static char zeros[POUR_BYTES];
    size_t *left = rpc->context;
    while (*left > 0 && dk__rpc_can_send(rpc)) {
        send(rpc, (struct dk_bytes){zeros, sizeof zeros});
        (*left)--;
    }
    if (*left == 0) {
        dk__rpc_finish(rpc, &status_ok);
    }
}

static void pour_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    char text[16] = "";
    rpc->context = dk__arena_take(&rpc->call.arena, sizeof(size_t));
    memcpy(text, message.data, message.size < sizeof text ? message.size : sizeof text - 1);
    *(size_t *)rpc->context = (size_t)atoi(text);
    pour(rpc);
}

static const struct dk__streaming talk = {
    .on_message = talk_on_message, .on_half_close = talk_on_half_close, .on_over = on_over};
static void pour_on_half_close(struct dk__rpc *rpc) {
    (void)rpc; /* it ends by itself */
}
static const struct dk__streaming pouring = {
    .on_message = pour_on_message,
    .on_half_close = pour_on_half_close,
    .on_writable = pour,
    .on_over = on_over,
    .one_request = true,
};

static const struct dk__method methods[] = {
    {"Echo", run_echo},
    {"Fail", run_fail},
    {"Hold", run_hold},
    {"Pairs", run_pairs},
    {"Talk", .streaming = &talk},
    {"Pour", .streaming = &pouring},
    {0},
};
static const struct dk__service service = {.name = "test.T", .methods = methods};

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

void each_transport(void (*test)(void)) {
    const struct dk__transport *const transports[] = {&dk__transport_h2, &dk__transport_core};
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        rig_open(transports[i], false, NULL);
        test();
        rig_close();
    }
}

static void on_stop(struct dk__work *work) {
    (void)work;
    dk__loop_stop(rig.loop);
}

static void *serve(void *context) {
    (void)context;
    cr_assert(eq(int, dk__loop_run(rig.loop), DK_OK));
    rig.transport->close(rig.listener);
    for (size_t i = 0; i < rig.held_count; i++) {
        dk__rpc_finish(rig.held[i], &status_ok);
    }
    return NULL;
}

void rig_open(const struct dk__transport *transport, bool is_tcp, const struct dk__limits *limits) {
    struct dk_fault fault = {0};
    memset(&rig, 0, sizeof rig);
    rig.transport = transport;
    rig.stop.on_arrival = on_stop;
    (void)snprintf(rig.folder, sizeof rig.folder, "/tmp/dk-core-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(rig.folder), NULL));
    (void)snprintf(rig.address, sizeof rig.address, "unix:%s/s", rig.folder);
    cr_assert(eq(int, dk__loop_new(&rig.loop, &fault), DK_OK));
    cr_assert(
        eq(int,
           dk__server_init(&rig.server, rig.loop, limits == NULL ? &dk__limits_default : limits),
           DK_OK));
    cr_assert(eq(int, dk__server_add(&rig.server, &service), DK_OK));
    const char *address = is_tcp ? "127.0.0.1:0" : rig.address;
    cr_assert(
        eq(int, transport->listen(&rig.server, address, &rig.listener, &fault), DK_OK),
        "%s",
        fault.text);
    if (is_tcp) {
        (void)snprintf(
            rig.address, sizeof rig.address, "127.0.0.1:%d", transport->port(rig.listener));
    }
    cr_assert(eq(int, pthread_create(&rig.thread, NULL, serve, NULL), 0));
    cr_assert(eq(int, dk__channels_new(&rig.channels, &fault), DK_OK));
}

void rig_connect(void (*change)(struct dk__channel_config *config)) {
    struct dk__channel_config config = dk__channel_config_default;
    struct dk_fault fault = {0};
    config.target = rig.address;
    if (change != NULL) {
        change(&config);
    }
    cr_assert(
        eq(int, dk__channel_new(rig.channels, &config, &rig.channel, &fault), DK_OK),
        "%s",
        fault.text);
}

void rig_close(void) {
    char path[128];
    dk__channel_free(rig.channel);
    dk__channels_free(rig.channels);
    dk__loop_post(rig.loop, &rig.stop);
    cr_assert(eq(int, pthread_join(rig.thread, NULL), 0));
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    dk__server_clear(&rig.server);
    dk__loop_free(rig.loop);
    (void)snprintf(path, sizeof path, "%s/s", rig.folder);
    (void)unlink(path);
    (void)rmdir(rig.folder);
}

/* ── waiting ────────────────────────────────────────────────────────────────────────────────── */

int64_t rig_in_ms(int64_t delay_ms) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + delay_ms * 1000;
}

void rig_await(bool (*is_true)(void *context), void *context) {
    const int64_t end_us = rig_in_ms(RIG_WAIT_MS);
    while (!is_true(context)) {
        const struct timespec pause = {.tv_nsec = 1000000};
        cr_assert(lt(i64, rig_in_ms(0), end_us), "the condition never held");
        (void)nanosleep(&pause, NULL);
    }
}

static bool is_held(void *context) {
    return atomic_load(&rig.held_now) >= *(const unsigned *)context;
}

void rig_await_held(unsigned count) {
    rig_await(is_held, &count);
}

struct dk__client_call *rig_call(const char *path) {
    const struct dk__client_request request = {.path = path, .deadline_us = rig_in_ms(RIG_WAIT_MS)};
    struct dk__client_call *call = NULL;
    struct dk_fault fault = {0};
    cr_assert(
        eq(int, dk__client_call_new(rig.channel, &request, &call, &fault), DK_OK),
        "%s",
        fault.text);
    return call;
}
