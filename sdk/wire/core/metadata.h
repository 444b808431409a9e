#ifndef DK_WIRE_CORE_METADATA_H
#define DK_WIRE_CORE_METADATA_H

#include <dk/bytes.h>
#include <grpc/grpc.h>
#include <stdbool.h>
#include <stddef.h>

/* The bytes of a slice; valid while it is held and not moved (a short slice holds its own). */
struct dk_bytes dk__core_slice_view(const grpc_slice *slice);

/*
 * Metadata to send, copied. `items` is the owner's array of items_max places, zeroed or not.
 *
 * Thread: whoever owns the call it is for.
 */
struct dk__core_metadata {
    grpc_metadata *items;
    size_t count, items_max;
};

/* False when every place is taken. */
bool dk__core_metadata_add(
    struct dk__core_metadata *metadata, struct dk_bytes key, struct dk_bytes value);
void dk__core_metadata_clear(struct dk__core_metadata *metadata);

#endif /* DK_WIRE_CORE_METADATA_H */
