#ifndef COMPUTE_TEXT_LEXICON_H
#define COMPUTE_TEXT_LEXICON_H

#include "compute/text.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a language knows of a text's terms: which of them say nothing, and which are forms of one
 * word ("compute", "computed", "computing" have the stem "comput").
 *
 * Stems are Snowball's (libstemmer), where it knows the language; else each term is its own stem.
 * Stop words are those of text_stop_words.h; without a list, terms that stand in a quarter of the
 * sentences of a text with TEXT_LEXICON_SENTENCES_MIN of them, as no word does that says something.
 * Stop words too: words of one or two letters in scripts that have spaces, and words over
 * TEXT_LEXICON_WORD_BYTES_MAX, which are data.
 *
 * Owner:  text_lexicon_new gives it, text_lexicon_free takes it; the text must live as long.
 * Thread: any; once made it is only read.
 */
enum { TEXT_LEXICON_SENTENCES_MIN = 12, TEXT_LEXICON_WORD_BYTES_MAX = 64 };

struct text_lexicon {
    const struct text *text;
    uint32_t *stems;  /* of each term: 0 to below stem_count, by first appearance */
    uint32_t *counts; /* of each stem: words of the text */
    bool *stops;      /* of each term: whether it says nothing */
    bool *numbers;    /* of each term: whether it has no letter */
    size_t stem_count;
};

/* `language` is a code of text_language.h, or "". Errors: DK_EXHAUSTED without memory. */
enum dk_error text_lexicon_new(
    const struct text *text,
    const char *language,
    struct text_lexicon **ret_lexicon,
    struct dk_fault *fault);
void text_lexicon_free(struct text_lexicon *lexicon);

#endif /* COMPUTE_TEXT_LEXICON_H */
