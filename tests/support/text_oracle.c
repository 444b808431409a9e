/* What holds of every text that was read. */
#include "support/text_oracle.h"

#include <stdio.h>
#include <stdlib.h>

void text_oracle_require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "text: %s\n", what);
        abort();
    }
}

/* Bytes of the character at `at`, 0 when there is none: the syntax of RFC 3629, row by row. */
static size_t character_size(const unsigned char *at, size_t left) {
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, size;
    } rows[] = {
        {0x00, 0x7F, 0, 0, 1},
        {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (at[0] < rows[i].first_low || at[0] > rows[i].first_high) {
            continue;
        }
        if (rows[i].size > left ||
            (rows[i].size > 1 && (at[1] < rows[i].second_low || at[1] > rows[i].second_high))) {
            return 0;
        }
        for (size_t k = 2; k < rows[i].size; k++) {
            if (at[k] < 0x80 || at[k] > 0xBF) {
                return 0;
            }
        }
        return rows[i].size;
    }
    return 0;
}

bool text_oracle_is_utf8(struct dk_bytes bytes) {
    size_t at = 0;
    while (at < bytes.size) {
        const size_t size = character_size((const unsigned char *)bytes.data + at, bytes.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

static void require_words(const struct text *text, size_t *counts) {
    size_t end = 0;
    for (size_t i = 0; i < text->word_count; i++) {
        const struct text_word *word = &text->words[i];
        text_oracle_require(word->offset >= end, "words overlap or are out of order");
        text_oracle_require(word->size >= 1 && word->size <= TEXT_WORD_BYTES_MAX, "a word's size");
        end = word->offset + word->size;
        text_oracle_require(end <= text->source.size, "a word goes beyond the text");
        text_oracle_require(text_oracle_is_utf8(text_word_bytes(text, word)), "half a character");
        text_oracle_require(word->term < text->term_count, "a word without a term");
        counts[word->term]++;
    }
}

static void require_sentences(const struct text *text) {
    size_t end = 0, words = 0;
    for (size_t i = 0; i < text->sentence_count; i++) {
        const struct text_sentence *sentence = &text->sentences[i];
        text_oracle_require(sentence->offset >= end, "sentences overlap or are out of order");
        end = (size_t)sentence->offset + sentence->size;
        text_oracle_require(end <= text->source.size, "a sentence goes beyond the text");
        text_oracle_require(
            text_oracle_is_utf8(text_sentence_bytes(text, sentence)), "half a character");
        text_oracle_require(
            sentence->first_word == words && sentence->word_count >= 1 &&
                sentence->word_count <= TEXT_SENTENCE_WORDS_MAX,
            "a sentence's words");
        words += sentence->word_count;
        const struct text_word *first = &text->words[sentence->first_word];
        const struct text_word *last = first + sentence->word_count - 1;
        text_oracle_require(
            first->offset >= sentence->offset && last->offset + last->size <= end,
            "a word lies outside its sentence");
    }
    text_oracle_require(words == text->word_count, "a word without a sentence");
}

void text_oracle_require_whole(const struct text *text) {
    size_t *counts = calloc(text->term_count + 1, sizeof *counts);
    text_oracle_require(counts != NULL, "no memory for the oracle");
    require_words(text, counts);
    require_sentences(text);
    for (size_t i = 0; i < text->term_count; i++) {
        const struct text_term *term = &text->terms[i];
        const struct dk_bytes folded = {.data = term->folded, .size = term->size};
        text_oracle_require(
            term->size >= 1 && term->size <= TEXT_FOLDED_WORD_BYTES_MAX &&
                term->folded[term->size] == '\0' && text_oracle_is_utf8(folded),
            "a term's form");
        text_oracle_require(term->count == counts[i], "a term is counted wrong");
    }
    free(counts);
}
