/*
 * The rig: one loop for server and client, so that a test is straight code without sleeps.
 */
#include "rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct rig rig;

static const struct dk__status ok = {.code = DK__CODE_OK};

/* ── methods ────────────────────────────────────────────────────────────────────────────────── */

static void echo_run(struct dk__rpc *rpc, struct dk_bytes request) {
    dk__rpc_answer(rpc, request);
}

static void big_run(struct dk__rpc *rpc, struct dk_bytes request) {
    char text[16] = "";
    memcpy(text, request.data, request.size < sizeof text - 1 ? request.size : sizeof text - 1);
    const size_t size = strtoul(text, NULL, 10);
    char *bytes = malloc(size + 1);
    memset(bytes, 'b', size);
    dk__rpc_answer(rpc, (struct dk_bytes){.data = bytes, .size = size});
    free(bytes);
}

static void fail_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    dk__rpc_finish(rpc, &rig.status);
}

static void hold_run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)request;
    cr_assert(lt(sz, rig.held_count, RIG_HELD_MAX));
    rig.held[rig.held_count++] = rpc;
}

static void pairs_run(struct dk__rpc *rpc, struct dk_bytes request) {
    char text[8192] = "";
    (void)request;
    for (size_t i = 0; i < rpc->metadata.count; i++) {
        const struct dk_pair *pair = &rpc->metadata.items[i];
        const size_t at = strlen(text);
        (void)snprintf(
            text + at,
            sizeof text - at,
            "%.*s=%.*s;",
            (int)pair->key.size,
            pair->key.data,
            (int)pair->value.size,
            pair->value.data);
    }
    rpc->ops->add_header(
        rpc, (struct dk_bytes)DK_BYTES("x-head"), (struct dk_bytes)DK_BYTES("plain"));
    rpc->ops->add_header(
        rpc, (struct dk_bytes)DK_BYTES("x-head-bin"), (struct dk_bytes)DK_BYTES("\x01\xff"));
    rpc->ops->add_trailer(
        rpc, (struct dk_bytes)DK_BYTES("x-tail"), (struct dk_bytes)DK_BYTES("late"));
    rpc->ops->add_trailer(
        rpc, (struct dk_bytes)DK_BYTES("x-tail-bin"), (struct dk_bytes)DK_BYTES("abc"));
    if (rig.status.code != DK__CODE_OK) {
        dk__rpc_finish(rpc, &rig.status);
    } else {
        dk__rpc_answer(rpc, dk_bytes_of(text));
    }
}

static void stream_send(struct dk__rpc *rpc, struct dk_bytes message) {
    dk__rpc_message_begin(rpc);
    rpc->message_failed |= !dk__chain_append_bytes(&rpc->out, message);
    if (!dk__rpc_message_end(rpc)) {
        rig.spill_failed++;
    }
}

static void talk_open(struct dk__rpc *rpc) {
    (void)rpc;
    rig.opened++;
}

static void talk_message(struct dk__rpc *rpc, struct dk_bytes message) {
    stream_send(rpc, message);
}

static void talk_half_close(struct dk__rpc *rpc) {
    rig.half_closes++;
    dk__rpc_finish(rpc, &ok);
}

static void talk_over(struct dk__rpc *rpc) {
    (void)rpc;
    rig.overs++;
}

static void pour_more(struct dk__rpc *rpc) {
    char message[POUR_BYTES];
    memset(message, 'p', sizeof message);
    while (rig.poured < rig.pour && dk__rpc_can_send(rpc)) {
        rig.poured++;
        stream_send(rpc, (struct dk_bytes){.data = message, .size = sizeof message});
    }
    if (rig.poured == rig.pour) {
        dk__rpc_finish(rpc, &ok);
    }
}

static void pour_message(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    pour_more(rpc);
}

static void pour_writable(struct dk__rpc *rpc) {
    rig.writables++;
    pour_more(rpc);
}

static void spill_message(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)message;
    char bytes[POUR_BYTES];
    memset(bytes, 's', sizeof bytes);
    for (size_t i = 0; i < rig.pour; i++) {
        stream_send(rpc, (struct dk_bytes){.data = bytes, .size = sizeof bytes});
    }
}

static void early_message(struct dk__rpc *rpc, struct dk_bytes message) {
    stream_send(rpc, message);
    dk__rpc_finish(rpc, &ok);
}

static const struct dk__streaming talk = {
    .on_open = talk_open,
    .on_message = talk_message,
    .on_half_close = talk_half_close,
    .on_over = talk_over,
};
static const struct dk__streaming pour = {
    .on_message = pour_message, .on_writable = pour_writable, .on_over = talk_over};
static const struct dk__streaming spill = {
    .on_message = spill_message, .on_half_close = talk_half_close, .on_over = talk_over};
static const struct dk__streaming early = {.on_message = early_message, .on_over = talk_over};

static const struct dk__method methods[] = {
    {"Echo", echo_run, NULL},
    {"Big", big_run, NULL},
    {"Fail", fail_run, NULL},
    {"Hold", hold_run, NULL},
    {"Pairs", pairs_run, NULL},
    {"Talk", NULL, &talk},
    {"Pour", NULL, &pour},
    {"Spill", NULL, &spill},
    {"Early", NULL, &early},
    {NULL, NULL, NULL},
};
static const struct dk__service service = {.name = "test.T", .methods = methods};

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

void rig_open(const struct dk__limits *limits) {
    struct dk_fault fault = {.error = DK_OK};
    rig = (struct rig){.loop = NULL};
    cr_assert(eq(int, dk__loop_new(&rig.loop, &fault), DK_OK), "%s", fault.text);
    if (limits == NULL) {
        limits = &dk__limits_default;
    }
    cr_assert(eq(int, dk__server_init(&rig.server, rig.loop, limits), DK_OK));
    cr_assert(eq(int, dk__server_add(&rig.server, &service), DK_OK));
    (void)strcpy(rig.folder, "/tmp/dk-h2-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(rig.folder), NULL));
    (void)snprintf(rig.address, sizeof rig.address, "unix:%s/s", rig.folder);
    cr_assert(
        eq(int, dk__transport_h2.listen(&rig.server, rig.address, &rig.listener, &fault), DK_OK),
        "%s",
        fault.text);
    rig.client = h2_client_new(rig.loop, rig.address, NULL);
}

void rig_close(void) {
    h2_client_free(rig.client);
    dk__transport_h2.close(rig.listener);
    rig_release();
    cr_assert(eq(u64, rig.server.rpcs_open, 0));
    dk__server_clear(&rig.server);
    dk__loop_free(rig.loop);
    (void)unlink(rig.address + strlen("unix:"));
    (void)rmdir(rig.folder);
}

void rig_release(void) {
    for (size_t i = 0; i < rig.held_count; i++) {
        dk__rpc_answer(rig.held[i], (struct dk_bytes)DK_BYTES("released"));
    }
    rig.held_count = 0;
}

void rig_turn(int count) {
    for (int i = 0; i < count; i++) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 0), DK_OK));
    }
}

void rig_await(bool (*is_true)(void *context), void *context) {
    cr_assert(h2_wait(rig.loop, is_true, context), "what the test waits for did not happen");
}

static bool held_are(void *context) {
    return rig.held_count >= *(size_t *)context;
}

void rig_await_held(size_t count) {
    rig_await(held_are, &count);
}

struct h2_call *rig_call(const char *path, struct dk_bytes message) {
    struct h2_call *call = h2_call_unary(rig.client, path, NULL, message);
    cr_assert(h2_call_wait(call));
    return call;
}

struct dk__h2_counts rig_counts(void) {
    return dk__h2_counts(rig.listener);
}

/* ── raw ────────────────────────────────────────────────────────────────────────────────────── */

void raw_open(struct raw *raw, bool is_bare) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    *raw = (struct raw){
        .descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .goaway_code = -1};
    (void)strcpy(place.sun_path, rig.address + strlen("unix:"));
    cr_assert(eq(int, connect(raw->descriptor, (struct sockaddr *)&place, sizeof place), 0));
    if (!is_bare) {
        cr_assert(raw_write(raw, preface, sizeof preface - 1));
        cr_assert(raw_frame(raw, 4, 0, 0, NULL, 0));
    }
}

void raw_close(struct raw *raw) {
    (void)close(raw->descriptor);
}

/* Follows the frames, however long: a GOAWAY is not missed behind a flood of answers. */
static void raw_digest(struct raw *raw, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const unsigned char *frame = raw->frame;
        if (raw->frame_bytes < sizeof raw->frame) {
            raw->frame[raw->frame_bytes] = bytes[i];
        }
        raw->frame_bytes++;
        const size_t whole =
            9 + ((size_t)frame[0] << 16 | (size_t)frame[1] << 8 | (size_t)frame[2]);
        if (raw->frame_bytes >= 9 && raw->frame_bytes == whole) {
            if (frame[3] == 7) {
                raw->goaway_code = frame[13] << 24 | frame[14] << 16 | frame[15] << 8 | frame[16];
            }
            raw->frame_bytes = 0;
        }
    }
}

void raw_read(struct raw *raw) {
    for (;;) {
        unsigned char bytes[4096];
        const ssize_t size = recv(raw->descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size <= 0) {
            raw->is_closed = size == 0 || (errno != EAGAIN && errno != EINTR);
            return;
        }
        const size_t room = RAW_BYTES_MAX - raw->size;
        const size_t kept = (size_t)size < room ? (size_t)size : room;
        memcpy(raw->bytes + raw->size, bytes, kept);
        raw->size += kept;
        raw_digest(raw, bytes, (size_t)size);
    }
}

bool raw_write(struct raw *raw, const void *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t part = send(
            raw->descriptor, (const char *)bytes + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (part < 0 && errno != EAGAIN) {
            return false;
        }
        done += part < 0 ? 0 : (size_t)part;
        if (part < 0) {
            rig_turn(1);
        }
    }
    return true;
}

bool raw_frame(
    struct raw *raw,
    unsigned type,
    unsigned flags,
    unsigned stream_id,
    const void *payload,
    size_t size) {
    const unsigned char head[9] = {
        (unsigned char)(size >> 16),
        (unsigned char)(size >> 8),
        (unsigned char)size,
        (unsigned char)type,
        (unsigned char)flags,
        (unsigned char)(stream_id >> 24),
        (unsigned char)(stream_id >> 16),
        (unsigned char)(stream_id >> 8),
        (unsigned char)stream_id,
    };
    return raw_write(raw, head, sizeof head) && raw_write(raw, payload, size);
}

bool raw_has(const struct raw *raw, const void *bytes, size_t size) {
    for (size_t at = 0; at + size <= raw->size; at++) {
        if (memcmp(raw->bytes + at, bytes, size) == 0) {
            return true;
        }
    }
    return false;
}

void raw_poke(struct raw *raw, const void *bytes, size_t size) {
    const ssize_t part = send(raw->descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)part;
}

static size_t raw_header(unsigned char *target, const char *name, const char *value) {
    const size_t name_size = strlen(name), value_size = strlen(value);
    target[0] = 0x10; /* literal, never indexed */
    target[1] = (unsigned char)name_size;
    memcpy(target + 2, name, name_size);
    target[2 + name_size] = (unsigned char)value_size;
    memcpy(target + 3 + name_size, value, value_size);
    return 3 + name_size + value_size;
}

size_t raw_headers(const char *path, unsigned char *target, size_t size_max) {
    size_t size = 0;
    cr_assert(lt(sz, strlen(path) + 100, size_max));
    size += raw_header(target + size, ":method", "POST");
    size += raw_header(target + size, ":scheme", "http");
    size += raw_header(target + size, ":path", path);
    size += raw_header(target + size, ":authority", "localhost");
    size += raw_header(target + size, "content-type", "application/grpc");
    return size;
}

int raw_await_end(struct raw *raw) {
    const int64_t until_us = dk_loop_now_us(rig.loop) + (int64_t)H2_WAIT_MS * 1000;
    for (raw_read(raw); !raw->is_closed; raw_read(raw)) {
        /* Its descriptor is in no loop: look again after at most a millisecond. */
        cr_assert(lt(i64, dk_loop_now_us(rig.loop), until_us), "the server does not close");
        cr_assert(eq(int, dk__loop_turn(rig.loop, 1000), DK_OK));
    }
    return raw->goaway_code;
}
