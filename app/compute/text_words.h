#ifndef COMPUTE_TEXT_WORDS_H
#define COMPUTE_TEXT_WORDS_H

#include "compute/text_utf8.h"

#include <dk/bytes.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a text word by word, with what the gaps between them say of phrases and sentences. No
 * memory but its own, and no table but Unicode's categories (utf8proc).
 *
 * Words:     runs of letters, marks and digits. An apostrophe joins what at most two letters follow
 *            ("don't", "Newton's", but "l'homme" and "O'Neill" are two); "." and "," join digits.
 *            Hyphens separate words of one phrase. Han, kana, Thai, Lao, Khmer and Burmese put no
 *            spaces between words: each character, with its marks, is a word there, and phrases of
 *            two and three of them stand for what a dictionary would know. Korean is read by its
 *            spaces. A word over TEXT_WORD_BYTES_MAX is cut into several.
 * Phrases:   end at any punctuation, at the end of a paragraph, and at a dash.
 * Sentences: end at "!", "?", "." and "…" when a space and no small letter follows, and at the full
 *            stops of other scripts. "." ends none behind an initial, a known abbreviation ("Dr.",
 *            "z. B.", "p. ej."; the list is in text_words.c), a number that begins the sentence
 *            ("1. Introduction"), or a number of at most two digits before a German or
 *            Scandinavian month. Empty lines, lines without a word, list items and
 *            TEXT_SENTENCE_WORDS_MAX words end a sentence always. Not known: an abbreviation that
 *            ends its sentence too ("… at 5 p.m. He left" is one), headings without an empty line.
 *
 * Shape:  the text is valid UTF-8 (text_check).
 * Bound:  offsets are of 32 bits: a text has at most TEXT_READ_BYTES_MAX.
 * Thread: any; a reader is its owner's.
 */
enum { TEXT_SENTENCE_WORDS_MAX = 256, TEXT_READ_BYTES_MAX = 1 << 30 };

enum text_word_flag {
    TEXT_BEGINS_SENTENCE = 1,
    TEXT_BEGINS_PHRASE = 2,
    TEXT_IS_CAPITAL = 4, /* begins with a capital letter */
    TEXT_IS_ACRONYM = 8, /* has two letters or more, all of them capital */
    TEXT_HAS_DIGIT = 16,
    TEXT_HAS_LETTER = 32,
    TEXT_IS_ASCII = 64,
    TEXT_IS_SINGLE = 128, /* a character of a script without spaces between words */
};

struct text_word {
    uint32_t offset; /* in bytes, of the word as it stands in the text */
    uint32_t term;   /* for struct text; the reader leaves 0 */
    uint16_t size;   /* in bytes, 1 to TEXT_WORD_BYTES_MAX */
    uint16_t flags;  /* of enum text_word_flag */
};

struct text_reader {
    const unsigned char *begin, *end, *at;
    struct text_word previous;
    uint32_t sentence_words; /* of the sentence that is being read */
    bool has_previous;
    /* Valid when the word just read begins a sentence: where the sentence before it ends, closing
     * quotes included, and where its own begins, opening quotes included. After the last word,
     * where the last sentence ends. */
    uint32_t sentence_end, sentence_begin;
};

void text_reader_begin(struct text_reader *reader, struct dk_bytes text);
/* False at the end. */
bool text_reader_next(struct text_reader *reader, struct text_word *ret_word);

#endif /* COMPUTE_TEXT_WORDS_H */
