#ifndef DK_WIRE_H2_ASK_H
#define DK_WIRE_H2_ASK_H

#include "wire/h2/client.h"

/*
 * One blocking gRPC call to a Unix socket, with one message each way: what --check needs to see a
 * socket with daprd's eyes. Nothing that serves uses it.
 *
 * Thread: any that may wait. Owner: the answer lies in the arena.
 * Bound:  `wait_ms` for everything together; the arena for the answer.
 * Errors: as dk__h2_client_unary.
 */
enum dk_error dk__h2_ask(
    const char *socket_path,
    const char *method_path,
    struct dk_bytes request,
    int wait_ms,
    struct dk__arena *arena,
    struct dk__h2_answer *ret_answer,
    struct dk_fault *fault);

/*
 * Whether somebody takes TCP connections there: one is made and closed.
 *
 * Thread: any that may wait. Owner: the texts stay the caller's.
 * Bound:  `wait_ms` for connecting; looking up the name takes as long as the system's resolver does.
 * Errors: DK_UNAVAILABLE with the reason, DK_TIMEOUT.
 */
enum dk_error dk__h2_reach(const char *host, const char *port, int wait_ms, struct dk_fault *fault);

#endif /* DK_WIRE_H2_ASK_H */
