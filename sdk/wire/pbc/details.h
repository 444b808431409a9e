#ifndef DK_WIRE_PBC_DETAILS_H
#define DK_WIRE_PBC_DETAILS_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <stdint.h>

/*
 * A serialised google.rpc.Status with exactly one detail, for grpc-status-details-bin. Its code and
 * message repeat the status', because grpc-go takes them from here.
 *
 * Owner: the bytes lie in the arena; absent when it is full. Thread: whoever owns the arena.
 * Source: google/rpc/status.proto, google/rpc/error_details.proto.
 */

/* google.rpc.BadRequest with one violation: an etag error has the field "etag". */
struct dk_bytes dk__details_bad_request(
    struct dk__arena *arena,
    int32_t code,
    struct dk_bytes message,
    struct dk_bytes field,
    struct dk_bytes description);

/* google.rpc.ErrorInfo. */
struct dk_bytes dk__details_error_info(
    struct dk__arena *arena,
    int32_t code,
    struct dk_bytes message,
    struct dk_bytes reason,
    struct dk_bytes domain,
    struct dk_pairs metadata);

/* The other way: the first google.rpc.ErrorInfo of a serialised google.rpc.Status. Empty reason and
 * domain: there is none, or the bytes are no Status. */
struct dk__error_info {
    struct dk_bytes reason, domain;
};
struct dk__error_info dk__details_read_error_info(struct dk__arena *arena, struct dk_bytes details);

#endif /* DK_WIRE_PBC_DETAILS_H */
