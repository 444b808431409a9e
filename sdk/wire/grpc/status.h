#ifndef DK_WIRE_GRPC_STATUS_H
#define DK_WIRE_GRPC_STATUS_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/* gRPC's status codes. Source: grpc/grpc doc/statuscodes.md. */
enum dk__code {
    DK__CODE_OK = 0,
    DK__CODE_CANCELLED = 1,
    DK__CODE_UNKNOWN = 2,
    DK__CODE_INVALID_ARGUMENT = 3,
    DK__CODE_DEADLINE_EXCEEDED = 4,
    DK__CODE_NOT_FOUND = 5,
    DK__CODE_ALREADY_EXISTS = 6,
    DK__CODE_PERMISSION_DENIED = 7,
    DK__CODE_RESOURCE_EXHAUSTED = 8,
    DK__CODE_FAILED_PRECONDITION = 9,
    DK__CODE_ABORTED = 10,
    DK__CODE_OUT_OF_RANGE = 11,
    DK__CODE_UNIMPLEMENTED = 12,
    DK__CODE_INTERNAL = 13,
    DK__CODE_UNAVAILABLE = 14,
    DK__CODE_DATA_LOSS = 15,
    DK__CODE_UNAUTHENTICATED = 16,
};

/* How an RPC ends. */
struct dk__status {
    enum dk__code code;
    struct dk_bytes message; /* UTF-8, plain; the transport percent-encodes it */
    struct dk_bytes details; /* a serialised google.rpc.Status for grpc-status-details-bin, plain
                                bytes; absent when daprd needs none */
};

/* The one table from a backend's error to gRPC's words; details in `arena` where daprd wants them
 * (etag mismatch and invalid). `text` must live as long as the arena or until the status is sent. */
struct dk__status dk__status_of(enum dk_error error, const char *text, struct dk__arena *arena);

/* The same for the error of an application, whose callers read gRPC's codes and one ErrorInfo:
 * domain "dapr-kit", the error's name as its reason. */
struct dk__status dk__status_of_app(enum dk_error error, const char *text, struct dk__arena *arena);

/* A bulk delete that missed rows. Source: dapr-protocol, "Errors daprd understands". */
struct dk__status dk__status_of_row_mismatch(
    int64_t expected, int64_t affected, struct dk__arena *arena);

#endif /* DK_WIRE_GRPC_STATUS_H */
