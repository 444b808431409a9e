#ifndef DK_WIRE_NANOPB_COMMON_H
#define DK_WIRE_NANOPB_COMMON_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/error.h>

/*
 * The messages that every block of the component plane has, and what holds for all of them.
 * Source: proto/dapr/proto/components/v1.
 *
 * Decode: views point into `message`, lists lie in the arena. Unknown fields are skipped, a field
 *         that comes twice is taken last, embedded messages merge, as proto3 says.
 * Errors: DK_INVALID with words in `fault` for truncated or malformed bytes, for a string that is
 *         no UTF-8 (names the field), and for an empty text where one is needed;
 *         DK_EXHAUSTED when the arena is full. The same bytes always give the same answer.
 * Encode: appends to the chain; false when the chain's bound is reached, which leaves it to the
 *         caller to truncate.
 * Thread: any that owns arena and chain.
 */

/* InitRequest and its namesakes of other blocks: one message by several names. */
enum dk_error dk__decode_init(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_properties,
    struct dk_fault *fault);

/* FeaturesResponse of `count` words, and ListOperationsResponse. */
bool dk__encode_words(struct dk__chain *out, const char *const *words, size_t count);

/* A decode function's body: the shape's struct is zeroed and filled. */
#define DK__DECODE(function, shape, type)                            \
    enum dk_error function(                                          \
        struct dk_bytes message,                                     \
        struct dk__arena *arena,                                     \
        struct type *ret,                                            \
        struct dk_fault *fault) {                                    \
        *ret = (struct type){0};                                     \
        return dk__shape_decode(&shape, message, arena, ret, fault); \
    }

#endif /* DK_WIRE_NANOPB_COMMON_H */
