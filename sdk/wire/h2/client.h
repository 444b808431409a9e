#ifndef DK_WIRE_H2_CLIENT_H
#define DK_WIRE_H2_CLIENT_H

#include "core/arena.h"
#include "wire/h2/link.h"

#include <dk/error.h>

/*
 * Unary gRPC calls by nghttp2, one after the other, for a thread that may wait: what programs
 * without gRPC C core ask of a server. It connects when a call needs it and keeps the connection.
 *
 * Thread: one at a time, never a loop's.
 */
struct dk__h2_client;

/* The target's texts live as long as the client. `stop_descriptor` as in wire/h2/link.h.
 * Errors: DK_INVALID for files of TLS that are none, DK_EXHAUSTED. */
enum dk_error dk__h2_client_new(
    const struct dk__h2_target *target,
    int stop_descriptor,
    struct dk__h2_client **ret_client,
    struct dk_fault *fault);
/* Accepts NULL. */
void dk__h2_client_free(struct dk__h2_client *client);

struct dk__h2_request {
    const char *path;         /* "/package.Service/Method" */
    struct dk_pairs metadata; /* keys in lower case; at most DK__H2_CLIENT_METADATA_MAX */
    struct dk_bytes message;
    int64_t wait_ms; /* for everything together */
};

enum { DK__H2_CLIENT_METADATA_MAX = 32 };

struct dk__h2_answer {
    int code;                /* grpc-status */
    struct dk_bytes text;    /* grpc-message, as sent */
    struct dk_bytes details; /* grpc-status-details-bin as plain bytes; absent when none came */
    struct dk_bytes message; /* the first message, without its prefix; absent when none came */
};

/*
 * Owner:  the answer lies in the arena.
 * Errors: DK_UNAVAILABLE when nobody answers there, or somebody who is no gRPC server, whom trying
 *         again may reach; DK_TIMEOUT, DK_CANCELLED; DK_EXHAUSTED when the arena is too small;
 *         DK_INTERNAL for an answer that is no gRPC; words in `fault`. A gRPC status that is not OK is
 *         no error here. After an error the connection is a new one.
 */
enum dk_error dk__h2_client_unary(
    struct dk__h2_client *client,
    const struct dk__h2_request *request,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault);

#endif /* DK_WIRE_H2_CLIENT_H */
