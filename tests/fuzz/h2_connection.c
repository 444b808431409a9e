/*
 * Bytes of a client against a server of the memory store, a stream that echoes and a method that
 * answers late. Everything is made anew for each input, so that an input alone repeats a finding.
 *
 * An input's first byte says whether the rest is a script of frames (support/h2_script.h) or the
 * connection's bytes themselves, whether the client reads, and how many bytes one write has.
 *
 * Held: the bounds of memory at every turn; meanwhile another connection's Init, Set and Get are
 * answered byte for byte as on a server that nobody disturbs; when all are gone, nothing is left.
 */
#include "core/loop.h"
#include "statestore/memory/memory_store.h"
#include "support/h2_script.h"
#include "support/h2_service.h"
#include "wire/grpc/services.h"
#include "wire/h2/connection.h"
#include "wire/h2/listener.h"
#include "wire/pbc/descriptors.h"

#include <dk/log.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    IS_SCRIPT = 1,
    HAS_PREFACE = 2, /* of its own; else the preface comes before it */
    IS_DEAF = 4,     /* never reads */
    PIECE_SHIFT = 3, /* then: bytes of one write; 0: all */
    TURNS_MAX = 64,  /* until nothing happens any more */
    ANSWER_BYTES_MAX = 4096,
};

/* Small, so that a short input meets them. */
static const struct dk__limits limits = {
    .request_bytes_max = 16 * 1024,
    .reply_bytes_max = 64 * 1024,
    .arena_bytes_max = 48 * 1024,
    .header_bytes_max = 1024,
    .outbox_bytes_max = 64 * 1024,
    .calls_max = 8,
    .connections_max = 4,
};

static const char *const paths[] = {
    "/dapr.proto.components.v1.StateStore/Init",
    "/dapr.proto.components.v1.StateStore/Set",
    "/dapr.proto.components.v1.StateStore/Get",
    "/dapr.proto.components.v1.StateStore/BulkGet",
    "/dapr.proto.components.v1.StateStore/BulkSet",
    "/dapr.proto.components.v1.QueriableStateStore/Query",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/h2.Service/Later",
    "/h2.Service/Talk",
    "/h2.Service/Nobody",
    "nonsense",
    NULL,
};

static struct dk_loop *loop;
static struct dk__server server;
static struct dk__state_services *state;
static struct dk__listener *listener;

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "h2_connection: %s\n", what);
        abort();
    }
}

/* ── the server ─────────────────────────────────────────────────────────────────────────────── */

static void server_open(void) {
    struct dk_fault fault = {.error = DK_OK};
    require(
        dk__loop_new(&loop, &fault) == DK_OK && dk__server_init(&server, loop, &limits) == DK_OK &&
            dk__state_services_new(&server, &memory_store, &state) == DK_OK &&
            dk__reflection_add(&server, &dk__component_protos) == DK_OK &&
            dk__health_add(&server) == DK_OK && dk__server_add(&server, &h2_service) == DK_OK &&
            dk__transport_h2.listen(&server, "127.0.0.1:0", &listener, &fault) == DK_OK,
        "no server");
}

static void server_close(void) {
    h2_service_release(true);
    const char *left = h2_service_left(listener);
    require(left == NULL, left);
    dk__transport_h2.close(listener);
    dk__state_services_free(state);
    dk__server_clear(&server);
    dk__loop_free(loop);
}

static void settle(void) {
    for (int i = 0; i < TURNS_MAX; i++) {
        const uint64_t before = dk__loop_counts(loop).ready;
        require(dk__loop_turn(loop, 0) == DK_OK, "the loop fails");
        const char *broken = h2_service_broken_bound(listener);
        require(broken == NULL, broken);
        if (dk__loop_counts(loop).ready == before) {
            return;
        }
    }
}

/* ── clients ────────────────────────────────────────────────────────────────────────────────── */

static int client_open(void) {
    int ends[2];
    require(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0 &&
            dk__h2_connection_new(listener, ends[1]),
        "no connection");
    settle();
    return ends[0];
}

/* Reads what there is, and keeps what has room. */
static size_t client_read(int client, uint8_t *target, size_t capacity) {
    uint8_t bytes[ANSWER_BYTES_MAX];
    size_t kept = 0;
    for (;;) {
        const ssize_t size = recv(client, bytes, sizeof bytes, 0);
        if (size <= 0) {
            return kept;
        }
        const size_t part = (size_t)size < capacity - kept ? (size_t)size : capacity - kept;
        if (part > 0) {
            memcpy(target + kept, bytes, part);
            kept += part;
        }
    }
}

struct client {
    int descriptor;
    bool is_deaf;
    size_t piece; /* bytes of one write; 0: all */
};

/* False: the server reads no more. */
static bool client_write(const struct client *client, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        const size_t part = client->piece == 0 || client->piece > size ? size : client->piece;
        const ssize_t sent = send(client->descriptor, bytes, part, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
        if (client->piece != 0 || sent < 0) {
            settle();
        }
        if (!client->is_deaf) {
            (void)client_read(client->descriptor, NULL, 0);
        }
        if (sent < 0) {
            return false;
        }
    }
    return true;
}

static void client_play(const struct client *client, struct dk_bytes input) {
    static uint8_t bytes[H2_STEP_BYTES_MAX];
    struct h2_script script = {.left = input, .paths = paths};
    bool is_open = true;
    while (is_open) {
        size_t size = 0;
        switch (h2_script_next(&script, bytes, &size)) {
        case H2_STEP_END:
            return;
        case H2_STEP_BYTES:
            is_open = client_write(client, bytes, size);
            break;
        case H2_STEP_TURN:
            settle();
            break;
        case H2_STEP_RELEASE:
            settle();
            h2_service_release(true);
            break;
        }
    }
}

/* ── somebody else ──────────────────────────────────────────────────────────────────────────── */

/* Init, Set and Get over a connection of their own; all that came back. */
static size_t ask(uint8_t *answer) {
    static const struct dk_bytes messages[] = {
        DK_BYTES(""), DK_BYTES("\x0a\x01k\x12\x05value"), DK_BYTES("\x0a\x01k")};
    static const struct dk_bytes none = {.data = NULL, .size = 0};
    uint8_t bytes[3 * (H2_HEADERS_BYTES_MAX + 64)];
    size_t size = h2_write_preface(bytes);
    const struct client client = {.descriptor = client_open()};
    for (uint32_t i = 0; i < 3; i++) {
        size += h2_write_request(bytes + size, H2_END_HEADERS, 2 * i + 1, paths[i], none, none);
        size += h2_write_message(bytes + size, H2_END_STREAM, 2 * i + 1, messages[i]);
    }
    require(
        send(client.descriptor, bytes, size, MSG_NOSIGNAL) == (ssize_t)size,
        "others cannot be heard");
    settle();
    size = client_read(client.descriptor, answer, ANSWER_BYTES_MAX);
    (void)close(client.descriptor);
    settle();
    return size;
}

/* What they are told when nobody disturbs; taken once. */
static struct dk_bytes expected(void) {
    static uint8_t answer[ANSWER_BYTES_MAX];
    static size_t size;
    if (size == 0) {
        dk_log_setup(DK_LOG_ERROR, DK_LOG_TEXT, "fuzz");
        server_open();
        size = ask(answer);
        server_close();
        bool has_value = false;
        for (size_t i = 0; i + 5 <= size; i++) {
            has_value = has_value || memcmp(answer + i, "value", 5) == 0;
        }
        require(has_value, "a quiet server has no answer");
    }
    return (struct dk_bytes){.data = (const char *)answer, .size = size};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t bytes[64], answer[ANSWER_BYTES_MAX];
    if (size == 0) {
        return 0;
    }
    const struct dk_bytes wanted = expected();
    server_open();
    const struct client client = {
        .descriptor = client_open(),
        .is_deaf = (data[0] & IS_DEAF) != 0,
        .piece = (size_t)data[0] >> PIECE_SHIFT,
    };

    const bool is_open =
        (data[0] & HAS_PREFACE) != 0 || client_write(&client, bytes, h2_write_preface(bytes));
    if ((data[0] & IS_SCRIPT) != 0) {
        client_play(&client, (struct dk_bytes){(const char *)data + 1, size - 1});
    } else if (is_open) {
        (void)client_write(&client, data + 1, size - 1);
    }
    settle();

    const size_t answer_size = ask(answer);
    require(
        dk_bytes_equal(wanted, (struct dk_bytes){(const char *)answer, answer_size}),
        "others are answered otherwise");
    (void)close(client.descriptor);
    settle();
    server_close();
    return 0;
}
