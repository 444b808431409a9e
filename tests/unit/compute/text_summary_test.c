/* Summaries: sentences of the text, in its order, that say different things. */
#include "compute/text_summary.h"

#include "compute/text.h"
#include "compute/text_lexicon.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct text *text;
static struct text_lexicon *lexicon;
static uint32_t picked[TEXT_SUMMARY_SENTENCES_MAX];
static size_t count;
static struct dk_fault fault;

static void end(void) {
    text_lexicon_free(lexicon);
    text_free(text);
}

TestSuite(text_summary, .fini = end);

static void pick(const char *source, size_t sentences_max) {
    fault = (struct dk_fault){0};
    cr_assert(eq(int, text_new(dk_bytes_of(source), NULL, &text, &fault), DK_OK));
    cr_assert(eq(int, text_lexicon_new(text, "en", &lexicon, &fault), DK_OK));
    cr_assert(
        eq(int, text_summary_pick(lexicon, sentences_max, NULL, picked, &count, &fault), DK_OK));
}

static bool says(size_t index, const char *words) {
    const struct dk_bytes sentence = text_sentence_bytes(text, &text->sentences[picked[index]]);
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%.*s", (int)sentence.size, sentence.data);
    return strstr(copy, words) != NULL;
}

static const char storm[] = "Contents. The storm reached the coast on Monday night. The storm tore "
                            "roofs from houses along the "
                            "coast. The storm reached the coast late on Monday night with rain. "
                            "Nobody was hurt by it. Schools "
                            "stay closed until teams have repaired the power lines. It was so.";

Test(text_summary, takes_sentences_in_the_order_of_the_text) {
    pick(storm, 3);

    cr_assert(eq(sz, count, 3));
    cr_assert(lt(u32, picked[0], picked[1]));
    cr_assert(lt(u32, picked[1], picked[2]));
}

Test(text_summary, leaves_headings_and_empty_words_out) {
    pick(storm, 3);

    for (size_t i = 0; i < count; i++) {
        cr_expect(not(says(i, "Contents")));
        cr_expect(not(says(i, "It was so")));
    }
}

Test(text_summary, does_not_say_the_same_twice) {
    pick(storm, 2);

    cr_assert(eq(sz, count, 2));
    cr_assert(says(0, "storm"));
    cr_assert(not(all(says(0, "Monday night"), says(1, "Monday night"))));
}

Test(text_summary, of_a_short_text_is_the_text) {
    pick("Only this.", 3);

    cr_assert(eq(sz, count, 1));
}

Test(text_summary, of_an_empty_text_is_empty) {
    pick("", 3);

    cr_assert(eq(sz, count, 0));
}

Test(text_summary, refuses_a_number_out_of_bounds) {
    pick(storm, 1);

    cr_assert(eq(int, text_summary_pick(lexicon, 0, NULL, picked, &count, &fault), DK_INVALID));
    cr_assert(
        eq(int,
           text_summary_pick(lexicon, TEXT_SUMMARY_SENTENCES_MAX + 1, NULL, picked, &count, &fault),
           DK_INVALID));
}
