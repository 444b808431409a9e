/*
 * The bodies of rows about words. What several of them want of a content is made once: its language,
 * its words, and what the language knows of them.
 */
#include "compute/functions.h"

#include "compute/service.h"
#include "compute/text.h"
#include "compute/text_keywords.h"
#include "compute/text_lexicon.h"
#include "compute/text_readability.h"
#include "compute/text_statistics.h"
#include "compute/text_summary.h"

#include <stdlib.h>
#include <string.h>

void content_forget(struct content *content) {
    free(content->folded);
    text_lexicon_free(content->lexicon);
    text_free(content->text);
    content->folded = NULL;
    content->lexicon = NULL;
    content->text = NULL;
}

/* ── what a content is made into ────────────────────────────────────────────────────────────── */

static const char *content_language(struct dk_call *call, struct content *content) {
    if (!content->has_language) {
        struct text_language told;
        text_languages_tell(service_of(call)->languages, content->bytes, &told);
        memcpy(content->language, told.code, sizeof content->language);
        content->has_language = true;
    }
    return content->language;
}

static const struct text *content_text(struct content *content, struct dk_fault *fault) {
    if (content->text == NULL) {
        (void)text_new(content->bytes, content->watch, &content->text, fault);
    }
    return content->text;
}

static const struct text_lexicon *content_lexicon(
    struct dk_call *call, struct content *content, struct dk_fault *fault) {
    const struct text *text = content_text(content, fault);
    if (content->lexicon == NULL && text != NULL) {
        (void)text_lexicon_new(text, content_language(call, content), &content->lexicon, fault);
    }
    return content->lexicon;
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error function_language(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct text_language told;
    (void)parameters;
    annotations->language = dk_call_take(call, sizeof *annotations->language);
    if (annotations->language == NULL) {
        return compute_no_memory(call);
    }
    text_languages_tell(service_of(call)->languages, content->bytes, &told);
    dapr_kit__compute__v1__language__init(annotations->language);
    annotations->language->code = dk_call_format(call, "%s", told.code);
    annotations->language->confidence = told.confidence;
    return annotations->language->code == NULL ? compute_no_memory(call) : DK_OK;
}

enum dk_error function_statistics(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct text_statistics counted;
    struct dk_fault fault = {0};
    (void)parameters;
    annotations->statistics = dk_call_take(call, sizeof *annotations->statistics);
    if (annotations->statistics == NULL) {
        return compute_no_memory(call);
    }
    dapr_kit__compute__v1__text_statistics__init(annotations->statistics);
    if (text_statistics_count(content->bytes, content->watch, &counted, &fault) != DK_OK) {
        return compute_fault(call, &fault);
    }
    annotations->statistics->bytes = counted.bytes;
    annotations->statistics->characters = counted.characters;
    annotations->statistics->words = counted.words;
    annotations->statistics->distinct_words = counted.distinct_words;
    annotations->statistics->sentences = counted.sentences;
    annotations->statistics->lines = counted.lines;
    return DK_OK;
}

enum dk_error function_readability(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct text_readability measured;
    struct dk_fault fault = {0};
    const struct text *text = content_text(content, &fault);
    (void)parameters;
    if (text == NULL) {
        return compute_fault(call, &fault);
    }
    text_readability_measure(text, content_language(call, content), &measured);
    if (!measured.is_told) {
        return DK_OK; /* absent: the formulas say nothing of this text */
    }
    annotations->readability = dk_call_take(call, sizeof *annotations->readability);
    if (annotations->readability == NULL) {
        return compute_no_memory(call);
    }
    dapr_kit__compute__v1__readability__init(annotations->readability);
    annotations->readability->flesch_reading_ease = measured.flesch_reading_ease;
    annotations->readability->flesch_kincaid_grade = measured.flesch_kincaid_grade;
    annotations->readability->automated_readability_index = measured.automated_readability_index;
    return DK_OK;
}

/* The keyword as a message; NULL: no memory. */
static DaprKit__Compute__V1__Keyword *keyword_of(
    struct dk_call *call, const struct text_keyword *found) {
    DaprKit__Compute__V1__Keyword *keyword = dk_call_take(call, sizeof *keyword);
    if (keyword != NULL) {
        dapr_kit__compute__v1__keyword__init(keyword);
        keyword->score = found->score;
        keyword->text = dk_call_format(call, "%s", found->text);
    }
    return keyword == NULL || keyword->text == NULL ? NULL : keyword;
}

enum dk_error function_keywords(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct text_keyword *found = dk_call_take(call, TEXT_KEYWORDS_MAX * sizeof *found);
    struct dk_fault fault = {0};
    size_t count = 0;
    const struct text_lexicon *lexicon = content_lexicon(call, content, &fault);
    if (found == NULL) {
        return compute_no_memory(call);
    }
    if (lexicon == NULL ||
        text_keywords_find(lexicon, (size_t)parameters[0], content->watch, found, &count, &fault) !=
            DK_OK) {
        return compute_fault(call, &fault);
    }
    annotations->keywords = dk_call_take(call, (count + 1) * sizeof *annotations->keywords);
    if (annotations->keywords == NULL) {
        return compute_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        annotations->keywords[i] = keyword_of(call, &found[i]);
        if (annotations->keywords[i] == NULL) {
            return compute_no_memory(call);
        }
    }
    annotations->n_keywords = count;
    return DK_OK;
}

/* A sentence on one line: blanks and ends of lines become one space. NULL: no memory. */
static char *sentence_of(struct dk_call *call, struct dk_bytes bytes) {
    char *line = dk_call_take(call, bytes.size + 1);
    size_t size = 0;
    for (size_t i = 0; line != NULL && i < bytes.size; i++) {
        if (bytes.data[i] == '\0' || strchr(" \t\n\v\f\r", bytes.data[i]) == NULL) {
            line[size++] = bytes.data[i];
        } else if (size > 0 && line[size - 1] != ' ') {
            line[size++] = ' ';
        }
    }
    return line;
}

enum dk_error function_summary(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    uint32_t picked[TEXT_SUMMARY_SENTENCES_MAX];
    struct dk_fault fault = {0};
    size_t count = 0;
    const struct text_lexicon *lexicon = content_lexicon(call, content, &fault);
    if (lexicon == NULL ||
        text_summary_pick(lexicon, (size_t)parameters[0], content->watch, picked, &count, &fault) !=
            DK_OK) {
        return compute_fault(call, &fault);
    }
    annotations->summary = dk_call_take(call, (count + 1) * sizeof *annotations->summary);
    if (annotations->summary == NULL) {
        return compute_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        const struct text_sentence *sentence = &content->text->sentences[picked[i]];
        annotations->summary[i] = sentence_of(call, text_sentence_bytes(content->text, sentence));
        if (annotations->summary[i] == NULL) {
            return compute_no_memory(call);
        }
    }
    annotations->n_summary = count;
    return DK_OK;
}
