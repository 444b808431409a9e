#include "compute/text_statistics.h"

#include "compute/text.h"
#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text_statistics counted(const char *data, size_t size) {
    const struct dk_bytes text = {.data = data, .size = size};
    struct text_statistics statistics;
    cr_assert(eq(int, text_statistics_count(text, NULL, &statistics, NULL), DK_OK));
    return statistics;
}

Test(text_statistics, counts) {
    const char *text = "Die Straße. Die STRASSE?\n\nÜber 3.5 Äpfel\n";

    const struct text_statistics statistics = counted(text, strlen(text));

    cr_assert(eq(u64, statistics.bytes, 44));
    cr_assert(eq(u64, statistics.characters, 41));
    cr_assert(eq(u64, statistics.words, 7));
    cr_assert(eq(u64, statistics.distinct_words, 5));
    cr_assert(eq(u64, statistics.sentences, 3));
    cr_assert(eq(u64, statistics.lines, 3));
}

Test(text_statistics, counts_nothing_in_nothing) {
    const struct text_statistics statistics = counted(NULL, 0);

    cr_assert(eq(u64, statistics.words, 0));
    cr_assert(eq(u64, statistics.sentences, 0));
    cr_assert(eq(u64, statistics.lines, 0));
    cr_assert(eq(u64, counted("\n", 1).lines, 1));
    cr_assert(eq(u64, counted("a", 1).lines, 1));
}

Test(text_statistics, counts_as_the_view_has_it) {
    FILE *file = fopen("/usr/share/common-licenses/GPL-3", "r");
    char *bytes = malloc(64 * 1024);
    struct text *text = NULL;
    cr_assert(ne(ptr, file, NULL));
    const size_t size = fread(bytes, 1, 64 * 1024, file);

    const struct text_statistics statistics = counted(bytes, size);

    const struct dk_bytes source = {.data = bytes, .size = size};
    cr_assert(eq(int, text_new(source, NULL, &text, NULL), DK_OK));
    cr_assert(gt(u64, statistics.words, 5000));
    cr_assert(eq(u64, statistics.words, text->word_count));
    cr_assert(eq(u64, statistics.distinct_words, text->term_count));
    cr_assert(eq(u64, statistics.sentences, text->sentence_count));
    text_free(text);
    free(bytes);
    (void)fclose(file);
}

static char *numbered_words(size_t count, size_t *ret_size) {
    char *bytes = malloc(count * 10 + 1);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += (size_t)sprintf(bytes + size, "w%zu ", i);
    }
    *ret_size = size;
    return bytes;
}

Test(text_statistics, counts_distinct_words_exactly_up_to_its_bound) {
    size_t size = 0;
    char *bytes = numbered_words(TEXT_DISTINCT_EXACT_MAX, &size);

    cr_assert(eq(u64, counted(bytes, size).distinct_words, TEXT_DISTINCT_EXACT_MAX));
    free(bytes);
}

Test(text_statistics, estimates_distinct_words_beyond) {
    enum { WORDS = 3000000 };
    size_t size = 0;
    char *bytes = numbered_words(WORDS, &size);

    const double found = (double)counted(bytes, size).distinct_words;

    cr_assert(found > 0.99 * WORDS && found < 1.01 * WORDS, "%f", found);
    free(bytes);
}

Test(text_statistics, refuses_what_it_cannot_read) {
    const struct dk_bytes bad = {.data = "\xC3", .size = 1};
    struct text_statistics statistics = {.words = 42};
    struct counted_watch counted;
    enum { SIZE = 2 * WATCH_INTERVAL_BYTES };
    char *spaces = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        spaces[i] = i % 2 == 0 ? 'a' : ' ';
    }
    const struct dk_bytes large = {.data = spaces, .size = SIZE};
    const struct watch watch = counted_watch(&counted, 3); /* two looks belong to the check */

    cr_assert(eq(int, text_statistics_count(bad, NULL, &statistics, NULL), DK_INVALID));
    cr_assert(eq(int, text_statistics_count(large, &watch, &statistics, NULL), DK_CANCELLED));

    cr_assert(eq(u64, statistics.words, 42));
    free(spaces);
}
