#ifndef COMPUTE_TEXT_H
#define COMPUTE_TEXT_H

#include "compute/text_words.h"
#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A text read once for all functions that look at words: its words, its sentences, and its terms,
 * which are the words without case and form (text_fold_word), each once.
 *
 *     "Die Straße. Die STRASSE."
 *     words:     Die Straße Die STRASSE     with their offsets in the source
 *     terms:     0 die   1 strasse
 *     sentences: 0–12, 13–25                in bytes
 *
 * Bound:  TEXT_BYTES_MAX; of a longer text its beginning is read, up to a whole character, and
 *         covers_all is false. Memory is some 30 bytes for each word, 60 MiB at worst (words of one
 *         letter), 25 MiB for prose of that length.
 * Shape:  words in order and without overlap; sentences likewise, each with one word at least; every
 *         word lies in one sentence.
 * Owner:  text_new gives it, text_free takes it. The source stays its maker's and must live as long.
 * Thread: any; once made it is only read, so threads may share it.
 */
enum { TEXT_BYTES_MAX = 4 * 1024 * 1024 };

struct text_term {
    const char *folded; /* of valid UTF-8, with a NUL behind it */
    uint32_t size;      /* in bytes, 1 to TEXT_FOLDED_WORD_BYTES_MAX */
    uint32_t count;     /* how often it stands in the text */
};

struct text_sentence {
    uint32_t offset, size; /* in bytes; its full stop and quotes included */
    uint32_t first_word, word_count;
};

struct text {
    struct dk_bytes source; /* the part that was read */
    bool covers_all;
    struct text_word *words; /* their `term` is an index of terms */
    size_t word_count;
    struct text_term *terms; /* in the order in which they come first */
    size_t term_count;
    struct text_sentence *sentences;
    size_t sentence_count;
    struct text_block *blocks; /* where the folded forms lie */
};

/* Errors: DK_INVALID where the part that is read is no UTF-8, DK_EXHAUSTED without memory,
 * DK_CANCELLED. */
enum dk_error text_new(
    struct dk_bytes source,
    const struct watch *watch,
    struct text **ret_text,
    struct dk_fault *fault);
void text_free(struct text *text);

/* A word as it stands in the source. */
static inline struct dk_bytes text_word_bytes(
    const struct text *text, const struct text_word *word) {
    return (struct dk_bytes){.data = text->source.data + word->offset, .size = word->size};
}

static inline struct dk_bytes text_sentence_bytes(
    const struct text *text, const struct text_sentence *sentence) {
    return (struct dk_bytes){.data = text->source.data + sentence->offset, .size = sentence->size};
}

#endif /* COMPUTE_TEXT_H */
