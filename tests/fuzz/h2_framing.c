/*
 * Length-prefixed messages in chunks of any size. An input's first byte says how large the chunks
 * are and whether messages are taken as views; the rest is the stream of bytes.
 *
 * Held: the messages are those that a plain walk over the whole stream finds, wherever it is cut; a
 * stream ends between messages exactly where the walk ends.
 */
#include "wire/h2/framing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAKES_VIEWS = 0x80, CHUNKS = 0x7f };

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "h2_framing: %s\n", what);
        abort();
    }
}

/* The plain walk: where the next message is expected. */
struct walk {
    struct dk_bytes left;
};

static size_t announced(const struct walk *walk) {
    const unsigned char *at = (const unsigned char *)walk->left.data;
    return (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
}

static void check_prefix(const struct walk *walk, const struct dk__h2_framing *framing) {
    require(walk->left.size >= DK__H2_PREFIX_BYTES, "a prefix of bytes that did not come");
    require(framing->flag == (unsigned char)walk->left.data[0], "another flag");
    require(framing->size == announced(walk), "another length");
}

static void check_message(struct walk *walk, struct dk_bytes message) {
    const size_t size = announced(walk);
    require(walk->left.size - DK__H2_PREFIX_BYTES >= size, "a message that is not whole");
    require(
        dk_bytes_equal(message, (struct dk_bytes){walk->left.data + DK__H2_PREFIX_BYTES, size}),
        "another message");
    walk->left.data += DK__H2_PREFIX_BYTES + size;
    walk->left.size -= DK__H2_PREFIX_BYTES + size;
}

/* One chunk; `target` is where a message that comes in pieces goes, `stream_size` bytes large. */
static void feed(
    struct dk__h2_framing *framing,
    struct dk_bytes chunk,
    struct walk *walk,
    char *target,
    size_t stream_size,
    bool takes_views) {
    for (;;) {
        struct dk_bytes message;
        switch (dk__h2_framing_next(framing, &chunk)) {
        case DK__H2_FRAMING_MORE:
            require(chunk.size == 0, "bytes are left over");
            return;
        case DK__H2_FRAMING_PREFIX:
            check_prefix(walk, framing);
            if (takes_views && dk__h2_framing_take_view(framing, &chunk, &message)) {
                check_message(walk, message);
            } else {
                framing->target = framing->size <= stream_size ? target : NULL; /* else dropped */
            }
            break;
        case DK__H2_FRAMING_MESSAGE:
            check_message(walk, (struct dk_bytes){target, framing->size});
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dk__h2_framing framing = {.size = 0};
    if (size == 0) {
        return 0;
    }
    struct dk_bytes left = {.data = (const char *)data + 1, .size = size - 1};
    struct walk walk = {.left = left};
    const size_t piece = (data[0] & CHUNKS) == 0 ? size : data[0] & CHUNKS;
    char *target = malloc(size);
    require(target != NULL, "no memory");

    while (left.size > 0) {
        const size_t part = left.size < piece ? left.size : piece;
        /* In a place of its own size: a read behind the chunk is seen. */
        char *chunk = malloc(part);
        require(chunk != NULL, "no memory");
        memcpy(chunk, left.data, part);
        feed(
            &framing,
            (struct dk_bytes){chunk, part},
            &walk,
            target,
            size,
            (data[0] & TAKES_VIEWS) != 0);
        free(chunk);
        left.data += part;
        left.size -= part;
    }

    const bool is_whole = walk.left.size < DK__H2_PREFIX_BYTES ||
                          walk.left.size - DK__H2_PREFIX_BYTES < announced(&walk);
    require(is_whole, "a message was not told");
    require(
        dk__h2_framing_is_between(&framing) == (walk.left.size == 0), "the stream ends elsewhere");
    free(target);
    return 0;
}
