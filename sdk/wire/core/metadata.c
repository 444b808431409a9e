/*
 * Between gRPC's slices and our views, on both sides of a call.
 */
#include "wire/core/metadata.h"

#include <grpc/slice.h>

struct dk_bytes dk__core_slice_view(const grpc_slice *slice) {
    return (struct dk_bytes){
        .data = (const char *)GRPC_SLICE_START_PTR(*slice), .size = GRPC_SLICE_LENGTH(*slice)};
}

bool dk__core_metadata_add(
    struct dk__core_metadata *metadata, struct dk_bytes key, struct dk_bytes value) {
    if (metadata->count == metadata->items_max) {
        return false;
    }
    metadata->items[metadata->count] = (grpc_metadata){
        .key = grpc_slice_from_copied_buffer(key.data, key.size),
        .value = grpc_slice_from_copied_buffer(value.data, value.size),
    };
    metadata->count++;
    return true;
}

void dk__core_metadata_clear(struct dk__core_metadata *metadata) {
    for (size_t i = 0; i < metadata->count; i++) {
        grpc_slice_unref(metadata->items[i].key);
        grpc_slice_unref(metadata->items[i].value);
    }
    metadata->count = 0;
}
