/*
 * Stems and stop words of a text's terms. All of it is work on the vocabulary: each term is looked
 * at once, however often it stands in the text.
 *
 * Thread: any; Snowball's stemmers keep state, so each lexicon makes one of its own.
 */
#include "compute/text_lexicon.h"

#include "compute/text_stop_words.h"
#include "compute/text_table.h"

#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LETTERS_MIN = 3 };

/* Both written forms of Norwegian share a stemmer. */
static struct sb_stemmer *stemmer_of(const char *language) {
    const bool is_norwegian = strcmp(language, "nb") == 0 || strcmp(language, "nn") == 0;
    return sb_stemmer_new(is_norwegian ? "no" : language, NULL);
}

static struct dk_bytes stem_of(struct sb_stemmer *stemmer, const struct text_term *term) {
    const struct dk_bytes whole = {.data = term->folded, .size = term->size};
    if (stemmer == NULL || term->size > TEXT_LEXICON_WORD_BYTES_MAX) {
        return whole;
    }
    const sb_symbol *stem =
        sb_stemmer_stem(stemmer, (const sb_symbol *)term->folded, (int)term->size);
    const int size = stem == NULL ? 0 : sb_stemmer_length(stemmer);
    return size <= 0 ? whole : (struct dk_bytes){.data = (const char *)stem, .size = (size_t)size};
}

/* False without memory. */
static bool lexicon_stem(struct text_lexicon *lexicon, const char *language) {
    struct sb_stemmer *stemmer = stemmer_of(language);
    struct text_table stems = {0};
    bool is_good = true, is_new = false;
    for (size_t i = 0; i < lexicon->text->term_count && is_good; i++) {
        const struct dk_bytes stem = stem_of(stemmer, &lexicon->text->terms[i]);
        struct text_slot *slot =
            text_table_take(&stems, XXH3_64bits(stem.data, stem.size), &is_new);
        is_good = slot != NULL;
        if (slot != NULL) {
            if (is_new) {
                slot->value = (uint32_t)lexicon->stem_count;
                lexicon->stem_count++;
            }
            lexicon->stems[i] = slot->value;
            lexicon->counts[slot->value] += lexicon->text->terms[i].count;
        }
    }
    text_table_free(&stems);
    sb_stemmer_delete(stemmer);
    return is_good;
}

/* Marks the terms of a list. False without memory. */
static bool lexicon_stop_listed(struct text_lexicon *lexicon, const char *words) {
    struct text_table listed = {0};
    bool is_good = true, is_new = false;
    for (const char *word = words + 1; *word != '\0' && is_good;) {
        const size_t size = strcspn(word, " ");
        is_good = text_table_take(&listed, XXH3_64bits(word, size), &is_new) != NULL;
        word += size + 1;
    }
    for (size_t i = 0; i < lexicon->text->term_count && is_good; i++) {
        const struct text_term *term = &lexicon->text->terms[i];
        lexicon->stops[i] = text_table_find(&listed, XXH3_64bits(term->folded, term->size)) != NULL;
    }
    text_table_free(&listed);
    return is_good;
}

/* Marks the terms that stand in a quarter of the sentences. False without memory. */
static bool lexicon_stop_frequent(struct text_lexicon *lexicon) {
    const struct text *text = lexicon->text;
    if (text->sentence_count < TEXT_LEXICON_SENTENCES_MIN) {
        return true;
    }
    struct spread {
        uint32_t sentences, last; /* last: the number of the sentence, from 1 */
    } *spreads = calloc(text->term_count, sizeof *spreads);
    if (spreads == NULL) {
        return false;
    }
    for (size_t i = 0; i < text->sentence_count; i++) {
        const struct text_sentence *sentence = &text->sentences[i];
        for (size_t k = 0; k < sentence->word_count; k++) {
            struct spread *spread = &spreads[text->words[sentence->first_word + k].term];
            spread->sentences += spread->last != i + 1;
            spread->last = (uint32_t)i + 1;
        }
    }
    for (size_t i = 0; i < text->term_count; i++) {
        lexicon->stops[i] = spreads[i].sentences >= text->sentence_count / 4;
    }
    free(spreads);
    return true;
}

/* Marks short and long terms, and those that are no words. */
static void lexicon_stop_formless(struct text_lexicon *lexicon) {
    const struct text *text = lexicon->text;
    for (size_t i = 0; i < text->word_count; i++) {
        const struct text_word *word = &text->words[i];
        const struct text_term *term = &text->terms[word->term];
        size_t letters = 0;
        for (size_t k = 0; k < term->size && letters < LETTERS_MIN; k++) {
            letters += ((unsigned char)term->folded[k] & 0xC0) != 0x80;
        }
        const bool is_short = letters < LETTERS_MIN && (word->flags & TEXT_IS_SINGLE) == 0;
        lexicon->numbers[word->term] = (word->flags & TEXT_HAS_LETTER) == 0;
        lexicon->stops[word->term] =
            lexicon->stops[word->term] || is_short || term->size > TEXT_LEXICON_WORD_BYTES_MAX;
    }
}

enum dk_error text_lexicon_new(
    const struct text *text,
    const char *language,
    struct text_lexicon **ret_lexicon,
    struct dk_fault *fault) {
    struct text_lexicon *lexicon = calloc(1, sizeof *lexicon);
    const size_t count = text->term_count + 1; /* calloc of nothing may be NULL */
    if (lexicon == NULL) {
        goto fail;
    }
    lexicon->text = text;
    lexicon->stems = calloc(count, sizeof *lexicon->stems);
    lexicon->counts = calloc(count, sizeof *lexicon->counts);
    lexicon->stops = calloc(count, sizeof *lexicon->stops);
    lexicon->numbers = calloc(count, sizeof *lexicon->numbers);
    const char *words = text_stop_words(language);
    if (lexicon->stems == NULL || lexicon->counts == NULL || lexicon->stops == NULL ||
        lexicon->numbers == NULL || !lexicon_stem(lexicon, language)) {
        goto fail;
    }
    if (!(words != NULL ? lexicon_stop_listed(lexicon, words) : lexicon_stop_frequent(lexicon))) {
        goto fail;
    }
    lexicon_stop_formless(lexicon);
    *ret_lexicon = lexicon;
    return DK_OK;

fail:
    text_lexicon_free(lexicon);
    return dk_fault_set(fault, DK_EXHAUSTED, "lexicon: no memory for %zu terms", text->term_count);
}

void text_lexicon_free(struct text_lexicon *lexicon) {
    if (lexicon == NULL) {
        return;
    }
    free(lexicon->stems);
    free(lexicon->counts);
    free(lexicon->stops);
    free(lexicon->numbers);
    free(lexicon);
}
