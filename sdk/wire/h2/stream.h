#ifndef DK_WIRE_H2_STREAM_H
#define DK_WIRE_H2_STREAM_H

#include "wire/grpc/rpc.h"
#include "wire/h2/framing.h"
#include "wire/h2/request.h"
#include "wire/h2/streams.h"

#include <dk/bytes.h>
#include <stdbool.h>
#include <stdint.h>

struct dk__h2_connection;
struct dk__listener;

/* An answer to what is no gRPC request. */
struct dk__h2_refusal {
    const char *http_status, *text;
};

/* A header of ours on its way out; `next` in the order they were added. */
struct dk__h2_field {
    struct dk__h2_field *next;
    struct dk_bytes name, value;
};

/*
 * One stream of HTTP/2 with the RPC that it carries, alone in its arena.
 *
 *     opened ─▶ headers ─▶ begun ─▶ messages … ─▶ finished ─▶ trailers out ─▶ closed
 *                 └─▶ refused: no RPC is begun                    let go ─┘
 *
 * Thread: the loop's.
 * Owner:  its connection's list while the stream is open. A closed stream whose RPC is still held
 *         by a backend belongs to the listener's orphans, until let_go.
 * Bound:  calls_max open ones per connection; of orphans see streams.h.
 */
struct dk__h2_stream {
    struct dk__rpc rpc; /* first: an RPC is its stream */
    struct dk__listener *listener;
    struct dk__h2_connection *connection; /* NULL: closed, nobody listens any more */
    struct dk__h2_connection *origin;     /* of an orphan, while that lives */
    struct dk__h2_stream *next, **at;     /* in the list it belongs to */
    int32_t id;

    bool is_begun;          /* dk__rpc_begin was called */
    bool is_let_go;         /* and the RPC is forgotten; true before it is begun, too */
    bool is_peer_done;      /* END_STREAM came */
    bool is_over_bound;     /* its answer met waiting_bytes_max and was dropped */
    bool is_answer_started; /* response headers were given to nghttp2 */
    bool is_deferred;       /* nghttp2 waits for dk__h2_session_resume */

    const struct dk__h2_refusal *refusal; /* NULL: it is gRPC */

    struct dk__h2_request request;
    struct dk__h2_framing framing;
    struct dk__chunk *partial; /* streaming: a message that came in pieces */
    size_t request_bytes;      /* of messages in memory, counted at connection and listener */
    size_t waiting_bytes;      /* of rpc.out, counted at the connection */
    size_t credit_bytes;       /* came and not yet given back to the peer's window */

    struct dk__h2_field *headers, **headers_end, *trailers, **trailers_end;
    uint8_t header_count, trailer_count; /* DK__H2_FIELDS_MAX */
    struct dk__status status;            /* how it ended; encoded, in the arena */
};

/* A stream in a fresh arena; NULL when there is no memory. */
struct dk__h2_stream *dk__h2_stream_new(struct dk__h2_connection *connection, int32_t id);

/* Whether messages still matter: an RPC that has finished swallows the rest. */
static inline bool dk__h2_stream_is_open(const struct dk__h2_stream *stream) {
    return stream->is_begun && !stream->rpc.is_finished;
}

/* What the peer sent, in the order of the protocol. */
void dk__h2_stream_add_header(
    struct dk__h2_stream *stream, struct dk_bytes name, struct dk_bytes value);
void dk__h2_stream_begin(struct dk__h2_stream *stream);
void dk__h2_stream_receive(struct dk__h2_stream *stream, struct dk_bytes bytes);
void dk__h2_stream_half_close(struct dk__h2_stream *stream);
/* The stream is gone; so is the memory, or it is an orphan until its RPC is let go. */
void dk__h2_stream_close(struct dk__h2_stream *stream);

/* Bytes of rpc.out have left. */
void dk__h2_stream_on_sent(struct dk__h2_stream *stream, size_t size);

#endif /* DK_WIRE_H2_STREAM_H */
