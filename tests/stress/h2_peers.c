/*
 * Good peers are clients on a loop of their own; bad ones write bytes by hand.
 *
 * Waiting is for what the other side does: an answer, the end of the connection.
 */
#include "stress/h2_peers.h"

#include "core/loop.h"
#include "support/h2_client.h"
#include "support/h2_script.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    IN_FLIGHT = 16,
    LARGE_BYTES = 20 * 1024,
    TALK_MESSAGES = 3,
    CODE_CANCEL = 8, /* RST_STREAM's */
    STATUS_LATE = 4, /* DEADLINE_EXCEEDED */
    ROUNDS = 40,
    BATCH = 100,         /* calls that are reset together */
    HALVES = 12,         /* half requests of a connection */
    DEAF_CALLS = 64,     /* × what Big answers is more than a socket and an outbox hold */
    PATIENCE_MS = 60000, /* then the server has hung */
};

#define WORDS(literal) ((struct dk_bytes)DK_BYTES(literal))

static _Noreturn void fail(const char *what, int number) {
    (void)fprintf(stderr, "h2_stress: %s (%d)\n", what, number);
    exit(EXIT_FAILURE);
}

/* ── good ───────────────────────────────────────────────────────────────────────────────────── */

enum kind { ECHO, LARGE, LATER, NEVER, CANCELLED, TALK, KINDS };

struct slot {
    enum kind kind;
    struct h2_call *call; /* NULL: free */
};

static char large[LARGE_BYTES];

static void slot_begin(struct slot *slot, struct h2_client *client, enum kind kind) {
    static const char *const deadline[] = {"grpc-timeout", "20m", NULL};
    slot->kind = kind;
    switch (kind) {
    case ECHO:
    case KINDS:
        slot->call = h2_call_unary(client, "/h2.Service/Echo", NULL, WORDS("small"));
        break;
    case LARGE:
        slot->call =
            h2_call_unary(client, "/h2.Service/Echo", NULL, (struct dk_bytes){large, sizeof large});
        break;
    case LATER:
        slot->call = h2_call_unary(client, "/h2.Service/Later", NULL, WORDS("small"));
        break;
    case NEVER:
        slot->call = h2_call_unary(client, "/h2.Service/Never", deadline, WORDS("small"));
        break;
    case CANCELLED:
        slot->call = h2_call_unary(client, "/h2.Service/Later", NULL, WORDS("small"));
        h2_call_reset(slot->call, CODE_CANCEL);
        break;
    case TALK:
        slot->call = h2_call_open(client, "/h2.Service/Talk", NULL);
        for (int i = 0; i < TALK_MESSAGES; i++) {
            h2_call_send(slot->call, WORDS("small"));
        }
        h2_call_half_close(slot->call);
        break;
    }
}

static void slot_end(struct slot *slot, struct peer *peer) {
    if (slot->call == NULL) {
        return;
    }
    if (!h2_call_wait(slot->call)) {
        fail("a call never ended", (int)slot->kind);
    }
    const int status = h2_call_status(slot->call);
    const struct dk_bytes answer = h2_call_answer(slot->call, 0);
    const size_t answers = slot->kind == TALK ? TALK_MESSAGES : 1;
    const struct dk_bytes wanted =
        slot->kind == LARGE ? (struct dk_bytes){large, sizeof large} : WORDS("small");
    if (slot->kind == CANCELLED) {
        peer->cancelled++;
    } else if (slot->kind == NEVER && status == STATUS_LATE) {
        peer->late++;
    } else if (
        slot->kind != NEVER && status == 0 && h2_call_answers(slot->call) == answers &&
        dk_bytes_equal(answer, wanted)) {
        peer->answered++;
    } else {
        (void)fprintf(
            stderr,
            "kind %d: '%s', %zu answers, reset %d code %u\n",
            (int)slot->kind,
            h2_call_message(slot->call),
            h2_call_answers(slot->call),
            (int)slot->call->is_reset,
            slot->call->reset_code);
        fail("a good call ended with status", status);
    }
    h2_call_free(slot->call);
    slot->call = NULL;
}

void *peer_good(void *context) {
    struct peer *peer = context;
    struct slot slots[IN_FLIGHT] = {{ECHO, NULL}};
    struct dk_loop *loop = NULL;
    char address[128];
    (void)snprintf(address, sizeof address, "unix:%s", peer->path);
    if (dk__loop_new(&loop, NULL) != DK_OK) {
        fail("no loop", errno);
    }
    struct h2_client *client = h2_client_new(loop, address, NULL);
    for (unsigned i = 0; i < PEER_CALLS; i++) {
        slot_end(&slots[i % IN_FLIGHT], peer);
        slot_begin(&slots[i % IN_FLIGHT], client, (enum kind)((i + peer->seed) % KINDS));
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        slot_end(&slots[i], peer);
    }
    h2_client_free(client);
    dk__loop_free(loop);
    return NULL;
}

/* ── bad ────────────────────────────────────────────────────────────────────────────────────── */

static int raw_open(struct peer *peer) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(place.sun_path, sizeof place.sun_path, "%s", peer->path);
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&place, sizeof place) != 0) {
        fail("no connection", errno);
    }
    peer->connections++;
    return descriptor;
}

static void raw_drain(int descriptor) {
    char bytes[4096];
    while (recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
}

/* Writes all, reading meanwhile unless it is deaf. False: the server has ended the connection. */
static bool raw_write(int descriptor, const uint8_t *bytes, size_t size, bool is_deaf) {
    while (size > 0) {
        const ssize_t sent = send(descriptor, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd wait = {
            .fd = descriptor, .events = (short)(is_deaf ? POLLOUT : POLLOUT | POLLIN)};
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
            continue;
        }
        if (errno != EAGAIN) {
            return false;
        }
        const int ready = poll(&wait, 1, PATIENCE_MS);
        if (ready == 0) {
            fail("the server neither reads nor ends the connection", errno);
        }
        if ((wait.revents & (POLLHUP | POLLERR)) != 0) {
            return false;
        }
        if (!is_deaf) {
            raw_drain(descriptor);
        }
    }
    return true;
}

static size_t put_call(
    uint8_t *target, uint32_t stream, const char *path, unsigned flags, struct dk_bytes message) {
    static const struct dk_bytes none = {.data = NULL, .size = 0};
    const size_t size = h2_write_request(target, H2_END_HEADERS, stream, path, none, none);
    return size + h2_write_message(target + size, flags, stream, message);
}

void *peer_resets(void *context) {
    static const struct dk_bytes cancel = DK_BYTES("\0\0\0\x08");
    struct peer *peer = context;
    uint8_t *bytes = malloc(BATCH * (size_t)(H2_HEADERS_BYTES_MAX + 64));
    for (int round = 0; bytes != NULL && round < ROUNDS / 4; round++) {
        const int descriptor = raw_open(peer);
        uint32_t stream = 1;
        size_t size = h2_write_preface(bytes);
        bool is_open = raw_write(descriptor, bytes, size, false);
        for (int batch = 0; is_open && batch < ROUNDS; batch++) {
            size = 0;
            for (int i = 0; i < BATCH; i++, stream += 2) {
                size +=
                    put_call(bytes + size, stream, "/h2.Service/Later", H2_END_STREAM, WORDS("x"));
                size += h2_write_frame(bytes + size, H2_RST_STREAM, 0, stream, cancel);
            }
            is_open = raw_write(descriptor, bytes, size, false);
            raw_drain(descriptor);
        }
        peer->ended += is_open ? 0 : 1;
        (void)close(descriptor);
    }
    free(bytes);
    return NULL;
}

void *peer_halves(void *context) {
    static const struct dk_bytes none = {.data = NULL, .size = 0};
    static const struct dk_bytes part = DK_BYTES("\0\0\x0f\0\0and then nothing");
    struct peer *peer = context;
    int descriptors[ROUNDS / 4];
    uint8_t bytes[HALVES * (H2_HEADERS_BYTES_MAX + 64)];
    for (int round = 0; round < ROUNDS; round++) {
        const int at = round % (ROUNDS / 4); /* so many at once */
        size_t size = h2_write_preface(bytes);
        if (round >= ROUNDS / 4) {
            (void)close(descriptors[at]);
        }
        descriptors[at] = raw_open(peer);
        for (uint32_t i = 0; i < HALVES; i++) {
            size += h2_write_request(
                bytes + size, H2_END_HEADERS, 2 * i + 1, "/h2.Service/Echo", none, none);
            size += h2_write_frame(bytes + size, H2_DATA, 0, 2 * i + 1, part);
        }
        peer->ended += raw_write(descriptors[at], bytes, size, false) ? 0 : 1;
    }
    for (int at = 0; at < ROUNDS / 4; at++) {
        (void)close(descriptors[at]);
    }
    return NULL;
}

/* Windows so wide that only the socket stops the server. */
static size_t put_wide(uint8_t *bytes) {
    static const struct dk_bytes window = DK_BYTES("\0\4\x7f\xff\xff\xff");
    static const struct dk_bytes more = DK_BYTES("\x40\0\0\0");
    enum { WINDOW_UPDATE = 8 };
    size_t size = h2_write_preface(bytes);
    size += h2_write_frame(bytes + size, H2_SETTINGS, 0, 0, window);
    return size + h2_write_frame(bytes + size, WINDOW_UPDATE, 0, 0, more);
}

void *peer_deaf(void *context) {
    struct peer *peer = context;
    uint8_t bytes[DEAF_CALLS * (H2_HEADERS_BYTES_MAX + 64)];
    const int descriptor = raw_open(peer);
    size_t size = put_wide(bytes);
    for (uint32_t i = 0; i < DEAF_CALLS; i++) {
        size += put_call(bytes + size, 2 * i + 1, "/stress.T/Big", H2_END_STREAM, WORDS(""));
    }
    if (raw_write(descriptor, bytes, size, true)) {
        struct pollfd wait = {.fd = descriptor, .events = 0}; /* the end alone */
        if (poll(&wait, 1, PATIENCE_MS) != 1) {
            fail("a peer that never reads is kept", errno);
        }
    }
    peer->ended++;
    (void)close(descriptor);
    return NULL;
}

void *peer_stingy(void *context) {
    static const struct dk_bytes no_window = DK_BYTES("\0\4\0\0\0\0");
    struct peer *peer = context;
    uint8_t bytes[DEAF_CALLS * (H2_HEADERS_BYTES_MAX + 64)];
    for (int round = 0; round < ROUNDS / 8; round++) {
        const int descriptor = raw_open(peer);
        size_t size = h2_write_preface(bytes);
        size += h2_write_frame(bytes + size, H2_SETTINGS, 0, 0, no_window);
        for (uint32_t i = 0; i < DEAF_CALLS; i++) {
            size += put_call(bytes + size, 2 * i + 1, "/stress.T/Big", H2_END_STREAM, WORDS(""));
        }
        peer->ended += raw_write(descriptor, bytes, size, false) ? 0 : 1;
        raw_drain(descriptor);
        (void)close(descriptor);
    }
    return NULL;
}

void *peer_comes(void *context) {
    struct peer *peer = context;
    uint8_t bytes[H2_HEADERS_BYTES_MAX + 64];
    for (unsigned round = 0; round < 4 * ROUNDS; round++) {
        const int descriptor = raw_open(peer);
        size_t size = 0;
        switch ((round + peer->seed) % 4) {
        case 0: /* nothing at all */
            break;
        case 1: /* no HTTP/2 */
            size = sizeof "GET / HTTP/1.1\r\n\r\n" - 1;
            memcpy(bytes, "GET / HTTP/1.1\r\n\r\n", size);
            break;
        case 2: /* a call whose answer it does not wait for */
            size = h2_write_preface(bytes);
            size += put_call(bytes + size, 1, "/h2.Service/Later", H2_END_STREAM, WORDS("x"));
            break;
        default: /* half a preface */
            size = h2_write_preface(bytes) / 2;
            break;
        }
        peer->ended += raw_write(descriptor, bytes, size, false) ? 0 : 1;
        (void)close(descriptor);
    }
    return NULL;
}
