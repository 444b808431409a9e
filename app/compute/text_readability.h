#ifndef COMPUTE_TEXT_READABILITY_H
#define COMPUTE_TEXT_READABILITY_H

#include "compute/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How hard a text is to read, by three formulas that were fitted to English prose and mean nothing
 * elsewhere: other languages have other lengths of words and sentences at the same difficulty. So
 * there is an answer for English alone ("en"), and none below TEXT_READABILITY_WORDS_MIN words, the
 * size of the samples that Flesch measured.
 *
 *     reading ease (Flesch 1948)         206.835 − 1.015 w − 84.6 s     90 easy … 30 very hard
 *     grade        (Kincaid et al. 1975) 0.39 w + 11.8 s − 15.59        years of school, US
 *     index        (Smith, Senter 1967)  4.71 c + 0.5 w − 21.43         the same
 *
 * with w words in a sentence, s syllables and c characters in a word. Headings count as sentences;
 * a text that is mostly lists or code comes out too easy.
 */
enum { TEXT_READABILITY_WORDS_MIN = 100 };

struct text_readability {
    bool is_told; /* otherwise the rest is 0 */
    double flesch_reading_ease;
    double flesch_kincaid_grade;
    double automated_readability_index;
};

/* `language` is a code of text_language.h. Thread: any. */
void text_readability_measure(
    const struct text *text, const char *language, struct text_readability *ret_readability);

/* Syllables of an English word in lower case, 1 at least: runs of vowels, less silent endings, plus
 * vowels that do not run together. Right for nine of ten dictionary words. */
size_t text_syllables_english(const char *word, size_t size);

#endif /* COMPUTE_TEXT_READABILITY_H */
