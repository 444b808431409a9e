#ifndef DK_WIRE_DAPRD_REASON_H
#define DK_WIRE_DAPRD_REASON_H

#include "wire/daprd/client.h"

#include <dk/bytes.h>

/*
 * Why a sidecar behind TLS cannot be reached, in words; "" when nobody knows. A channel says only that
 * it is not connected: gRPC tells the reason to a call that does not wait for it, so one is made
 * that no server serves.
 *
 * Thread: a worker's; blocks for DK__DAPRD_REASON_MS at most.
 */
enum { DK__DAPRD_REASON_BYTES = 256, DK__DAPRD_REASON_MS = 100 };

void dk__daprd_reason(struct dk__daprd *daprd, char ret_text[DK__DAPRD_REASON_BYTES]);

/* The words for what gRPC says; `said` itself when there are none. Pure. */
void dk__daprd_reason_of(struct dk_bytes said, char ret_text[DK__DAPRD_REASON_BYTES]);

#endif /* DK_WIRE_DAPRD_REASON_H */
