#ifndef DK_WIRE_DAPRD_ERROR_H
#define DK_WIRE_DAPRD_ERROR_H

#include "wire/grpc/status.h"

#include <dk/error.h>

/*
 * What an answer that is not OK means. The one table from gRPC's words to dk_error, the reverse of
 * wire/grpc/status.c; docs/decisions/0002-errors.md has both.
 *
 * First the reason of the ErrorInfo where it says more than the code: an application of this SDK
 * names its dk_error, daprd says INVALID_ARGUMENT or FAILED_PRECONDITION for a component that is not
 * there. Then the code. Source: pkg/api/errors, pkg/messages of dapr/dapr 1.18.
 *
 * Thread: whoever owns the arena, which what was read of the details stays in.
 */
enum dk_error dk__daprd_error_of(const struct dk__status *status, struct dk__arena *arena);

#endif /* DK_WIRE_DAPRD_ERROR_H */
