#ifndef DK_WIRE_PBC_REFLECTION_H
#define DK_WIRE_PBC_REFLECTION_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/error.h>
#include <stdint.h>

struct dk__file_descriptor;

/*
 * The messages of server reflection, v1 and v1alpha alike: their shapes are the same.
 * Source: proto/grpc/reflection/v1/reflection.proto.
 *
 * Thread: whoever owns arena and chain. Owner: what is decoded lies in the arena.
 */
enum dk__reflection {
    DK__REFLECTION_NONE,
    DK__REFLECTION_LIST_SERVICES,
    DK__REFLECTION_FILE_BY_NAME,
    DK__REFLECTION_FILE_OF_SYMBOL,
    DK__REFLECTION_FILE_OF_EXTENSION,
    DK__REFLECTION_EXTENSION_NUMBERS,
};

struct dk__reflection_request {
    enum dk__reflection kind;
    struct dk_bytes text; /* the file, the symbol, or what is to be listed */
    const void *original; /* as unpacked, for the answer's echo */
};

/* Errors: DK_INVALID with words for malformed bytes or a text that is no UTF-8 or has a NUL byte;
 * DK_EXHAUSTED: arena full. */
enum dk_error dk__decode_reflection_request(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__reflection_request *ret,
    struct dk_fault *fault);

/* The answers; false at the chain's or the arena's bound. Each echoes the request. */
bool dk__encode_reflection_services(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    const struct dk_bytes *names,
    size_t count);
bool dk__encode_reflection_files(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    const struct dk__file_descriptor *const *files,
    size_t count);
bool dk__encode_reflection_error(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    int32_t code,
    struct dk_bytes text);

/* The names in an answer to list_services, for who asks. Errors: DK_INVALID when it is none. */
enum dk_error dk__decode_reflection_services(
    struct dk_bytes message,
    struct dk__arena *arena,
    const struct dk_bytes **ret_names,
    size_t *ret_count,
    struct dk_fault *fault);

#endif /* DK_WIRE_PBC_REFLECTION_H */
