/* Errors with their words: joining, cutting, what travels. */
#include "core/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/error.h>
#include <string.h>

Test(fault, keeps_error_and_words) {
    struct dk_fault fault = {0};

    cr_assert(eq(int, dk_fault_set(&fault, DK_INVALID, "%s: is %d", "port", 7), DK_INVALID));

    cr_assert(eq(int, fault.error, DK_INVALID));
    cr_assert(eq(str, fault.text, "port: is 7"));
}

Test(fault, joins_a_second_one_and_keeps_the_first_error) {
    struct dk_fault fault = {0};
    (void)dk_fault_set(&fault, DK_INVALID, "a");

    cr_assert(eq(int, dk_fault_set(&fault, DK_EXHAUSTED, "b"), DK_INVALID));
    (void)dk_fault_set(&fault, DK_INTERNAL, "c");

    cr_assert(eq(str, fault.text, "a; b; c"));
}

Test(fault, gives_the_error_back_when_nobody_wants_words) {
    cr_assert(eq(int, dk_fault_set(NULL, DK_TIMEOUT, "x"), DK_TIMEOUT));
}

Test(fault, replaces_bytes_that_are_no_utf8) {
    struct dk_fault fault = {0};

    (void)dk_fault_set(&fault, DK_INVALID, "'%s'", "a\xFFz");

    cr_assert(eq(str, fault.text, "'a\xEF\xBF\xBDz'"));
}

/* Four bytes of one character at each place around the end: all of it or nothing. */
Test(fault, cuts_long_words_at_a_character) {
    for (size_t ahead = DK_FAULT_TEXT_BYTES_MAX - 8; ahead < DK_FAULT_TEXT_BYTES_MAX + 8; ahead++) {
        char words[DK_FAULT_TEXT_BYTES_MAX + 16];
        struct dk_fault fault = {0};
        memset(words, 'a', ahead);
        memcpy(words + ahead, "\xF0\x9F\x98\x80", 5);

        (void)dk_fault_set(&fault, DK_INVALID, "%s", words);

        const size_t room = DK_FAULT_TEXT_BYTES_MAX - 1;
        const size_t expected = ahead + 4 <= room ? ahead + 4 : ahead < room ? ahead : room;
        cr_assert(eq(sz, strlen(fault.text), expected), "%zu bytes ahead", ahead);
        cr_assert(eq(int, memcmp(fault.text, words, expected), 0), "%zu bytes ahead", ahead);
    }
}

Test(fault, joins_nothing_when_there_is_no_room) {
    for (size_t ahead = DK_FAULT_TEXT_BYTES_MAX - 6; ahead < DK_FAULT_TEXT_BYTES_MAX; ahead++) {
        char words[DK_FAULT_TEXT_BYTES_MAX];
        struct dk_fault fault = {0};
        memset(words, 'a', ahead);
        words[ahead] = '\0';
        (void)dk_fault_set(&fault, DK_INVALID, "%s", words);

        (void)dk_fault_set(&fault, DK_INVALID, "bcdefgh");

        const char *const second = strchr(fault.text, 'b');
        cr_assert(second == NULL || strncmp(second - 2, "; b", 3) == 0, "%zu bytes ahead", ahead);
        cr_assert(lt(sz, strlen(fault.text), DK_FAULT_TEXT_BYTES_MAX));
        cr_assert(ne(chr, fault.text[strlen(fault.text) - 1], ' '));
    }
}

Test(fault, every_error_has_a_name_of_its_own) {
    for (int left = DK_OK; left <= DK_INTERNAL; left++) {
        cr_assert(ne(str, (char *)dk_error_name((enum dk_error)left), "unknown"));
        for (int right = DK_OK; right < left; right++) {
            cr_assert(
                ne(str,
                   (char *)dk_error_name((enum dk_error)left),
                   (char *)dk_error_name((enum dk_error)right)));
        }
    }
}
