#ifndef DK_WIRE_GRPC_TIMEOUT_H
#define DK_WIRE_GRPC_TIMEOUT_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads grpc-timeout: one to eight digits and a unit out of H M S m u n. Nanoseconds round up, so
 * that a short deadline is not taken for none. False, and nothing written, for anything else.
 *
 * Thread: any. Source: grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout".
 */
bool dk__timeout_parse(struct dk_bytes text, int64_t *ret_us);

#endif /* DK_WIRE_GRPC_TIMEOUT_H */
