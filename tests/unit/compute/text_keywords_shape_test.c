/* Keywords: which words make a phrase, how it is scored, how it is written. */
#include "compute/text_keywords.h"

#include "support/counted_watch.h"
#include "support/text_of.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct text_keyword keywords[TEXT_KEYWORDS_MAX];

static size_t find(const char *source, const char *language, size_t keywords_max) {
    struct read_text read = text_of(dk_bytes_of(source), language);
    size_t count = 0;
    cr_assert(eq(
        int, text_keywords_find(read.lexicon, keywords_max, NULL, keywords, &count, NULL), DK_OK));
    text_drop(&read);
    return count;
}

/* The place of a keyword, the best being 1; 0 when it is none. */
static size_t place(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keywords[i].text, text) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static const char english[] =
    "Stream processing reads events as they come. A stream processor keeps its state in a state "
    "store, so that stream processing goes on after a crash. Without a state store the stream "
    "processor would read all events again. Kafka keeps the events of a stream.";

Test(text_keywords_shape, scores_by_yakes_formulas) {
    /* "cats" and "dogs": one sentence each of two, frequency 2 and 1, no neighbours. Mean 1.5 and
     * deviation 0.5 give 2 as typical. */
    const size_t count = find("Cats, cats. Dogs.", "en", 10);

    /* cats: position log(log(3 + 0)), relatedness 1, frequency 2/2, spread 1/2. */
    const double cats = 0.09404782761 / (1.0 + 0.5), dogs = 0.32663425997 / (0.5 + 0.5);
    cr_assert(eq(sz, count, 2));
    cr_assert(eq(str, keywords[0].text, "cats"));
    cr_assert(epsilon_eq(dbl, keywords[0].score, cats / ((1.0 + cats) * 2.0), 1e-9));
    cr_assert(eq(str, keywords[1].text, "dogs"));
    cr_assert(epsilon_eq(dbl, keywords[1].score, dogs / (1.0 + dogs), 1e-9));
}

Test(text_keywords_shape, counts_forms_together_and_shows_the_first) {
    const size_t count = find("Readers read. A reader, the READERS; reader's.", "en", 5);

    const size_t at = place("readers", count);
    cr_assert(gt(sz, at, 0));
    cr_assert(eq(sz, place("reader", count), 0));
    cr_assert(eq(u32, keywords[at - 1].count, 4));
    cr_assert(eq(u32, keywords[at - 1].offset, 0));
    cr_assert(eq(u32, keywords[at - 1].size, 7));
}

Test(text_keywords_shape, writes_a_phrase_as_it_stands_in_lower_case) {
    const size_t count =
        find("Die GROSSE  Straßen-\nBahn fährt. Über die Große Straßen-Bahn.", "de", 10);

    cr_assert(gt(sz, place("grosse straßen- bahn", count) + place("straßen- bahn", count), 0));
    cr_assert(eq(sz, place("strassen", count), 0));
}

Test(text_keywords_shape, stays_within_phrases) {
    const size_t count = find("red apples, green pears. Blue plums 7 brown nuts", "en", 50);

    cr_assert(gt(sz, place("red apples", count), 0));
    cr_assert(eq(sz, place("apples green", count), 0));
    cr_assert(eq(sz, place("pears blue", count), 0));
    cr_assert(eq(sz, place("plums 7 brown", count), 0));
    cr_assert(eq(sz, place("7", count), 0));
}

Test(text_keywords_shape, lets_stop_words_stand_inside_a_phrase_only) {
    const size_t count =
        find("The house of cards fell. A house of cards is light. House of cards!", "en", 50);

    cr_assert(gt(sz, place("house of cards", count), 0));
    cr_assert(eq(sz, place("house of", count), 0));
    cr_assert(eq(sz, place("of cards", count), 0));
}

Test(text_keywords_shape, finds_phrases_of_characters_where_there_are_no_spaces) {
    const size_t count = find("机器学习很有用。机器学习是科学。机器学习发展快。", "zh", 50);

    cr_assert(gt(sz, place("机器", count), 0));
    cr_assert(gt(sz, place("学习", count), 0));
    cr_assert(eq(sz, place("机", count), 0));
}

Test(text_keywords_shape, says_nothing_twice) {
    const size_t count =
        find("The internationalisation team. An internationalization team. More teams.", "", 50);

    cr_assert(
        eq(sz,
           (place("internationalisation", count) > 0) + (place("internationalization", count) > 0),
           1));
}

Test(text_keywords_shape, gives_up_when_its_watch_says_so) {
    struct read_text read = text_of(dk_bytes_of(english), "en");
    size_t count = 42;
    for (int at = 1; at <= 2; at++) { /* in the features, and in the phrases */
        struct counted_watch counted;
        const struct watch watch = counted_watch(&counted, at);

        cr_assert(
            eq(int,
               text_keywords_find(read.lexicon, 5, &watch, keywords, &count, NULL),
               DK_CANCELLED));
        cr_assert(eq(int, counted.looks, at));
    }
    cr_assert(eq(sz, count, 42));
    text_drop(&read);
}
