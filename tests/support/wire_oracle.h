#ifndef TESTS_SUPPORT_WIRE_ORACLE_H
#define TESTS_SUPPORT_WIRE_ORACLE_H

#include "support/codec_memory.h"

#include <dk/bytes.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/*
 * Two readers of one message: ours and protobuf-c. They must agree on what it says, but for the
 * differences that are named here:
 *
 *   - protobuf-c refuses groups, and tags and lengths that are longer than they need to be; ours
 *     goes past the ones and reads the others.
 *   - Ours refuses a tag of more than 32 bits and a number of more than 64; protobuf-c drops the
 *     bits. Ours refuses the field number 0; protobuf-c takes it from a tag that is too long.
 *   - protobuf-c refuses a field that is written with another wire type than its own; to ours it is
 *     a field that nobody knows.
 *   - Ours does not look into the options of bulk requests.
 *   - protobuf-c cuts texts at a NUL byte and takes any bytes for a text.
 *   - When parts of a message merge, a later default does not win with protobuf-c, and the parts of
 *     a oneof's member do not merge at all.
 *   - Ours refuses what is well written and makes no sense: an empty key, a step that is neither set
 *     nor delete, two operators, more pairs or memory than the bounds.
 *
 * Thread: the test's.
 */
struct oracle_comparison {
    const char *difference; /* the first one found; NULL: none */
};

/* One kind of message. */
struct oracle {
    const ProtobufCMessageDescriptor *descriptor;
    enum dk_error (*decode)(struct dk_bytes message, struct codec_memory *memory, void *ret_ours);
    void (*compare)(
        struct oracle_comparison *comparison, const void *ours, const ProtobufCMessage *theirs);
};

/* Reads a message in both ways, ours into a place of its struct. Returns NULL where they agree, else
 * what they differ in. ret_ours: what ours said of it, with words in memory->fault. */
const char *oracle_read(
    const struct oracle *oracle,
    struct dk_bytes message,
    struct codec_memory *memory,
    void *ours,
    enum dk_error *ret_ours);

/* For compare functions: keeps the first thing that does not hold. */
void oracle_require(struct oracle_comparison *comparison, bool holds, const char *what);
bool oracle_same_text(struct dk_bytes ours, const char *theirs);
bool oracle_same_bytes(struct dk_bytes ours, ProtobufCBinaryData theirs);
/* `theirs` is an array of pointers to a map's entries. */
bool oracle_same_map(struct dk_pairs ours, size_t count, void *theirs);

/* The functions of a row from dk__decode_<name> and compare_<name> of the types named. */
#define ORACLE_ROW(name, type, message)                                                           \
    static enum dk_error decode_##name(                                                           \
        struct dk_bytes bytes, struct codec_memory *memory, void *ret) {                          \
        return dk__decode_##name(bytes, &memory->arena, ret, &memory->fault);                     \
    }                                                                                             \
    static void compare_any_##name(                                                               \
        struct oracle_comparison *comparison, const void *ours, const ProtobufCMessage *theirs) { \
        const struct type *const left = ours;                                                     \
        const Dapr__Proto__Components__V1__##message *const right = (const void *)theirs;         \
        compare_##name(comparison, left, right);                                                  \
    }
#define ORACLE_OF(name, message) \
    { &dapr__proto__components__v1__##message##__descriptor, decode_##name, compare_any_##name }

#endif /* TESTS_SUPPORT_WIRE_ORACLE_H */
