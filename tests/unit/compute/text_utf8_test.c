#include "compute/text_utf8.h"

#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static enum dk_error check(const char *bytes, size_t size, struct dk_fault *fault) {
    return text_check((struct dk_bytes){.data = bytes, .size = size}, NULL, fault);
}

static char *fold(const char *text) {
    char *folded = NULL;
    size_t size = 0;
    cr_assert(eq(int, text_fold(dk_bytes_of(text), NULL, &folded, &size, NULL), DK_OK));
    cr_assert(eq(sz, size, strlen(folded)));
    return folded;
}

static void assert_folds(const char *text, const char *expected) {
    char *folded = fold(text);
    cr_assert(eq(str, folded, (char *)expected));
    free(folded);
}

Test(text_utf8, takes_what_is_utf8) {
    cr_assert(eq(int, check("", 0, NULL), DK_OK));
    cr_assert(eq(int, check(NULL, 0, NULL), DK_OK));
    cr_assert(eq(int, check("a\0b", 3, NULL), DK_OK));
    cr_assert(eq(int, check("Grüße, 世界 \xF0\x9F\x8C\x8D", 20, NULL), DK_OK));
    cr_assert(eq(int, check("\xF4\x8F\xBF\xBF", 4, NULL), DK_OK)); /* U+10FFFF */
}

Test(text_utf8, names_the_first_byte_that_is_none) {
    struct dk_fault fault = {0};

    cr_assert(eq(int, check("0123456789abc\xC3(", 15, &fault), DK_INVALID));

    cr_assert(eq(str, fault.text, "text: byte 13 (0xC3) is not valid UTF-8"));
}

Test(text_utf8, refuses_what_rfc_3629_refuses) {
    cr_assert(eq(int, check("\x80", 1, NULL), DK_INVALID));             /* alone */
    cr_assert(eq(int, check("\xC0\xAF", 2, NULL), DK_INVALID));         /* overlong '/' */
    cr_assert(eq(int, check("\xE0\x80\xAF", 3, NULL), DK_INVALID));     /* overlong '/' */
    cr_assert(eq(int, check("\xED\xA0\x80", 3, NULL), DK_INVALID));     /* a surrogate */
    cr_assert(eq(int, check("\xF4\x90\x80\x80", 4, NULL), DK_INVALID)); /* over U+10FFFF */
    cr_assert(eq(int, check("\xE4\xB8", 2, NULL), DK_INVALID));         /* cut */
}

Test(text_utf8, folds_case_and_compatibility_forms) {
    assert_folds("", "");
    assert_folds("The QUICK brown fox, 42!", "the quick brown fox, 42!");
    assert_folds("Straße STRASSE", "strasse strasse");
    assert_folds("ÄÖÜ éÉ ŁÓDŹ", "äöü éé łódź");
    assert_folds("ﬁnal ｆｕｌｌ ①", "final full 1");
    assert_folds("ΜΆΪΟΣ μάϊος", "μάϊοσ μάϊοσ");
    assert_folds("co\xC2\xADop", "coop"); /* a soft hyphen */
}

Test(text_utf8, composes_over_the_border_of_ascii) {
    assert_folds("cafe\xCC\x81 E\xCC\x81", "caf\xC3\xA9 \xC3\xA9");
    assert_folds("\xCC\x81", "\xCC\x81"); /* a mark with nothing before it */
}

Test(text_utf8, folds_long_texts_without_ascii) {
    enum { CHARACTERS = 5000 };
    char *text = malloc(3 * CHARACTERS + 1);
    for (size_t i = 0; i < CHARACTERS; i++) {
        memcpy(text + 3 * i, i % 2 == 0 ? "世" : "ガ", 3);
    }
    text[3 * CHARACTERS] = '\0';

    assert_folds(text, text);
    free(text);
}

Test(text_utf8, folds_what_grows_most) {
    char *text = malloc(3 * 3000 + 1);
    for (size_t i = 0; i < 3000; i++) {
        memcpy(text + 3 * i, "\xEF\xB7\xBA", 3); /* U+FDFA, 18 characters */
    }
    text[9000] = '\0';

    char *folded = fold(text);

    cr_assert(eq(sz, strlen(folded), 3000 * 33));
    free(folded);
    free(text);
}

Test(text_utf8, refuses_to_fold_what_is_no_utf8) {
    char *folded = NULL;
    size_t size = 0;

    cr_assert(eq(int, text_fold(dk_bytes_of("ab\xFF"), NULL, &folded, &size, NULL), DK_INVALID));
    cr_assert(eq(ptr, folded, NULL));
}

Test(text_utf8, folds_a_word_as_it_folds_a_text) {
    char buffer[TEXT_FOLDED_WORD_BYTES_MAX];
    const char *word = "GROẞE";
    const size_t size = text_fold_word(word, strlen(word), buffer);

    cr_assert(eq(sz, size, 6));
    cr_assert(eq(int, memcmp(buffer, "grosse", 6), 0));
    cr_assert(eq(sz, text_fold_word("\xE2\x80\x8D", 3, buffer), 3)); /* a joiner alone */
    cr_assert(eq(sz, text_fold_word("don’t", strlen("don’t"), buffer), 5));
    cr_assert(eq(int, memcmp(buffer, "don't", 5), 0));
}

Test(text_utf8, gives_up_when_its_watch_says_so) {
    enum { SIZE = 3 * WATCH_INTERVAL_BYTES };
    struct counted_watch counted;
    struct dk_bytes text = {.data = calloc(1, SIZE), .size = SIZE};
    char *folded = NULL;
    size_t size = 0;

    struct watch watch = counted_watch(&counted, 3);
    cr_assert(eq(int, text_check(text, &watch, NULL), DK_CANCELLED));
    cr_assert(eq(int, counted.looks, 3));
    watch = counted_watch(&counted, 5); /* the check looks three times, then folding does */
    cr_assert(eq(int, text_fold(text, &watch, &folded, &size, NULL), DK_CANCELLED));
    cr_assert(eq(ptr, folded, NULL));
    free((char *)text.data);
}
