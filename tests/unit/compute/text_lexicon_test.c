#include "compute/text_lexicon.h"

#include "compute/text_stop_words.h"
#include "support/text_of.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* The term of the nth word. */
static uint32_t term(const struct read_text *read, size_t word) {
    return read->text->words[word].term;
}

static uint32_t stem(const struct read_text *read, size_t word) {
    return read->lexicon->stems[term(read, word)];
}

Test(text_lexicon, puts_forms_of_a_word_together) {
    struct read_text read = text_of(dk_bytes_of("Computing computed COMPUTES store"), "en");

    cr_assert(eq(u32, stem(&read, 0), stem(&read, 1)));
    cr_assert(eq(u32, stem(&read, 0), stem(&read, 2)));
    cr_assert(ne(u32, stem(&read, 0), stem(&read, 3)));
    cr_assert(eq(sz, read.lexicon->stem_count, 2));
    cr_assert(eq(u32, read.lexicon->counts[stem(&read, 0)], 3));
    text_drop(&read);
}

Test(text_lexicon, knows_the_stems_of_languages) {
    static const struct {
        const char *language, *forms;
    } of[] = {
        {"de", "Katze Katzen"},
        {"fr", "continuer continuait"},
        {"es", "biblioteca bibliotecas"},
        {"it", "abbandonata abbandonate"},
        {"pt", "menino meninos"},
        {"nl", "boek boeken"},
        {"sv", "flicka flickor"},
        {"da", "dreng drengen"},
        {"nb", "gutt gutter"},
        {"fi", "talossa talosta"},
        {"ru", "книга книги"},
    };

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct read_text read = text_of(dk_bytes_of(of[i].forms), of[i].language);

        cr_assert(eq(sz, read.lexicon->stem_count, 1), "%s", of[i].forms);
        text_drop(&read);
    }
}

Test(text_lexicon, leaves_the_words_of_unknown_languages_alone) {
    struct read_text read = text_of(dk_bytes_of("computing computed"), "");

    cr_assert(eq(sz, read.lexicon->stem_count, 2));
    text_drop(&read);
}

Test(text_lexicon, marks_what_says_nothing) {
    struct read_text read = text_of(dk_bytes_of("The cat isn't an X ray 1984 世界"), "en");
    const bool stops[] = {true, false, true, true, true, false, false, false, false};

    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        cr_assert(eq(int, read.lexicon->stops[term(&read, i)], stops[i]), "word %zu", i);
        cr_assert(eq(int, read.lexicon->numbers[term(&read, i)], i == 6), "word %zu", i);
    }
    text_drop(&read);
}

Test(text_lexicon, finds_what_says_nothing_where_there_is_no_list) {
    struct read_text read = text_of(
        dk_bytes_of("Hev iru katon. Hev mora hundon. Birdo hev flugas. Hev domo granda. Hev arbo "
                    "verda. Hev suno brila. Hev luno ronda. Hev akvo klara. Hev fajro varma. Hev "
                    "tero nigra. Hev vento forta. Hev neĝo blanka."),
        "xx");

    cr_assert(read.lexicon->stops[term(&read, 0)]);      /* hev, in every sentence */
    cr_assert(not(read.lexicon->stops[term(&read, 2)])); /* katon */
    text_drop(&read);
}

Test(text_lexicon, has_lists_that_are_folded_and_say_each_word_once) {
    const char *const codes[] = {
        "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "ru"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const char *words = text_stop_words(codes[i]);
        cr_assert(ne(ptr, (void *)words, NULL), "%s", codes[i]);
        struct read_text read = text_of(dk_bytes_of(words), codes[i]);
        char *folded = NULL;
        size_t size = 0;

        cr_assert(eq(int, text_fold(dk_bytes_of(words), NULL, &folded, &size, NULL), DK_OK));
        cr_assert(eq(str, folded, (char *)words));
        cr_assert(gt(sz, read.text->term_count, 90), "%s", codes[i]);
        cr_assert(eq(sz, read.text->term_count, read.text->word_count), "%s", codes[i]);
        for (size_t k = 0; k < read.text->term_count; k++) {
            cr_assert(read.lexicon->stops[k], "%s: %s", codes[i], read.text->terms[k].folded);
        }
        free(folded);
        text_drop(&read);
    }
    cr_assert(eq(ptr, (void *)text_stop_words(""), NULL));
}

Test(text_lexicon, takes_an_empty_text) {
    struct read_text read = text_of((struct dk_bytes){0}, "en");

    cr_assert(eq(sz, read.lexicon->stem_count, 0));
    text_drop(&read);
}
