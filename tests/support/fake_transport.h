#ifndef TESTS_SUPPORT_FAKE_TRANSPORT_H
#define TESTS_SUPPORT_FAKE_TRANSPORT_H

#include "wire/grpc/rpc.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A transport without a wire: a test plays the peer through fake_call_*, what wire/grpc does with
 * the seam is recorded. As in a real transport an RPC lies in its own arena, which goes when let_go
 * was called and the stream is closed: under ASan a later touch is a finding.
 *
 * Thread: the test's. Owner: the test's structures; what fails to be allocated aborts the test.
 */
enum { FAKE_ANSWER_BYTES_MAX = 1 << 23, FAKE_TEXT_BYTES_MAX = 4096, FAKE_PAIRS_MAX = 8 };

struct fake_transport {
    struct dk_loop *loop;
    struct dk__server server;
    bool is_full;    /* what can_send denies */
    bool is_stalled; /* the peer does not read: answers stay in rpc->out */
};

void fake_transport_open(struct fake_transport *transport);
/* Every call must be over. */
void fake_transport_close(struct fake_transport *transport);

/* One RPC as its peer sees it; the record outlives the RPC. */
struct fake_call {
    struct fake_transport *transport;
    struct dk__rpc *rpc; /* NULL once its memory has gone */
    bool is_closed;      /* the stream */

    unsigned flushes, finishes, let_gos;
    struct dk__status status; /* of the first finish; views into the texts below */
    char message[FAKE_TEXT_BYTES_MAX];
    char details[FAKE_TEXT_BYTES_MAX];
    char *answer; /* framed messages as sent */
    size_t answer_size;
    char pairs[FAKE_PAIRS_MAX][256]; /* "header key=value", "trailer key=value" */
    size_t pair_count;
};

/* Headers of an ordinary call. */
struct dk__rpc_headers fake_headers(const char *path);

/* Zeroes the record and begins the RPC. */
void fake_call_open(
    struct fake_call *call,
    struct fake_transport *transport,
    const struct dk__rpc_headers *headers);
/* Delivers one message; a stream's bytes go away afterwards, as in a real transport. */
void fake_call_send(struct fake_call *call, struct dk_bytes message);
void fake_call_send_compressed(struct fake_call *call, struct dk_bytes message);
void fake_call_half_close(struct fake_call *call);
/* open + send + half_close, for unary calls. */
void fake_call_unary(
    struct fake_call *call,
    struct fake_transport *transport,
    const struct dk__rpc_headers *headers,
    struct dk_bytes message);
/* The peer resets the stream, or its connection is lost. */
void fake_call_reset(struct fake_call *call);
/* Trailers are out and the stream is closed in order. */
void fake_call_close(struct fake_call *call);
/* Gives the record's memory back. The RPC must be gone. */
void fake_call_free(struct fake_call *call);

/* The n-th message of the answer; data NULL when there is none. */
struct dk_bytes fake_call_answer(const struct fake_call *call, size_t index);
/* Turns the loop until `us` of its time have passed. */
void fake_transport_wait(struct fake_transport *transport, int64_t us);

#endif /* TESTS_SUPPORT_FAKE_TRANSPORT_H */
