#ifndef DK_WIRE_PBC_DESCRIPTORS_H
#define DK_WIRE_PBC_DESCRIPTORS_H

#include <dk/bytes.h>
#include <stddef.h>

/*
 * The descriptors of every file that a component program may serve, made at build time from
 * proto/, well-known imports included. Thread: any. Owner: the program's own constants.
 */
struct dk__file_descriptor {
    const char *name;      /* "dapr/proto/components/v1/state.proto" */
    struct dk_bytes bytes; /* a serialised google.protobuf.FileDescriptorProto */
    const struct dk__file_descriptor *const *imports;
    size_t import_count;
};

struct dk__descriptor_symbol {
    const char *name; /* fully qualified: a message, field, enum, service or method */
    const struct dk__file_descriptor *file;
};

extern const struct dk__file_descriptor dk__descriptor_files[];
extern const size_t dk__descriptor_file_count;
extern const struct dk__descriptor_symbol dk__descriptor_symbols[]; /* in order of their names */
extern const size_t dk__descriptor_symbol_count;

/* NULL when there is none. A symbol may begin with a dot. */
const struct dk__file_descriptor *dk__descriptor_of_file(struct dk_bytes name);
const struct dk__file_descriptor *dk__descriptor_of_symbol(struct dk_bytes name);

#endif /* DK_WIRE_PBC_DESCRIPTORS_H */
