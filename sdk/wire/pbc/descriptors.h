#ifndef DK_WIRE_PBC_DESCRIPTORS_H
#define DK_WIRE_PBC_DESCRIPTORS_H

#include <dk/bytes.h>
#include <stddef.h>

/*
 * The descriptors of files that a program may serve, made at build time from proto/, well-known
 * imports included, by dk_protos() of proto/CMakeLists.txt. Thread: any. Owner: the program's own
 * constants.
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
    const char *comment; /* what the proto says of it, in one line; NULL: nothing, or not ours */
};

struct dk_descriptors {
    const struct dk__file_descriptor *files;
    size_t file_count;
    const struct dk__descriptor_symbol *symbols; /* in order of their names */
    size_t symbol_count;
};

/* What components speak, and what AppCallback does; health, reflection and the details of errors
 * are in both. */
extern const struct dk_descriptors dk__component_protos;
extern const struct dk_descriptors dk__callback_protos;

/* NULL when there is none. A symbol may begin with a dot. */
const struct dk__file_descriptor *dk__descriptor_of_file(
    const struct dk_descriptors *descriptors, struct dk_bytes name);
const struct dk__file_descriptor *dk__descriptor_of_symbol(
    const struct dk_descriptors *descriptors, struct dk_bytes name);

/* The comment of a symbol, for an OpenAPI page: a dk__comment_fn of `descriptors`. NULL: none. */
const char *dk__descriptor_comment(const void *descriptors, const char *symbol);

#endif /* DK_WIRE_PBC_DESCRIPTORS_H */
