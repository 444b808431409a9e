/*
 * Readability of English. Syllables are counted once for each term, so the cost is that of the
 * vocabulary and not of the text.
 *
 * Thread: any.
 */
#include "compute/text_readability.h"

#include <string.h>

/* A view of a word that answers 0 beyond its ends, before the first letter too. */
struct letters {
    const char *word;
    size_t size;
};

static char letter(const struct letters *letters, size_t i) {
    if (i >= letters->size) {
        return '\0';
    }
    return letters->word[i];
}

static bool is_one_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_vowel(char c) {
    return is_one_of(c, "aeiouy");
}

static bool ends_with(const struct letters *letters, const char *ending) {
    const size_t size = strlen(ending);
    return letters->size >= size && memcmp(letters->word + letters->size - size, ending, size) == 0;
}

/* Runs of vowels; "y" before a vowel begins a syllable of its own at the head of a word. */
static size_t count_runs(const struct letters *letters) {
    size_t runs = 0;
    bool was_vowel = false;
    for (size_t i = 0; i < letters->size; i++) {
        const char c = letter(letters, i);
        const bool is_consonant_y = c == 'y' && i == 0 && is_vowel(letter(letters, 1));
        const bool counts =
            is_vowel(c) && !is_consonant_y && !(c == 'u' && i > 0 && letter(letters, i - 1) == 'q');
        runs += counts && !was_vowel;
        was_vowel = counts;
    }
    return runs;
}

/* Whether the last "e", "es" or "ed" is silent. */
static bool has_silent_end(const struct letters *letters) {
    const size_t size = letters->size;
    const bool has_letter = ends_with(letters, "es") || ends_with(letters, "ed");
    if (size < 3 || !(has_letter || ends_with(letters, "e"))) {
        return false;
    }
    const size_t e = has_letter ? size - 2 : size - 1;
    const char before = letter(letters, e - 1), earlier = letter(letters, e - 2);
    if (is_vowel(before)) {
        return false; /* a run of two: "agree", "die" */
    }
    if (before == 'l' && earlier != '\0' && !is_vowel(earlier) && earlier != 'l') {
        return false; /* "table", "titled" */
    }
    if (ends_with(letters, "ed")) {
        return before != 't' && before != 'd';
    }
    if (ends_with(letters, "es")) {
        return !is_one_of(before, "szxcg") && !(before == 'h' && is_one_of(earlier, "cs"));
    }
    return true;
}

/* Vowels in a row that are two syllables: "idea", "radio", "being", "chaos", "prism". */
static size_t count_breaks(const struct letters *letters) {
    size_t breaks = 0;
    for (size_t i = 1; i + 1 < letters->size; i++) {
        const char before = letter(letters, i - 1), c = letter(letters, i);
        const char next = letter(letters, i + 1);
        const bool is_soft = is_one_of(before, "tscgx"); /* "nation", "special" */
        breaks += c == 'i' && is_one_of(next, "aou") && !is_soft && !is_vowel(before);
        breaks += c == 'u' && is_one_of(next, "aeo") && !is_one_of(before, "qg") &&
                  !(next == 'e' && i + 2 >= letters->size) && !is_vowel(before);
        breaks += c == 'e' && next == 'o' && !is_one_of(before, "gp");
    }
    breaks += letters->size > 4 && ends_with(letters, "ing") &&
              is_vowel(letter(letters, letters->size - 4));
    breaks += ends_with(letters, "ism") || ends_with(letters, "isms");
    breaks += letters->size > 2 && (ends_with(letters, "n't")) &&
              !is_vowel(letter(letters, letters->size - 4));
    return breaks;
}

size_t text_syllables_english(const char *word, size_t size) {
    struct letters letters = {.word = word, .size = size};
    if (ends_with(&letters, "'s")) {
        letters.size -= 2;
    }
    const size_t runs = count_runs(&letters) + count_breaks(&letters);
    const size_t silent = has_silent_end(&letters) ? 1 : 0;
    return runs > silent ? runs - silent : 1;
}

static size_t count_characters(const char *bytes, size_t size) {
    size_t characters = 0;
    for (size_t i = 0; i < size; i++) {
        characters += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    }
    return characters;
}

void text_readability_measure(
    const struct text *text, const char *language, struct text_readability *ret_readability) {
    *ret_readability = (struct text_readability){.is_told = false};
    if (strcmp(language, "en") != 0 || text->word_count < TEXT_READABILITY_WORDS_MIN) {
        return;
    }
    double syllables = 0.0, characters = 0.0;
    for (size_t i = 0; i < text->term_count; i++) {
        const struct text_term *term = &text->terms[i];
        const double count = term->count;
        syllables += count * (double)text_syllables_english(term->folded, term->size);
        characters += count * (double)count_characters(term->folded, term->size);
    }
    const double words = (double)text->word_count;
    const double w = words / (double)text->sentence_count;
    const double s = syllables / words, c = characters / words;
    *ret_readability = (struct text_readability){
        .is_told = true,
        .flesch_reading_ease = 206.835 - 1.015 * w - 84.6 * s,
        .flesch_kincaid_grade = 0.39 * w + 11.8 * s - 15.59,
        .automated_readability_index = 4.71 * c + 0.5 * w - 21.43,
    };
}
