#ifndef DK_WIRE_H2_ASK_H
#define DK_WIRE_H2_ASK_H

#include "core/arena.h"

#include <dk/error.h>

/*
 * One blocking gRPC call to a Unix socket, with one message each way: what --check needs to see a
 * socket with daprd's eyes. Nothing that serves uses it.
 *
 * Thread: any that may wait. Owner: the answer lies in the arena.
 * Bound:  `wait_ms` for everything together; the arena for the answer.
 * Errors: DK_UNAVAILABLE when nobody answers there, DK_TIMEOUT, DK_EXHAUSTED, DK_INTERNAL for an
 *         answer that is no gRPC; words in `fault`. A gRPC status that is not OK is no error here.
 */
struct dk__h2_answer {
    int code;                /* grpc-status */
    struct dk_bytes text;    /* grpc-message, as sent */
    struct dk_bytes message; /* the first message, without its prefix; absent when none came */
};

enum dk_error dk__h2_ask(
    const char *socket_path,
    const char *method_path,
    struct dk_bytes request,
    int wait_ms,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault);

#endif /* DK_WIRE_H2_ASK_H */
