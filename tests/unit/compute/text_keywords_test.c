/* Keywords: what a text is about comes first, in its own words, and never twice. */
#include "compute/text_keywords.h"

#include "compute/text.h"
#include "compute/text_lexicon.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct text *text;
static struct text_lexicon *lexicon;
static struct text_keyword found[TEXT_KEYWORDS_MAX];
static size_t count;
static struct dk_fault fault;

static void end(void) {
    text_lexicon_free(lexicon);
    text_free(text);
}

TestSuite(text_keywords, .fini = end);

static void find(const char *source, const char *language, size_t keywords_max) {
    end();
    text = NULL;
    lexicon = NULL;
    fault = (struct dk_fault){0};
    cr_assert(eq(int, text_new(dk_bytes_of(source), NULL, &text, &fault), DK_OK));
    cr_assert(eq(int, text_lexicon_new(text, language, &lexicon, &fault), DK_OK));
    cr_assert(
        eq(int, text_keywords_find(lexicon, keywords_max, NULL, found, &count, &fault), DK_OK));
}

static bool is_found(const char *keyword) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].text, keyword) == 0) {
            return true;
        }
    }
    return false;
}

static const char bees[] =
    "The honey bee lives in a colony. A honey bee colony has one queen. The queen lays eggs, and "
    "the "
    "worker bees feed the larvae. Worker bees gather nectar and pollen from flowers. Nectar "
    "becomes "
    "honey inside the hive. When a colony grows too large, the old queen leaves the hive with a "
    "swarm "
    "of worker bees. The swarm looks for a new hive. Beekeepers harvest honey in late summer.";

Test(text_keywords, are_what_the_text_is_about) {
    find(bees, "en", 10);

    cr_assert(eq(sz, count, 10));
    cr_expect(is_found("worker bees"));
    cr_expect(is_found("honey bee") || is_found("honey bee colony"));
    for (size_t i = 0; i < count; i++) {
        cr_expect(
            eq(ptr, strstr(found[i].text, "the "), NULL),
            "%s begins with a stop word",
            found[i].text);
    }
}

Test(text_keywords, come_best_first_and_stand_in_the_text) {
    find(bees, "en", 20);

    for (size_t i = 0; i < count; i++) {
        cr_assert(i == 0 || found[i - 1].score <= found[i].score);
        cr_assert(le(sz, found[i].offset + found[i].size, strlen(bees)));
        cr_assert(gt(u32, found[i].count, 0));
    }
}

Test(text_keywords, count_forms_of_a_word_as_one) {
    find(
        "Compilers compile. A compiler that compiled itself is compiling still. Compilers are "
        "compiled.",
        "en",
        10);

    size_t forms = 0;
    for (size_t i = 0; i < count; i++) {
        forms += strchr(found[i].text, ' ') == NULL && strncmp(found[i].text, "compil", 6) == 0;
    }
    cr_assert(le(sz, forms, 2)); /* compiler and compile have stems of their own */
}

Test(text_keywords, of_other_scripts_are_found_too) {
    find(
        "Москва — столица России. Москва стоит на реке Москве. В Москве живут миллионы людей, и "
        "столица растёт каждый год.",
        "ru",
        5);

    cr_assert(gt(sz, count, 1));
    cr_expect(is_found("столица россии"));
    cr_expect(is_found("москва"));
}

Test(text_keywords, of_a_text_of_stop_words_are_none) {
    find("The of and to a in is it.", "en", 10);

    cr_assert(eq(sz, count, 0));
}

Test(text_keywords, of_an_empty_text_are_none) {
    find("", "", 10);

    cr_assert(eq(sz, count, 0));
}

Test(text_keywords, are_the_same_each_time) {
    static struct text_keyword first[TEXT_KEYWORDS_MAX];
    find(bees, "en", 15);
    memcpy(first, found, sizeof first);

    find(bees, "en", 15);

    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(str, found[i].text, first[i].text));
    }
}

Test(text_keywords, refuse_a_number_out_of_bounds) {
    find(bees, "en", 1);

    cr_assert(eq(int, text_keywords_find(lexicon, 0, NULL, found, &count, &fault), DK_INVALID));
    cr_assert(
        eq(int,
           text_keywords_find(lexicon, TEXT_KEYWORDS_MAX + 1, NULL, found, &count, &fault),
           DK_INVALID));
}
