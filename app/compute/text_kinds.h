#ifndef COMPUTE_TEXT_KINDS_H
#define COMPUTE_TEXT_KINDS_H

#include "compute/text_utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a character is to a reader of words and sentences: more than Unicode's category tells, less
 * than its name. Thread: any; the tables are constant.
 */
enum text_kind {
    TEXT_KIND_OTHER, /* punctuation and symbols without a meaning here */
    TEXT_KIND_SPACE,
    TEXT_KIND_NEWLINE,
    TEXT_KIND_LETTER,
    TEXT_KIND_DIGIT,
    TEXT_KIND_SINGLE, /* a letter that is a word of its own */
    TEXT_KIND_MARK,   /* joins what stands before it, or is invisible */
    TEXT_KIND_APOSTROPHE,
    TEXT_KIND_HYPHEN,
    TEXT_KIND_STOP, /* ends a sentence perhaps: . … */
    TEXT_KIND_CALL, /* ends one nearly always: ! ? */
    TEXT_KIND_FULL, /* ends one without a space behind it: 。 */
    TEXT_KIND_OPENER,
    TEXT_KIND_CLOSER, /* a quote may open as well as close */
    TEXT_KIND_BULLET,
};

/* By the byte, for what is ASCII: values of enum text_kind. */
extern const unsigned char text_ascii_kinds[128];

/* For all others; halves a table a few times. */
enum text_kind text_kind_of(uint32_t character);

/* Of the character at `at` in valid UTF-8; its bytes, and itself. In the header because every
 * character of a text comes by here. */
static inline enum text_kind text_kind_at(
    const unsigned char *at, size_t *ret_size, uint32_t *ret_character) {
    *ret_character = text_decode(at, ret_size);
    return *at < 0x80 ? (enum text_kind)text_ascii_kinds[*at] : text_kind_of(*ret_character);
}

/* Whether a word may begin with it. */
static inline bool text_kind_begins_word(enum text_kind kind) {
    return kind == TEXT_KIND_LETTER || kind == TEXT_KIND_DIGIT || kind == TEXT_KIND_SINGLE;
}

#endif /* COMPUTE_TEXT_KINDS_H */
