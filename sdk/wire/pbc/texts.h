#ifndef DK_WIRE_PBC_TEXTS_H
#define DK_WIRE_PBC_TEXTS_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Looks at every text of a message's bytes, those of messages within it too, and refuses what
 * protobuf-c lets pass: it cuts a text at its first NUL byte, so that two texts could become one,
 * and does not look at UTF-8.
 *
 * protobuf-c also reads a message within a message by a call within a call, as deep as the bytes say:
 * looking at them first keeps the stack.
 *
 * Errors: DK_INVALID, naming the field, for such a text, for bytes that are cut off, and for
 *         messages that nest deeper than DK__TEXTS_DEPTH_MAX.
 * Thread: any.
 */
enum { DK__TEXTS_DEPTH_MAX = 100 }; /* what protobuf's other readers take */

enum dk_error dk__pbc_texts_check(
    const ProtobufCMessageDescriptor *descriptor, struct dk_bytes message, struct dk_fault *fault);

/* UTF-8 without a NUL byte. Thread: any. */
bool dk__pbc_is_text(struct dk_bytes text);

/*
 * Takes the next field off a message's bytes: its number, and its bytes when it has a length, else
 * an absent view. False: nothing is left, or the bytes are cut off or malformed. Thread: any.
 */
bool dk__pbc_field_next(struct dk_bytes *rest, uint64_t *ret_number, struct dk_bytes *ret);

#endif /* DK_WIRE_PBC_TEXTS_H */
