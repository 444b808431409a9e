#include "compute/text.h"

#include "support/counted_watch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text *text_of(const char *source) {
    struct text *text = NULL;
    cr_assert(eq(int, text_new(dk_bytes_of(source), NULL, &text, NULL), DK_OK));
    cr_assert(text->covers_all);
    return text;
}

/* The words with "|" between them; "/" before a word that begins a phrase. */
static void assert_words(const char *source, const char *expected) {
    struct text *text = text_of(source);
    char found[1024] = {0};
    size_t at = 0;
    for (size_t i = 0; i < text->word_count; i++) {
        const struct dk_bytes word = text_word_bytes(text, &text->words[i]);
        const bool begins = (text->words[i].flags & TEXT_BEGINS_PHRASE) != 0;
        at += (size_t)snprintf(
            found + at,
            sizeof found - at,
            "%s%.*s",
            i == 0   ? ""
            : begins ? "/"
                     : "|",
            (int)word.size,
            word.data);
    }
    cr_assert(eq(str, found, (char *)expected));
    text_free(text);
}

/* The sentences, each in brackets. */
static void assert_sentences(const char *source, const char *expected) {
    struct text *text = text_of(source);
    char found[2048] = {0};
    size_t at = 0;
    for (size_t i = 0; i < text->sentence_count; i++) {
        const struct dk_bytes bytes = text_sentence_bytes(text, &text->sentences[i]);
        at +=
            (size_t)snprintf(found + at, sizeof found - at, "[%.*s]", (int)bytes.size, bytes.data);
    }
    cr_assert(eq(str, found, (char *)expected));
    text_free(text);
}

Test(text, reads_words_and_phrases) {
    assert_words("Hello, wide  world!", "Hello/wide|world");
    assert_words("near-duplicate texts - a note", "near|duplicate|texts/a|note");
    assert_words("pi is 3.14, or 3,14; v2 too", "pi|is|3.14/or|3,14/v2|too");
    assert_words("a\nwrapped line\n\nnext", "a|wrapped|line/next");
    assert_words("", "");
    assert_words(" ... --- !?", "");
}

Test(text, joins_short_endings_by_an_apostrophe_and_parts_elisions) {
    assert_words("Don't touch Newton's", "Don't|touch|Newton's");
    assert_words("we’ll see", "we’ll|see");
    assert_words("l'homme d’une dell'arte", "l|homme|d|une|dell|arte");
    assert_words("the 'quoted' word", "the/quoted|word");
}

Test(text, reads_letters_of_many_scripts) {
    assert_words("Über Łódź naïve", "Über|Łódź|naïve");
    assert_words("Привет, мир", "Привет/мир");
    assert_words("Ελληνικά ελπίδα", "Ελληνικά|ελπίδα");
    assert_words("한국어 문장", "한국어|문장");
    assert_words("हिन्दी में", "हिन्दी|में");
    assert_words("cafe\xCC\x81s", "cafe\xCC\x81s");
}

Test(text, reads_scripts_without_spaces_by_character) {
    assert_words("世界，你好a1", "世|界/你|好|a1");
    assert_words("がカ", "が|カ");
    assert_words("ที่นี่", "ที่|นี่"); /* the marks stay with their letters */
}

Test(text, ends_sentences) {
    assert_sentences("One. Two! Three? Four", "[One.][Two!][Three?][Four]");
    assert_sentences("He said \"Go.\" She went.", "[He said \"Go.\"][She went.]");
    assert_sentences("(One.) “Two.” Then 'three.'", "[(One.)][“Two.”][Then 'three.']");
    assert_sentences("Wait... what? Really?! Yes.", "[Wait... what?][Really?!][Yes.]");
    assert_sentences("今日は。明日も！", "[今日は。][明日も！]");
    assert_sentences("यह है। वह है।", "[यह है।][वह है।]");
}

Test(text, ends_no_sentence_behind_what_is_short) {
    assert_sentences(
        "Dr. J. R. Smith met Mrs. Jones. They left.",
        "[Dr. J. R. Smith met Mrs. Jones.][They left.]");
    assert_sentences(
        "Fruit, e.g. Apples, costs 3.5 Euro. Yes.", "[Fruit, e.g. Apples, costs 3.5 Euro.][Yes.]");
    assert_sentences(
        "Das gilt z. B. Montag, bzw. Dienstag. Gut.",
        "[Das gilt z. B. Montag, bzw. Dienstag.][Gut.]");
    assert_sentences(
        "Am 3. Oktober 1990. Danach kam 1991. Ende.",
        "[Am 3. Oktober 1990.][Danach kam 1991.][Ende.]");
    assert_sentences("1. Introduction to it. Then more.", "[1. Introduction to it.][Then more.]");
    assert_sentences("See example.com for all. of it.", "[See example.com for all. of it.]");
}

Test(text, ends_sentences_with_paragraphs_and_list_items) {
    assert_sentences("A title\n\nA text\nthat wraps", "[A title][A text\nthat wraps]");
    assert_sentences("A title\n=====\nA text", "[A title][A text]");
    assert_sentences("Things:\n- one\n* two\n3. three", "[Things][one][two\n3. three]");
    assert_sentences("A title\r\n\r\nA text", "[A title][A text]");
}

Test(text, ends_a_sentence_that_never_ends) {
    enum { WORDS = 3 * TEXT_SENTENCE_WORDS_MAX };
    char *source = calloc(1, 2 * WORDS + 1);
    for (size_t i = 0; i < WORDS; i++) {
        memcpy(source + 2 * i, "a ", 2);
    }

    struct text *text = text_of(source);

    cr_assert(eq(sz, text->sentence_count, 3));
    cr_assert(eq(sz, text->sentences[2].first_word, 2 * TEXT_SENTENCE_WORDS_MAX));
    text_free(text);
    free(source);
}

Test(text, folds_each_term_once) {
    struct text *text = text_of("Die Straße. Die STRASSE, die straße; Newton’s newton's");

    cr_assert(eq(sz, text->word_count, 8));
    cr_assert(eq(sz, text->term_count, 3));
    cr_assert(eq(str, (char *)text->terms[0].folded, "die"));
    cr_assert(eq(str, (char *)text->terms[1].folded, "strasse"));
    cr_assert(eq(str, (char *)text->terms[2].folded, "newton's"));
    cr_assert(eq(sz, text->terms[1].count, 3));
    cr_assert(eq(sz, text->words[3].term, 1));
    text_free(text);
}

Test(text, tells_how_words_are_written) {
    struct text *text = text_of("the Word NATO 42 b2b É Ärger");
    const unsigned of[] = {
        TEXT_HAS_LETTER | TEXT_IS_ASCII,
        TEXT_IS_CAPITAL | TEXT_HAS_LETTER | TEXT_IS_ASCII,
        TEXT_IS_CAPITAL | TEXT_IS_ACRONYM | TEXT_HAS_LETTER | TEXT_IS_ASCII,
        TEXT_HAS_DIGIT | TEXT_IS_ASCII,
        TEXT_HAS_DIGIT | TEXT_HAS_LETTER | TEXT_IS_ASCII,
        TEXT_IS_CAPITAL | TEXT_HAS_LETTER,
        TEXT_IS_CAPITAL | TEXT_HAS_LETTER,
    };

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        const unsigned begins = TEXT_BEGINS_SENTENCE | TEXT_BEGINS_PHRASE;
        cr_assert(eq(uint, text->words[i].flags & ~begins, of[i]), "word %zu", i);
    }
    text_free(text);
}

Test(text, cuts_long_words) {
    char source[3 * TEXT_WORD_BYTES_MAX + 1] = {0};
    for (size_t i = 0; i + 3 < sizeof source; i += 3) {
        memcpy(source + i, "ệ", 3);
    }

    struct text *text = text_of(source);

    cr_assert(eq(sz, text->word_count, 4)); /* 255 bytes fit, 256 are no whole character */
    cr_assert(eq(sz, text->words[0].size, 255));
    cr_assert(eq(sz, text->words[3].size, 3));
    text_free(text);
}

Test(text, reads_the_beginning_of_what_is_too_long) {
    const size_t size = TEXT_BYTES_MAX + 8;
    char *source = malloc(size);
    struct text *text = NULL;
    memset(source, ' ', size);
    memcpy(source + TEXT_BYTES_MAX - 3, "a \xC3\xA9 b", 6); /* é lies on the border */

    cr_assert(eq(
        int, text_new((struct dk_bytes){.data = source, .size = size}, NULL, &text, NULL), DK_OK));

    cr_assert(not(text->covers_all));
    cr_assert(eq(sz, text->source.size, TEXT_BYTES_MAX - 1));
    cr_assert(eq(sz, text->word_count, 1));
    text_free(text);
    free(source);
}

Test(text, gives_up_when_its_watch_says_so) {
    enum { SIZE = 3 * WATCH_INTERVAL_BYTES };
    struct counted_watch counted;
    struct text *text = NULL;
    char *source = malloc(SIZE);
    memset(source, 'a', SIZE);
    struct watch watch = counted_watch(&counted, 4); /* the check of its UTF-8 looks three times */

    cr_assert(
        eq(int,
           text_new((struct dk_bytes){.data = source, .size = SIZE}, &watch, &text, NULL),
           DK_CANCELLED));

    cr_assert(eq(ptr, text, NULL));
    free(source);
}

Test(text, refuses_what_is_no_utf8) {
    struct text *text = NULL;

    cr_assert(eq(int, text_new(dk_bytes_of("a\xFF"), NULL, &text, NULL), DK_INVALID));
    cr_assert(eq(ptr, text, NULL));
}
