/* The lists have the shape that looking words up in them relies on. */
#include "compute/text_stop_words.h"

#include "compute/text_utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const char *const codes[] = {
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "nn", "no", "fi", "pl", "cs", "ru"};

Test(text_stop_words, are_there_for_each_language_that_is_promised) {
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_assert(ne(ptr, (void *)text_stop_words(codes[i]), NULL), "%s", codes[i]);
    }
    cr_assert(eq(ptr, (void *)text_stop_words("xx"), NULL));
    cr_assert(eq(ptr, (void *)text_stop_words(""), NULL));
}

Test(text_stop_words, stand_between_single_spaces) {
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const char *list = text_stop_words(codes[i]);
        const size_t size = strlen(list);
        cr_assert(gt(sz, size, 2));
        cr_assert(eq(chr, list[0], ' '), "%s", codes[i]);
        cr_assert(eq(chr, list[size - 1], ' '), "%s", codes[i]);
        cr_assert(eq(ptr, (void *)strstr(list, "  "), NULL), "%s", codes[i]);
        cr_assert(eq(ptr, (void *)strpbrk(list, "\t\n,.;"), NULL), "%s", codes[i]);
    }
}

/* A word that is not as folding leaves it would never be found. */
Test(text_stop_words, are_folded) {
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const char *at = text_stop_words(codes[i]) + 1;
        while (*at != '\0') {
            char folded[TEXT_FOLDED_WORD_BYTES_MAX];
            const struct dk_bytes word = {.data = at, .size = strcspn(at, " ")};
            const size_t size = text_fold_word(word.data, word.size, folded);
            cr_assert(eq(sz, size, word.size), "%s: '%.*s'", codes[i], (int)word.size, word.data);
            cr_assert(
                eq(int, memcmp(folded, word.data, size), 0),
                "%s: '%.*s'",
                codes[i],
                (int)word.size,
                word.data);
            at += word.size + 1;
        }
    }
}

Test(text_stop_words, have_the_articles) {
    cr_assert(ne(ptr, (void *)strstr(text_stop_words("en"), " the "), NULL));
    cr_assert(ne(ptr, (void *)strstr(text_stop_words("de"), " der "), NULL));
    cr_assert(ne(ptr, (void *)strstr(text_stop_words("fr"), " les "), NULL));
    cr_assert(eq(ptr, (void *)strstr(text_stop_words("en"), " house "), NULL));
}
