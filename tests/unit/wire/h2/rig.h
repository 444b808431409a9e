#ifndef TESTS_UNIT_WIRE_H2_RIG_H
#define TESTS_UNIT_WIRE_H2_RIG_H

#include "support/h2_client.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/transport.h"
#include "wire/h2/listener.h"

/*
 * A server of wire/h2 on a Unix socket and the client that tests it, on one loop and one thread.
 *
 *     /test.T/Echo    unary: the request comes back
 *     /test.T/Big     unary: as many bytes as the request says, in decimal
 *     /test.T/Fail    unary: rig->status
 *     /test.T/Hold    unary: waits for rig_release
 *     /test.T/Pairs   unary: answers the metadata, sends a header and a trailer of each kind
 *     /test.T/Talk    streaming: each message comes back, half-close ends it
 *     /test.T/Pour    streaming: 1 KiB messages, rig->pour of them, while it may send
 *     /test.T/Spill   streaming: the same without asking whether it may
 *     /test.T/Early   streaming: ends with the first message
 */
enum { RIG_HELD_MAX = 8192, POUR_BYTES = 1024 };

struct rig {
    struct dk_loop *loop;
    struct dk__server server;
    struct dk__listener *listener;
    struct h2_client *client;
    char folder[64], address[96];
    struct dk__status status;
    size_t pour, poured, spill_failed;
    struct dk__rpc *held[RIG_HELD_MAX];
    size_t held_count;
    unsigned opened, overs, half_closes, writables;
};

/* The one that is open: methods have no other way to it. */
extern struct rig rig;

/* Limits as given; NULL: the defaults. */
void rig_open(const struct dk__limits *limits);
/* Whatever is still held is released after the listener has gone; nothing may leak. */
void rig_close(void);

/* Gives every held reply away, "released". */
void rig_release(void);
/* Turns the loop `count` times without waiting. */
void rig_turn(int count);
/* Turns until so many calls are held; fails the test when they do not come. */
void rig_await_held(size_t count);
/* Turns until the condition holds; fails the test after H2_WAIT_MS. */
void rig_await(bool (*is_true)(void *context), void *context);

/* A unary call that is waited for. */
struct h2_call *rig_call(const char *path, struct dk_bytes message);

struct dk__h2_counts rig_counts(void);

/* ── a peer that knows no rules ─────────────────────────────────────────────────────────────── */

enum { RAW_BYTES_MAX = 1 << 16 };

struct raw {
    int descriptor;
    unsigned char bytes[RAW_BYTES_MAX]; /* what came first */
    size_t size;
    unsigned char frame[9 + 8]; /* the beginning of the frame that comes now */
    size_t frame_bytes;
    int goaway_code; /* of the last GOAWAY; −1: none came */
    bool is_closed;
};

/* A connection; with the preface and empty SETTINGS unless `is_bare`. */
void raw_open(struct raw *raw, bool is_bare);
void raw_close(struct raw *raw);
/* Writes all, turning the loop when the socket is full; false when the connection has gone. */
bool raw_write(struct raw *raw, const void *bytes, size_t size);
bool raw_frame(
    struct raw *raw,
    unsigned type,
    unsigned flags,
    unsigned stream_id,
    const void *payload,
    size_t size);
/* The header block of a call of `path`, without any table: fits everywhere. Returns its size. */
size_t raw_headers(const char *path, unsigned char *target, size_t size_max);
/* Reads and turns until the server has closed. Returns goaway_code. */
int raw_await_end(struct raw *raw);
/* Reads what is there without waiting. */
void raw_read(struct raw *raw);
/* Whether these bytes are among what came. */
bool raw_has(const struct raw *raw, const void *bytes, size_t size);
/* Writes what fits, and forgets the rest. */
void raw_poke(struct raw *raw, const void *bytes, size_t size);

#endif /* TESTS_UNIT_WIRE_H2_RIG_H */
