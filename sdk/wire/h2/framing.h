#ifndef DK_WIRE_H2_FRAMING_H
#define DK_WIRE_H2_FRAMING_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * gRPC's length-prefixed messages out of DATA chunks that may be split anywhere.
 *
 * Shape: one byte (1: compressed), four bytes of length in network order, the message.
 * Owner: `target` is the caller's; set after each PREFIX event unless the view is taken.
 * Thread: one. Pure: no memory of its own, so a test can split at every byte.
 */
enum { DK__H2_PREFIX_BYTES = 5 };

struct dk__h2_framing {
    unsigned char prefix[DK__H2_PREFIX_BYTES];
    uint8_t prefix_bytes; /* come so far */
    uint8_t flag;         /* 0: plain, 1: compressed; others mean nothing */
    uint32_t size;        /* of the message, once its prefix is whole */
    uint32_t bytes;       /* of it, come so far */
    char *target;         /* where they go; NULL: they are dropped */
};

enum dk__h2_framing_event {
    DK__H2_FRAMING_MORE,    /* the input is used up */
    DK__H2_FRAMING_PREFIX,  /* size and flag are known: take the view, or give a target */
    DK__H2_FRAMING_MESSAGE, /* the message is whole, in the target */
};

/* The next event; `input` moves past what was used. */
enum dk__h2_framing_event dk__h2_framing_next(
    struct dk__h2_framing *framing, struct dk_bytes *input);

/* After PREFIX: the message as a view of the input when all of it is there; spares the copy. */
bool dk__h2_framing_take_view(
    struct dk__h2_framing *framing, struct dk_bytes *input, struct dk_bytes *ret_message);

/* Nothing of a next message has come: here a stream may end. */
bool dk__h2_framing_is_between(const struct dk__h2_framing *framing);

#endif /* DK_WIRE_H2_FRAMING_H */
