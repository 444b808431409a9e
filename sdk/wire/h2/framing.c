/*
 * A small machine: prefix, then message, then prefix again. It holds at most five bytes.
 */
#include "wire/h2/framing.h"

static struct dk_bytes input_take(struct dk_bytes *input, size_t size) {
    const size_t part = size < input->size ? size : input->size;
    if (part == 0) {
        return (struct dk_bytes){.data = "", .size = 0};
    }
    const struct dk_bytes taken = {.data = input->data, .size = part};
    input->data += part;
    input->size -= part;
    return taken;
}

static void framing_restart(struct dk__h2_framing *framing) {
    framing->prefix_bytes = 0;
    framing->bytes = 0;
}

static void read_prefix(struct dk__h2_framing *framing) {
    const unsigned char *prefix = framing->prefix;
    framing->flag = prefix[0];
    framing->size = (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16 |
                    (uint32_t)prefix[3] << 8 | prefix[4];
    framing->bytes = 0;
    framing->target = NULL;
}

enum dk__h2_framing_event dk__h2_framing_next(
    struct dk__h2_framing *framing, struct dk_bytes *input) {
    if (framing->prefix_bytes < DK__H2_PREFIX_BYTES) {
        const struct dk_bytes part =
            input_take(input, (size_t)(DK__H2_PREFIX_BYTES - framing->prefix_bytes));
        if (part.size == 0) {
            return DK__H2_FRAMING_MORE;
        }
        memcpy(framing->prefix + framing->prefix_bytes, part.data, part.size);
        framing->prefix_bytes = (uint8_t)(framing->prefix_bytes + part.size);
        if (framing->prefix_bytes < DK__H2_PREFIX_BYTES) {
            return DK__H2_FRAMING_MORE;
        }
        read_prefix(framing);
        return DK__H2_FRAMING_PREFIX;
    }
    const struct dk_bytes part = input_take(input, framing->size - framing->bytes);
    if (framing->target != NULL && part.size > 0) {
        memcpy(framing->target + framing->bytes, part.data, part.size);
    }
    framing->bytes += (uint32_t)part.size;
    if (framing->bytes < framing->size) {
        return DK__H2_FRAMING_MORE;
    }
    framing_restart(framing);
    return DK__H2_FRAMING_MESSAGE;
}

bool dk__h2_framing_take_view(
    struct dk__h2_framing *framing, struct dk_bytes *input, struct dk_bytes *ret_message) {
    if (framing->size > input->size) {
        return false;
    }
    *ret_message = input_take(input, framing->size);
    framing_restart(framing);
    return true;
}

bool dk__h2_framing_is_between(const struct dk__h2_framing *framing) {
    return framing->prefix_bytes == 0;
}
