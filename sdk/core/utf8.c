/*
 * UTF-8 as RFC 3629 has it. Most texts are ASCII: eight bytes are looked at in one step.
 */
#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the character at `at`; 0 when there is none. */
static size_t character_size(const unsigned char *at, size_t left) {
    const unsigned char first = at[0];
    if (first < 0x80) {
        return 1;
    }
    size_t size = 0;
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        size = 3;
        low = first == 0xE0 ? 0xA0 : 0x80;  /* no longer form than needed */
        high = first == 0xED ? 0x9F : 0xBF; /* no surrogates */
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4;
        low = first == 0xF0 ? 0x90 : 0x80;
        high = first == 0xF4 ? 0x8F : 0xBF; /* at most U+10FFFF */
    }
    if (size == 0 || size > left || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

static bool is_ascii_word(const unsigned char *at) {
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

/* Fewer than a word's bytes. */
static bool is_ascii_rest(const unsigned char *at, size_t size) {
    uint32_t first = 0, last = 0;
    if (size >= sizeof first) { /* the two overlap */
        memcpy(&first, at, sizeof first);
        memcpy(&last, at + size - sizeof last, sizeof last);
        return ((first | last) & UINT32_C(0x80808080)) == 0;
    }
    unsigned char all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= at[i];
    }
    return all < 0x80;
}

bool dk__utf8_is_valid(struct dk_bytes text) {
    const unsigned char *at = (const unsigned char *)text.data;
    size_t left = text.size;
    while (left > 0) {
        if (left >= sizeof(uint64_t) && is_ascii_word(at)) {
            at += sizeof(uint64_t);
            left -= sizeof(uint64_t);
            continue;
        }
        if (left < sizeof(uint64_t) && is_ascii_rest(at, left)) {
            return true;
        }
        const size_t size = at[0] < 0x80 ? 1 : character_size(at, left);
        if (size == 0) {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}

bool dk_utf8_is_valid(struct dk_bytes text) {
    return dk__utf8_is_valid(text);
}

size_t dk__utf8_clean(struct dk_bytes text, char *target, size_t target_size) {
    static const char replacement[] = "\xEF\xBF\xBD";
    const unsigned char *at = (const unsigned char *)text.data;
    size_t left = text.size, written = 0;
    while (left > 0) {
        const size_t size = character_size(at, left);
        const char *const source = size > 0 ? (const char *)at : replacement;
        const size_t part = size > 0 ? size : sizeof replacement - 1;
        if (written + part + 1 > target_size) {
            break;
        }
        memcpy(target + written, source, part);
        written += part;
        at += size > 0 ? size : 1;
        left -= size > 0 ? size : 1;
    }
    if (target_size > 0) {
        target[written] = '\0';
    }
    return written;
}

size_t dk__utf8_whole(struct dk_bytes text) {
    enum { TAIL_BYTES_MAX = 3 }; /* continuation bytes of the longest character */
    for (size_t tail = 0; tail <= TAIL_BYTES_MAX && tail < text.size; tail++) {
        const unsigned char byte = (unsigned char)text.data[text.size - 1 - tail];
        if ((byte & 0xC0) == 0x80) {
            continue;
        }
        const size_t size = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return size > tail + 1 ? text.size - tail - 1 : text.size;
    }
    return text.size;
}
