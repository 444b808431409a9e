/*
 * base64 (RFC 4648 §4), with padding or without.
 */
#include "core/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dk__base64_encode(struct dk_bytes bytes, char *target) {
    const unsigned char *at = (const unsigned char *)bytes.data;
    size_t left = bytes.size;
    for (; left >= 3; left -= 3, at += 3) {
        const uint32_t word = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *target++ = alphabet[word >> 18];
        *target++ = alphabet[word >> 12 & 63];
        *target++ = alphabet[word >> 6 & 63];
        *target++ = alphabet[word & 63];
    }
    if (left > 0) {
        const uint32_t word = (uint32_t)at[0] << 16 | (left == 2 ? (uint32_t)at[1] << 8 : 0);
        *target++ = alphabet[word >> 18];
        *target++ = alphabet[word >> 12 & 63];
        if (left == 2) {
            *target = alphabet[word >> 6 & 63];
        }
    }
}

/* 0 to 63; −1 for a character outside of the alphabet. */
static int base64_value(char character) {
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    if (character == '+') {
        return 62;
    }
    return character == '/' ? 63 : -1;
}

bool dk__base64_decode(struct dk_bytes text, char *target, size_t *ret_size) {
    size_t size = text.size;
    if (size % 4 == 0) { /* only then can there be padding */
        for (int i = 0; i < 2 && size > 0 && text.data[size - 1] == '='; i++) {
            size--;
        }
    }
    if (size % 4 == 1) {
        return false;
    }
    uint32_t word = 0;
    size_t written = 0;
    for (size_t i = 0; i < size; i++) {
        const int value = base64_value(text.data[i]);
        if (value < 0) {
            return false;
        }
        word = word << 6 | (uint32_t)value;
        if (i % 4 != 0) {
            const unsigned shift = 6 - 2 * (unsigned)(i % 4);
            target[written++] = (char)(unsigned char)(word >> shift);
        }
    }
    *ret_size = written;
    return true;
}
