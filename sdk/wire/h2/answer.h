#ifndef DK_WIRE_H2_ANSWER_H
#define DK_WIRE_H2_ANSWER_H

#include "wire/grpc/status.h"

#include <dk/bytes.h>

struct dk__h2_refusal;
struct dk__h2_stream;

/*
 * A response in HTTP/2's words: headers, the messages of rpc.out, trailers with the status.
 *
 * Thread: the loop's. Owner: names and values of ours are static or lie in the stream's arena.
 * Bound:  DK__H2_FIELDS_MAX custom headers and as many trailers; DK__H2_MESSAGE_BYTES_MAX of
 *         grpc-message as encoded, cut at a character; details beyond
 *         DK__H2_DETAILS_BYTES_MAX are left out, since a header list that is too large for the
 *         peer would lose the status itself.
 */
enum {
    DK__H2_FIELDS_MAX = 16,
    DK__H2_MESSAGE_BYTES_MAX = 4096,
    DK__H2_DETAILS_BYTES_MAX = 8192,
};

/* Begins the answer: headers now, then what rpc.out holds and will hold. */
void dk__h2_answer_start(struct dk__h2_stream *stream);
/* The whole answer when there is no message: one header list, status included. */
void dk__h2_answer_only(struct dk__h2_stream *stream);
/* The whole answer to what is no gRPC request, in HTTP's words and with a text for people. */
void dk__h2_answer_refuse(struct dk__h2_stream *stream, const struct dk__h2_refusal *refusal);
/* Queues the trailers; called while the last DATA is made. */
void dk__h2_answer_trailers(struct dk__h2_stream *stream);

/* Keeps the status for the trailers, in the words of the wire. */
void dk__h2_answer_keep_status(struct dk__h2_stream *stream, const struct dk__status *status);

#endif /* DK_WIRE_H2_ANSWER_H */
