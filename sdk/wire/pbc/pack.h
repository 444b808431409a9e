#ifndef DK_WIRE_PBC_PACK_H
#define DK_WIRE_PBC_PACK_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/error.h>
#include <protobuf-c/protobuf-c.h>

/*
 * protobuf-c on our memory: what it unpacks lies in an arena and ends with it. Its texts are UTF-8
 * and have no NUL byte: wire/pbc/texts.h.
 *
 * Thread: whoever owns arena and chain.
 */

/* Errors: DK_INVALID for malformed bytes or a text that is refused; DK_EXHAUSTED: arena full. */
enum dk_error dk__pbc_unpack(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes message,
    struct dk__arena *arena,
    ProtobufCMessage **ret,
    struct dk_fault *fault);

/* A NUL-terminated copy for a field of protobuf-c's; NULL when the arena is full. */
char *dk__pbc_copy(struct dk__arena *arena, struct dk_bytes text);

/* Appends a message; false at the chain's bound. */
bool dk__pbc_append(struct dk__chain *out, const ProtobufCMessage *message);

/* A message as bytes in an arena; absent when it is full. */
struct dk_bytes dk__pbc_pack(struct dk__arena *arena, const ProtobufCMessage *message);

#endif /* DK_WIRE_PBC_PACK_H */
