#ifndef DK_WIRE_CORE_ARGUMENT_H
#define DK_WIRE_CORE_ARGUMENT_H

#include <grpc/grpc.h>
#include <stddef.h>
#include <stdint.h>

/* Newer C cores take GRPC_ARG_MAX_METADATA_SIZE for a wish and refuse at random between it and this
 * one; ours does not know it yet. */
#define DK__CORE_ARG_ABSOLUTE_METADATA "grpc.absolute_max_metadata_size"

/* A setting of a channel or server, for gRPC to read while it makes one. gRPC wants the name
 * without const and does not write to it. Thread: any. */
static inline grpc_arg dk__core_argument(const char *name, int64_t value) {
    return (grpc_arg){
        .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)name, .value.integer = (int)value};
}

#endif /* DK_WIRE_CORE_ARGUMENT_H */
