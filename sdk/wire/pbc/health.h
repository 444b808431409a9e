#ifndef DK_WIRE_PBC_HEALTH_H
#define DK_WIRE_PBC_HEALTH_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/error.h>

/* The messages of grpc.health.v1. Source: proto/grpc/health/v1/health.proto. */
enum dk__health {
    DK__HEALTH_UNKNOWN = 0,
    DK__HEALTH_SERVING = 1,
    DK__HEALTH_NOT_SERVING = 2,
    DK__HEALTH_SERVICE_UNKNOWN = 3,
};

/* The service asked for, "" for the whole server; lies in the arena.
 * Errors: DK_INVALID with words for malformed bytes or a text that is no UTF-8 or has a NUL byte;
 * DK_EXHAUSTED: arena full. */
enum dk_error dk__decode_health_request(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes *ret_service,
    struct dk_fault *fault);

/* A HealthCheckResponse; false at the chain's bound. */
bool dk__encode_health(struct dk__chain *out, enum dk__health health);

/* One entry of a HealthListResponse: what is appended one after the other is one message. False
 * at the chain's bound, and for a name of more than 255 bytes. */
bool dk__encode_health_entry(
    struct dk__chain *out, struct dk_bytes service, enum dk__health health);

#endif /* DK_WIRE_PBC_HEALTH_H */
