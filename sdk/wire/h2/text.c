/*
 * Percent-encoding, as gRPC over HTTP/2 wants it.
 */
#include "wire/h2/text.h"

static bool is_plain(char character) {
    return character >= 0x20 && character <= 0x7e && character != '%';
}

size_t dk__h2_percent_size(struct dk_bytes text) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        size += is_plain(text.data[i]) ? 1 : 3;
    }
    return size;
}

void dk__h2_percent_encode(struct dk_bytes text, char *target) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if (is_plain(text.data[i])) {
            *target++ = text.data[i];
        } else {
            *target++ = '%';
            *target++ = digits[byte >> 4];
            *target++ = digits[byte & 15];
        }
    }
}

struct dk_bytes dk__h2_percent_cut(struct dk_bytes text, size_t size_max) {
    size_t encoded = 0, kept = 0;
    for (size_t i = 0; i < text.size; i++) {
        const bool is_inside = ((unsigned char)text.data[i] & 0xc0) == 0x80;
        if (!is_inside && encoded <= size_max) {
            kept = i; /* everything before this character fits */
        }
        encoded += is_plain(text.data[i]) ? 1 : 3;
    }
    return (struct dk_bytes){.data = text.data, .size = encoded <= size_max ? text.size : kept};
}
