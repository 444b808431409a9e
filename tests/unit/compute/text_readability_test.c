#include "compute/text_readability.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t syllables(const char *word) {
    return text_syllables_english(word, strlen(word));
}

static struct text_readability measured(const char *source, const char *language) {
    struct text *text = NULL;
    struct text_readability readability;
    cr_assert(eq(int, text_new(dk_bytes_of(source), NULL, &text, NULL), DK_OK));
    text_readability_measure(text, language, &readability);
    text_free(text);
    return readability;
}

/* `count` times the sentence. */
static char *repeated(const char *sentence, size_t count) {
    const size_t size = strlen(sentence);
    char *source = calloc(1, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(source + i * size, sentence, size);
    }
    return source;
}

Test(text_readability, counts_syllables) {
    static const struct {
        const char *word;
        size_t syllables;
    } of[] = {
        {"a", 1},         {"the", 1},       {"cat", 1},         {"house", 1},    {"makes", 1},
        {"walked", 1},    {"wanted", 2},    {"boxes", 2},       {"table", 2},    {"titled", 2},
        {"agree", 2},     {"nation", 2},    {"special", 2},     {"radio", 3},    {"video", 3},
        {"being", 2},     {"playing", 2},   {"king", 1},        {"prism", 2},    {"didn't", 2},
        {"newton's", 2},  {"queen", 1},     {"quickly", 2},     {"language", 2}, {"yellow", 2},
        {"any", 2},       {"computer", 3},  {"readability", 5}, {"document", 3}, {"university", 5},
        {"actually", 4},  {"blue", 1},      {"don't", 1},       {"rhythm", 1},   {"42", 1},
        {"beautiful", 3}, {"different", 3}, {"information", 4},
    };

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        cr_assert(eq(sz, syllables(of[i].word), of[i].syllables), "%s", of[i].word);
    }
}

Test(text_readability, measures_by_the_formulas) {
    /* 10 words, 12 syllables, 39 characters in each sentence. */
    char *source = repeated("The small dog ran over the wide green open field. ", 12);

    const struct text_readability readability = measured(source, "en");

    cr_assert(readability.is_told);
    cr_assert(
        epsilon_eq(dbl, readability.flesch_reading_ease, 206.835 - 1.015 * 10 - 84.6 * 1.2, 1e-9));
    cr_assert(
        epsilon_eq(dbl, readability.flesch_kincaid_grade, 0.39 * 10 + 11.8 * 1.2 - 15.59, 1e-9));
    cr_assert(epsilon_eq(
        dbl, readability.automated_readability_index, 4.71 * 3.9 + 0.5 * 10 - 21.43, 1e-9));
    free(source);
}

Test(text_readability, says_nothing_of_other_languages_and_of_little) {
    char *source = repeated("The small dog ran over the wide green open field. ", 12);

    cr_assert(not(measured(source, "de").is_told));
    cr_assert(not(measured(source, "").is_told));
    cr_assert(not(measured("One sentence alone.", "en").is_told));
    cr_assert(not(measured("", "en").is_told));
    free(source);
}
