/* Summaries: which sentence comes first, which are left out, and when there is none. */
#include "compute/text_summary.h"

#include "support/counted_watch.h"
#include "support/text_of.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const char story[] = "A title\n\n"
                            "The bakery in our street sells bread that is baked at night. "
                            "My neighbour owns an old bicycle. "
                            "Every morning people wait in front of the bakery for fresh bread. "
                            "It rains a lot in November. "
                            "The mayor said nothing about the broken bridge near the harbour. "
                            "Without bread the bakery could not feed the people of the street.";

static size_t pick(const char *source, size_t sentences_max, uint32_t *sentences) {
    struct read_text read = text_of(dk_bytes_of(source), "en");
    size_t count = 0;
    cr_assert(eq(
        int, text_summary_pick(read.lexicon, sentences_max, NULL, sentences, &count, NULL), DK_OK));
    text_drop(&read);
    return count;
}

Test(text_summary_pick, picks_what_the_text_speaks_of_in_its_order) {
    uint32_t sentences[TEXT_SUMMARY_SENTENCES_MAX];

    cr_assert(eq(sz, pick(story, 1, sentences), 1));
    cr_assert(eq(u32, sentences[0], 6)); /* bread, bakery, people, street */
    cr_assert(eq(sz, pick(story, 2, sentences), 2));
    cr_assert(lt(u32, sentences[0], 6));
    cr_assert(eq(u32, sentences[1], 6));
}

Test(text_summary_pick, leaves_titles_out_until_there_is_nothing_else) {
    uint32_t sentences[TEXT_SUMMARY_SENTENCES_MAX];

    cr_assert(eq(sz, pick(story, TEXT_SUMMARY_SENTENCES_MAX, sentences), 6));
    cr_assert(eq(u32, sentences[0], 1));
    cr_assert(eq(sz, pick("A title\n\nTwo words", 1, sentences), 1));
    cr_assert(eq(sz, pick("", 3, sentences), 0));
}

Test(text_summary_pick, gives_up_when_its_watch_says_so) {
    struct read_text read = text_of(dk_bytes_of(story), "en");
    struct counted_watch counted;
    const struct watch watch = counted_watch(&counted, 2);
    uint32_t sentences[TEXT_SUMMARY_SENTENCES_MAX];
    size_t count = 42;

    cr_assert(
        eq(int, text_summary_pick(read.lexicon, 3, &watch, sentences, &count, NULL), DK_CANCELLED));

    cr_assert(eq(sz, count, 42));
    text_drop(&read);
}
