#include "core/hex.h"

enum { ESCAPE_BYTES = 3, NO_DIGIT = -1 };

static int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'a' && letter <= 'f') {
        return letter - 'a' + 10;
    }
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : NO_DIGIT;
}

char *dk__hex_write(const unsigned char *bytes, size_t size, char *target) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *target++ = digits[bytes[i] >> 4];
        *target++ = digits[bytes[i] & 15];
    }
    return target;
}

bool dk__percent_read(struct dk_bytes text, size_t at, char *ret_byte) {
    if (text.size - at < ESCAPE_BYTES) {
        return false;
    }
    const int high = digit_of(text.data[at + 1]), low = digit_of(text.data[at + 2]);
    if (high == NO_DIGIT || low == NO_DIGIT) {
        return false;
    }
    *ret_byte = (char)(unsigned char)(high * 16 + low);
    return true;
}
