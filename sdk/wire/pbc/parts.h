#ifndef DK_WIRE_PBC_PARTS_H
#define DK_WIRE_PBC_PARTS_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The small change between plain structs and protobuf-c's messages: texts, bytes, maps of texts.
 * Thread: whoever owns the arena.
 */

/* A message under construction: where its parts lie, and what was wrong with the first bad one. */
struct dk__pbc_writing {
    struct dk__arena *arena;
    struct dk_fault *fault;
    struct dk_bytes traceparent; /* see dk__pbc_traced; absent: not recorded */
};

/* Metadata of a state request with the writing's traceparent, where that is set and the caller's own
 * pairs have none. Without memory the pairs as they are: the trace is less than the call. */
struct dk_pairs dk__pbc_traced(const struct dk__pbc_writing *writing, struct dk_pairs pairs);

/*
 * A copy for a field of type string; an absent text is "". NULL: noted. `what` names the field.
 * Errors: DK_INVALID for a NUL byte, which would cut it, or bytes that are no UTF-8, which daprd
 *         would drop the connection for; DK_EXHAUSTED.
 */
char *dk__pbc_text(const struct dk__pbc_writing *writing, const char *what, struct dk_bytes text);
/* The same, and an empty one is DK_INVALID. */
char *dk__pbc_name(const struct dk__pbc_writing *writing, const char *what, struct dk_bytes text);

/* The same for a list of them, each named. */
char **dk__pbc_names(
    const struct dk__pbc_writing *writing,
    const char *what,
    const struct dk_bytes *texts,
    size_t count);

/* Zeroed memory; NULL: noted. */
void *dk__pbc_take(const struct dk__pbc_writing *writing, size_t size);
/* The message as bytes; absent: noted. */
struct dk_bytes dk__pbc_write(
    const struct dk__pbc_writing *writing, const ProtobufCMessage *message);

/* Pairs as a map<string, string>, whose entries are messages of `entry`; NULL: noted. */
void *dk__pbc_map(
    const struct dk__pbc_writing *writing,
    const ProtobufCMessageDescriptor *entry,
    const char *what,
    struct dk_pairs pairs);
/* The other way, in the arena; false: it is full. */
bool dk__pbc_pairs(
    struct dk__arena *arena, const void *entries, size_t count, struct dk_pairs *ret_pairs);

/* The message in `bytes`, in the arena; NULL: as dk__pbc_unpack's errors, noted in `fault`, which is
 * not NULL. */
const void *dk__pbc_answer(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes bytes,
    struct dk__arena *arena,
    struct dk_fault *fault);
/* For an answer that does not fit: notes it and gives DK_EXHAUSTED. */
enum dk_error dk__pbc_answer_full(struct dk_fault *fault);

/* A field of type bytes over memory of somebody else. */
static inline ProtobufCBinaryData dk__pbc_binary(struct dk_bytes bytes) {
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.data};
}
/* The other way; present even when empty. */
static inline struct dk_bytes dk__pbc_bytes(ProtobufCBinaryData binary) {
    return (struct dk_bytes){
        .data = binary.data == NULL ? "" : (const char *)binary.data, .size = binary.len};
}

#endif /* DK_WIRE_PBC_PARTS_H */
