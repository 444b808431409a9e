/*
 * Keywords, summary and statistics of any UTF-8, in the language that the first byte names.
 *
 * Held: keywords are UTF-8, lie in the text, begin and end with a word, and get no better down the
 * list; sentences of a summary ascend and exist; statistics agree with the view of the text;
 * the same text gives the same answers again.
 */
#include "compute/text_keywords.h"
#include "compute/text_readability.h"
#include "compute/text_statistics.h"
#include "compute/text_summary.h"
#include "support/text_of.h"
#include "support/text_oracle.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 32 * 1024 };

struct found {
    struct text_keyword keywords[TEXT_KEYWORDS_MAX];
    uint32_t sentences[TEXT_SUMMARY_SENTENCES_MAX];
    size_t keyword_count, sentence_count;
};

static void find(const struct text_lexicon *lexicon, struct found *found) {
    memset(found, 0, sizeof *found);
    text_oracle_require(
        text_keywords_find(
            lexicon, TEXT_KEYWORDS_MAX, NULL, found->keywords, &found->keyword_count, NULL) ==
            DK_OK,
        "no keywords");
    text_oracle_require(
        text_summary_pick(
            lexicon,
            TEXT_SUMMARY_SENTENCES_MAX,
            NULL,
            found->sentences,
            &found->sentence_count,
            NULL) == DK_OK,
        "no summary");
}

static void require_keywords(const struct text *text, const struct found *found) {
    for (size_t i = 0; i < found->keyword_count; i++) {
        const struct text_keyword *keyword = &found->keywords[i];
        text_oracle_require(
            text_oracle_is_utf8(dk_bytes_of(keyword->text)) && keyword->text[0] != '\0',
            "a keyword that is no text");
        text_oracle_require(
            keyword->size > 0 && keyword->offset + keyword->size <= text->source.size,
            "a keyword beyond the text");
        text_oracle_require(keyword->count > 0, "a keyword that does not come");
        text_oracle_require(isfinite(keyword->score) != 0, "a score that is no number");
        text_oracle_require(
            i == 0 || found->keywords[i - 1].score <= keyword->score, "keywords out of order");
    }
}

static void require_sentences(const struct text *text, const struct found *found) {
    text_oracle_require(
        found->sentence_count > 0 || text->sentence_count == 0, "no sentence of some");
    for (size_t i = 0; i < found->sentence_count; i++) {
        text_oracle_require(
            found->sentences[i] < text->sentence_count &&
                (i == 0 || found->sentences[i - 1] < found->sentences[i]),
            "sentences out of order");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const languages[] = {"en", "de", "fr", "ru", "fi", "ar", "tr", ""};
    static struct found found, again;
    struct text_statistics statistics;
    struct text_readability readability;
    if (size == 0 || size > INPUT_BYTES_MAX) {
        return 0;
    }
    const char *language = languages[data[0] % (sizeof languages / sizeof languages[0])];
    const struct dk_bytes source = {.data = (const char *)data + 1, .size = size - 1};
    if (!text_oracle_is_utf8(source)) {
        return 0;
    }
    struct read_text read = text_of(source, language);
    find(read.lexicon, &found);
    require_keywords(read.text, &found);
    require_sentences(read.text, &found);
    find(read.lexicon, &again);
    text_oracle_require(memcmp(&found, &again, sizeof found) == 0, "another answer");

    text_oracle_require(
        text_statistics_count(source, NULL, &statistics, NULL) == DK_OK, "no statistics");
    text_oracle_require(
        statistics.words == read.text->word_count &&
            statistics.distinct_words == read.text->term_count &&
            statistics.sentences == read.text->sentence_count,
        "statistics of another text");
    text_readability_measure(read.text, language, &readability);
    text_oracle_require(
        isfinite(readability.flesch_reading_ease) != 0 &&
            (readability.is_told || readability.flesch_reading_ease == 0.0),
        "no number for readability");
    text_drop(&read);
    return 0;
}
