#ifndef DK_DESCRIPTORS_H
#define DK_DESCRIPTORS_H

#include <dk/bytes.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The descriptors of files that a program may serve, well-known imports included, made at build time by
 * dk_protos() (build/cmake/protos.cmake), which alone writes such tables: an application names one
 * (dk_app.descriptors) and looks into none. Thread: any. Owner: the program's own constants.
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

#ifdef __cplusplus
}
#endif

#endif /* DK_DESCRIPTORS_H */
