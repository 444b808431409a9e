/* Shingles of texts: what counts as a word, and that nothing else changes the set. */
#include "compute/shingles.h"

#include "support/counted_watch.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LIST_MAX = 100000 };

struct list {
    uint64_t items[LIST_MAX];
    size_t count, calls;
};
static struct list left, right;

static void list_take(void *context, const uint64_t *shingles, size_t count) {
    struct list *list = context;
    cr_assert(count >= 1 && count <= SHINGLE_BATCH && list->count + count <= LIST_MAX);
    memcpy(list->items + list->count, shingles, count * sizeof *shingles);
    list->count += count;
    list->calls++;
}

static size_t shingles_of(const char *text, struct list *list) {
    list->count = list->calls = 0;
    cr_assert(eq(int, shingles_each(dk_bytes_of(text), NULL, list_take, list, NULL), DK_OK));
    return list->count;
}

static void assert_same(const char *text, const char *other) {
    (void)shingles_of(text, &left);
    (void)shingles_of(other, &right);

    cr_assert(eq(sz, left.count, right.count), "'%s' and '%s'", text, other);
    cr_assert(
        memcmp(left.items, right.items, left.count * sizeof left.items[0]) == 0,
        "'%s' and '%s'",
        text,
        other);
}

static void assert_differ(const char *text, const char *other) {
    cr_assert(eq(sz, shingles_of(text, &left), 1), "%s", text);
    cr_assert(eq(sz, shingles_of(other, &right), 1), "%s", other);

    cr_assert(ne(u64, left.items[0], right.items[0]), "'%s' and '%s'", text, other);
}

Test(shingles, every_run_of_five_words_is_one) {
    cr_assert(eq(sz, shingles_of("", &left), 0));
    cr_assert(eq(sz, shingles_of(" .,;\n\t!", &left), 0));
    cr_assert(eq(sz, shingles_of("one", &left), 1));
    cr_assert(eq(sz, shingles_of("one two three four", &left), 1));
    cr_assert(eq(sz, shingles_of("one two three four five", &left), 1));
    cr_assert(eq(sz, shingles_of("one two three four five six", &left), 2));
    cr_assert(eq(sz, shingles_of("one two three four five six seven", &left), 3));
}

Test(shingles, a_run_is_the_same_wherever_it_stands) {
    (void)shingles_of("a b c d e f g", &left);
    (void)shingles_of("b c d e f", &right);

    cr_assert(eq(u64, left.items[1], right.items[0]));
    cr_assert(ne(u64, left.items[0], right.items[0]));
    cr_assert(ne(u64, left.items[2], right.items[0]));
}

Test(shingles, case_and_punctuation_of_ascii_do_not_count) {
    assert_same("The quick brown fox jumps", "the QUICK, brown fox -- jumps!");
    assert_same("one two three", "\n(one)\ttwo/three.");
    assert_same("zz aa 09 ZA za", "ZZ aA 09 za ZA");
}

Test(shingles, order_and_words_and_digits_count) {
    assert_differ("one two three four five", "two one three four five");
    assert_differ("one two three four five", "one two three four fivef");
    assert_differ("one two", "onetwo");
    assert_differ("item 1", "item 2");
}

Test(shingles, punctuation_beyond_ascii_separates_and_letters_do_not) {
    assert_same("one two three", "«one»\u2009two\u2014\u201Cthree\u201D\u2026");
    assert_same("one two", "one\u00A0two");
    assert_same("one two", "\uFEFFone\u3000two");
    assert_same("one two", "one\uFF0Ctwo");
    assert_differ("naive", "na\u00EFve");
    cr_assert(eq(sz, shingles_of("\u00AA\u00B5\u00BA\u00C0\u00D6\u00D8\u00F6\u00F8", &left), 1));
    assert_differ("na ve", "na\u00EFve");
    assert_differ("\u041F\u0440\u0438\u0432\u0435\u0442", "\u041F\u0440\u0438 \u0432\u0435\u0442");
}

Test(shingles, scripts_without_spaces_give_a_word_for_each_character) {
    cr_assert(eq(sz, shingles_of("\u6211\u662F\u4E2D\u56FD\u4EBA", &left), 1));
    cr_assert(eq(sz, shingles_of("\u6211\u662F\u4E2D\u56FD\u4EBA\u3002\u4EBA\u4EBA", &left), 3));
    cr_assert(eq(sz, shingles_of("\u3072\u3089\u304C\u306A\u30AB\u30BF", &left), 2));
    cr_assert(eq(sz, shingles_of("\u0E20\u0E32\u0E29\u0E32\u0E44\u0E17\u0E22", &left), 3));
    cr_assert(eq(sz, shingles_of("\U00020000\U00020001\U00020002\U00020003\U00020004x", &left), 2));
    assert_same("a\u6211b", "a \u6211 b");
    cr_assert(eq(sz, shingles_of("\uD55C\uAD6D\uC5B4", &left), 1)); /* Hangul has spaces */
}

Test(shingles, bytes_that_are_no_utf8_are_letters) {
    assert_differ("a\xFF", "a");
    assert_differ("a\xC3", "a\xC4");
    assert_differ("\xE6\x88", "\xE6");
    cr_assert(eq(sz, shingles_of("a\xF0\x9F\x98 b \x80\xC3z c d e", &left), 2));
}

Test(shingles, an_endless_word_counts_as_several) {
    static char text[1024 + 1];
    memset(text, 'x', 1024);

    (void)shingles_of(text, &left);
    cr_assert(eq(sz, left.count, 1)); /* 4 × 256 */
    memset(text, 'X', 1024);
    (void)shingles_of(text, &right);
    cr_assert(eq(u64, left.items[0], right.items[0]));
    memcpy(text, "\u00E9", 2);
    (void)shingles_of(text, &right);
    cr_assert(eq(sz, right.count, 1));
}

/* ── against the plainest way there is ──────────────────────────────────────────────────────── */

static bool is_letter(char c) {
    return strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL;
}

/* All words first, then each run of five. */
static void plain_shingles(const char *text, struct list *list) {
    static uint64_t words[LIST_MAX];
    size_t word_count = 0;
    while (*text != '\0') {
        char word[256];
        size_t size = 0;
        while (*text != '\0' && is_letter(*text)) {
            word[size++] = (char)(*text >= 'A' && *text <= 'Z' ? *text + 32 : *text);
            text++;
        }
        if (size > 0) {
            words[word_count++] = XXH3_64bits(word, size);
        } else {
            text++;
        }
    }
    list->count = 0;
    for (size_t i = 0; i + SHINGLE_WORDS <= word_count; i++) {
        list->items[list->count++] = XXH3_64bits(words + i, SHINGLE_WORDS * sizeof words[0]);
    }
}

Test(shingles, of_random_texts_are_those_of_a_plain_reading) {
    static char text[200000];
    struct random random = {.state = 6};

    for (int round = 0; round < 20; round++) {
        const size_t size = 1000 + random_below(&random, sizeof text - 1001);
        for (size_t i = 0; i < size; i++) {
            text[i] = random_below(&random, 6) == 0 ? ' ' : (char)(1 + random_below(&random, 127));
        }
        text[size] = '\0';
        (void)shingles_of(text, &left);
        plain_shingles(text, &right);

        cr_assert(eq(sz, left.count, right.count));
        cr_assert(memcmp(left.items, right.items, left.count * sizeof left.items[0]) == 0);
        cr_assert(eq(sz, left.calls, (left.count + SHINGLE_BATCH - 1) / SHINGLE_BATCH));
    }
}

/* ── giving up ──────────────────────────────────────────────────────────────────────────────── */

Test(shingles, looks_at_its_watch_once_an_interval_and_gives_up) {
    static char text[3 * WATCH_INTERVAL_BYTES];
    memset(text, 'x', sizeof text); /* a word across all intervals */
    const struct dk_bytes bytes = {.data = text, .size = sizeof text};
    struct counted_watch counted;
    struct watch watch = counted_watch(&counted, 1000);
    struct dk_fault fault = {0};

    left.count = 0;
    cr_assert(eq(int, shingles_each(bytes, &watch, list_take, &left, &fault), DK_OK));
    cr_assert(eq(int, counted.looks, 3));
    cr_assert(eq(sz, left.count, sizeof text / 256 - 4));

    for (int over_at = 1; over_at <= 3; over_at++) {
        watch = counted_watch(&counted, over_at);
        left.count = 0;
        cr_assert(eq(int, shingles_each(bytes, &watch, list_take, &left, &fault), DK_CANCELLED));
        cr_assert(eq(int, counted.looks, over_at));
    }
}
