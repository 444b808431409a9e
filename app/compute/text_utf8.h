#ifndef COMPUTE_TEXT_UTF8_H
#define COMPUTE_TEXT_UTF8_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/*
 * UTF-8: whether it is, and how it reads without case.
 *
 * Folding is Unicode's NFKC_Casefold, by utf8proc: case and compatibility forms go ("Straße" and
 * "STRASSE", "ﬁ" and "fi", full-width letters), invisible characters too (soft hyphens, joiners),
 * and what remains is composed. Folding twice gives what folding once gave.
 *
 * Thread: any.
 */
enum {
    TEXT_CHARACTER_BYTES_MAX = 4,
    TEXT_WORD_BYTES_MAX = 256, /* of one word as it stands in a text; a longer one is cut */
    /* One character folds to 18 (U+FDFA, three bytes to 33), so no folded word is longer. */
    TEXT_FOLDED_WORD_BYTES_MAX = 11 * TEXT_WORD_BYTES_MAX,
};

/* Errors: DK_INVALID with the offset of the first byte that is no UTF-8 (RFC 3629: no overlong
 * forms, surrogates or values over U+10FFFF), DK_CANCELLED. NUL is a character like others. */
enum dk_error text_check(struct dk_bytes text, const struct watch *watch, struct dk_fault *fault);

/*
 * A folded copy of a text. ASCII is copied at the speed of memory.
 *
 * Owner: the caller frees `ret_folded` by free(). It is never NULL, and ends with a NUL that
 *        `ret_size` leaves out.
 * Bound: memory is 11 times the text at worst, 1.1 times in European languages.
 * Errors: DK_INVALID as text_check has it, DK_EXHAUSTED without memory, DK_CANCELLED.
 */
enum dk_error text_fold(
    struct dk_bytes text,
    const struct watch *watch,
    char **ret_folded,
    size_t *ret_size,
    struct dk_fault *fault);

/* Folds one word of valid UTF-8, `size` from 1 to TEXT_WORD_BYTES_MAX, into `buffer` of
 * TEXT_FOLDED_WORD_BYTES_MAX bytes and returns how many it wrote, 1 at least. Beyond text_fold, a
 * typesetter's apostrophe becomes a typewriter's, and a word that nobody sees stays as it is. */
size_t text_fold_word(const char *word, size_t size, char *buffer);

/* Where a text begins; an absent one is empty. */
static inline const unsigned char *text_begin(struct dk_bytes text) {
    return (const unsigned char *)(text.size == 0 ? "" : text.data);
}

/* The character at `at`, in text that text_check took. */
static inline uint32_t text_decode(const unsigned char *at, size_t *ret_size) {
    if (*at < 0x80) {
        *ret_size = 1;
        return *at;
    }
    if (*at < 0xE0) {
        *ret_size = 2;
        return (uint32_t)(at[0] & 0x1F) << 6 | (at[1] & 0x3F);
    }
    if (*at < 0xF0) {
        *ret_size = 3;
        return (uint32_t)(at[0] & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
    }
    *ret_size = 4;
    return (uint32_t)(at[0] & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 |
           (uint32_t)(at[2] & 0x3F) << 6 | (at[3] & 0x3F);
}

#endif /* COMPUTE_TEXT_UTF8_H */
