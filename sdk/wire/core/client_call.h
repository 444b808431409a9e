#ifndef DK_WIRE_CORE_CLIENT_CALL_H
#define DK_WIRE_CORE_CLIENT_CALL_H

#include "wire/grpc/status.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct dk_loop;
struct dk__channel;

/*
 * One outgoing call. Three ways to use it, of which a call takes one, once:
 *
 *     new ─▶ unary ──────────────────────────────────────────────▶ free    blocks
 *     new ─▶ start ─▶ … on_answer, on a loop ────────────────────▶ free    does not
 *     new ─▶ open ─▶ write …, read …, half_close … ─▶ finish ────▶ free    blocks, a stream
 *
 * Owner:  the maker's until free; it keeps the channel's memory. An answer and its views are the
 *         call's: valid until free, a message of a stream until the next read.
 * Thread: one at a time, any; but dk__client_call_cancel comes from any thread while the maker
 *         keeps the call, and a stream may have one thread that writes beside one that reads.
 *         Functions that block are not for a loop's thread. The deadline ends every waiting.
 */
struct dk__client_call;

/* What is called; copied by dk__client_call_new. */
struct dk__client_request {
    const char *path;         /* "/dapr.proto.runtime.v1.Dapr/GetState" */
    struct dk_pairs metadata; /* keys in lower case; keys ending in -bin carry plain bytes */
    int64_t deadline_us;      /* CLOCK_MONOTONIC's time; INT64_MAX: none */
    bool waits_for_ready; /* no connection: wait for one until the deadline instead of failing */
};

/* How the call ended. */
struct dk__client_answer {
    struct dk__status status; /* details: grpc-status-details-bin as plain bytes, or absent */
    struct dk_bytes message;  /* unary: the answer; absent without one */
    struct dk_pairs headers, trailers; /* as they came, -bin decoded; a key may come twice */
};

enum { DK__CLIENT_METADATA_MAX = 256 };

/*
 * Bound:  calls_max and header_bytes_max of the channel, DK__CLIENT_METADATA_MAX pairs.
 * Errors: DK_EXHAUSTED at a bound or without memory; DK_CANCELLED when the channel is closed;
 *         DK_INVALID for a path without its two slashes, a key or value that HTTP/2 cannot carry,
 *         a key that gRPC keeps for itself ("grpc-…").
 */
enum dk_error dk__client_call_new(
    struct dk__channel *channel,
    const struct dk__client_request *request,
    struct dk__client_call **ret_call,
    struct dk_fault *fault);

/* Sends the request and waits for the answer; never NULL. An OK without a message is INTERNAL. */
const struct dk__client_answer *dk__client_call_unary(
    struct dk__client_call *call, struct dk_bytes message);

/* Sends the request. `on_answer` runs once, on the loop, which lives until then; the call is then
 * the maker's again. Thread: any. */
typedef void dk__client_answer_fn(
    void *context, struct dk__client_call *call, const struct dk__client_answer *answer);
void dk__client_call_start(
    struct dk__client_call *call,
    struct dk_bytes message,
    struct dk_loop *loop,
    dk__client_answer_fn *on_answer,
    void *context);

/* Ends the call with CANCELLED unless it has ended. Thread: any, as said above. */
void dk__client_call_cancel(struct dk__client_call *call);

/* ── streams ────────────────────────────────────────────────────────────────────────────────── */

/* Sends the headers; waits for nothing. */
void dk__client_call_open(struct dk__client_call *call);
/* Waits until flow control has taken the message. False: the call is over, see finish. */
bool dk__client_call_write(struct dk__client_call *call, struct dk_bytes message);
/* Says that no more is written. False: the call is over. */
bool dk__client_call_half_close(struct dk__client_call *call);
/* Waits for the next message. False: there is none any more, see finish. */
bool dk__client_call_read(struct dk__client_call *call, struct dk_bytes *ret_message);
/* Half-closes where that was not done, drops messages that nobody read and waits for the end.
 * No other thread is in write or read any more. */
const struct dk__client_answer *dk__client_call_finish(struct dk__client_call *call);

/* Cancels what is not over and waits for that, briefly. Not between start and on_answer.
 * Accepts NULL. */
void dk__client_call_free(struct dk__client_call *call);

#endif /* DK_WIRE_CORE_CLIENT_CALL_H */
