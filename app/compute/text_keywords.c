/*
 * YAKE's phrases.
 *
 *     words ─▶ candidates, each once, with its frequency ─▶ score ─▶ the best, ranked
 *                                                                     └─▶ unlike the better ones? keyword
 *
 * Thread: any.
 */
#include "compute/text_keywords.h"

#include "compute/text_features.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct candidate {
    uint32_t first_word, count;
    uint32_t word_count;
    double score;
};

struct finding {
    const struct text_lexicon *lexicon;
    const struct text_features *features;
    struct text_table known; /* from the stems of a phrase to its candidate */
    struct candidate *candidates;
    size_t candidate_count, candidate_room;
};

static const struct text_word *word_at(const struct finding *finding, size_t word) {
    return &finding->lexicon->text->words[word];
}

static uint32_t stem_at(const struct finding *finding, size_t word) {
    return finding->lexicon->stems[word_at(finding, word)->term];
}

static bool is_stop_at(const struct finding *finding, size_t word) {
    return finding->lexicon->stops[word_at(finding, word)->term];
}

/* False without memory. */
static bool finding_add(struct finding *finding, uint64_t key, size_t first, size_t word_count) {
    bool is_new = false;
    struct text_slot *slot = text_table_take(&finding->known, key, &is_new);
    if (slot == NULL) {
        return false;
    }
    if (!is_new) {
        finding->candidates[slot->value].count++;
        return true;
    }
    if (finding->candidate_count == finding->candidate_room) {
        const size_t room = finding->candidate_room == 0 ? 256 : 2 * finding->candidate_room;
        struct candidate *larger = realloc(finding->candidates, room * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        finding->candidates = larger;
        finding->candidate_room = room;
    }
    slot->value = (uint32_t)finding->candidate_count;
    finding->candidates[finding->candidate_count] = (struct candidate){
        .first_word = (uint32_t)first, .count = 1, .word_count = (uint32_t)word_count};
    finding->candidate_count++;
    return true;
}

/* The phrases that begin with a word. */
static bool finding_add_from(struct finding *finding, size_t first) {
    const bool is_single = (word_at(finding, first)->flags & TEXT_IS_SINGLE) != 0;
    uint64_t key = 0;
    for (size_t i = first; i < finding->features->word_count && i < first + TEXT_KEYWORD_WORDS_MAX;
         i++) {
        const struct text_word *word = word_at(finding, i);
        const bool breaks = i > first && (word->flags & TEXT_BEGINS_PHRASE) != 0;
        if (breaks || finding->lexicon->numbers[word->term] ||
            ((word->flags & TEXT_IS_SINGLE) != 0) != is_single) {
            break;
        }
        key = text_mix(key, stem_at(finding, i));
        if ((i > first || !is_single) && !is_stop_at(finding, i) &&
            !finding_add(finding, key, first, i - first + 1)) {
            return false;
        }
    }
    return true;
}

static enum dk_error finding_collect(
    struct finding *finding, const struct watch *watch, struct dk_fault *fault) {
    size_t look = 0;
    for (size_t i = 0; i < finding->features->word_count; i++) {
        if (word_at(finding, i)->offset >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "keywords: given up in the middle");
            }
            look = word_at(finding, i)->offset + (size_t)WATCH_INTERVAL_BYTES;
        }
        if (!is_stop_at(finding, i) && !finding_add_from(finding, i)) {
            return dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for phrases");
        }
    }
    return DK_OK;
}

/* What a stop word inside a phrase does: the more surely its neighbours go with it, the less it
 * spoils the phrase. */
static double stop_weight(const struct finding *finding, size_t word) {
    const struct text_feature *items = finding->features->items;
    const uint32_t left = stem_at(finding, word - 1), middle = stem_at(finding, word);
    const uint32_t right = stem_at(finding, word + 1);
    const double before =
        (double)text_features_pair(finding->features, left, middle) / items[left].frequency;
    const double after =
        (double)text_features_pair(finding->features, middle, right) / items[right].frequency;
    return 1.0 - before * after;
}

static double candidate_score(const struct finding *finding, const struct candidate *candidate) {
    double product = 1.0, sum = 0.0;
    for (size_t i = 0; i < candidate->word_count; i++) {
        const size_t word = candidate->first_word + i;
        if (is_stop_at(finding, word)) {
            const double weight = stop_weight(finding, word);
            product *= 1.0 + weight;
            sum -= 1.0 - weight;
        } else {
            const double score = finding->features->items[stem_at(finding, word)].score;
            product *= score;
            sum += score;
        }
    }
    /* Two stop words that always go together could take the sum to −1. */
    const double divisor = sum + 1.0 < 0.01 ? 0.01 : sum + 1.0;
    return product / (divisor * candidate->count);
}

/* Whether left is the better one. */
static bool is_better(const struct candidate *left, const struct candidate *right) {
    if (left->score != right->score) {
        return left->score < right->score;
    }
    if (left->first_word != right->first_word) {
        return left->first_word < right->first_word;
    }
    return left->word_count < right->word_count;
}

/* The best ones in `ranked`, best first; returns how many. Each that comes finds its place by
 * halving; most are worse than the last and cost one comparison. */
static size_t finding_rank(const struct finding *finding, struct candidate *ranked) {
    size_t count = 0;
    for (size_t i = 0; i < finding->candidate_count; i++) {
        struct candidate candidate = finding->candidates[i];
        candidate.score = candidate_score(finding, &candidate);
        if (count == TEXT_KEYWORDS_RANKED && !is_better(&candidate, &ranked[count - 1])) {
            continue;
        }
        size_t low = 0, high = count;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (is_better(&candidate, &ranked[middle])) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        count += count < TEXT_KEYWORDS_RANKED;
        memmove(ranked + low + 1, ranked + low, (count - low - 1) * sizeof *ranked);
        ranked[low] = candidate;
    }
    return count;
}

/* Writes a phrase in lower case, each gap as one space. False when it is too long. */
static bool keyword_write(struct text_keyword *keyword, const unsigned char *at) {
    const unsigned char *const end = at + keyword->size;
    size_t used = 0;
    while (at < end) {
        size_t size = 0;
        const utf8proc_int32_t character = (utf8proc_int32_t)text_decode(at, &size);
        const utf8proc_category_t category = utf8proc_category(character);
        at += size;
        if (used + TEXT_CHARACTER_BYTES_MAX >= TEXT_KEYWORD_BYTES_MAX) {
            return false;
        }
        if (category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_CC ||
            category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP) {
            if (used > 0 && keyword->text[used - 1] != ' ') {
                keyword->text[used++] = ' ';
            }
        } else {
            used += (size_t)utf8proc_encode_char(
                utf8proc_tolower(character), (utf8proc_uint8_t *)keyword->text + used);
        }
    }
    keyword->text[used] = '\0';
    return true;
}

/* Levenshtein's distance in bytes, at most TEXT_KEYWORD_BYTES_MAX. */
static size_t distance(const char *left, size_t left_size, const char *right, size_t right_size) {
    size_t row[TEXT_KEYWORD_BYTES_MAX + 1];
    for (size_t i = 0; i <= right_size; i++) {
        row[i] = i;
    }
    for (size_t i = 0; i < left_size; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < right_size; k++) {
            const size_t replaced = diagonal + (left[i] != right[k]);
            const size_t shifted = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
            diagonal = row[k + 1];
            row[k + 1] = replaced < shifted ? replaced : shifted;
        }
    }
    return row[right_size];
}

static bool is_like(const struct text_keyword *left, const struct text_keyword *right) {
    const size_t left_size = strlen(left->text), right_size = strlen(right->text);
    const size_t longer = left_size > right_size ? left_size : right_size;
    const size_t shorter = left_size > right_size ? right_size : left_size;
    return 10 * (longer - shorter) < longer &&
           10 * distance(left->text, left_size, right->text, right_size) < longer;
}

static size_t finding_choose(
    const struct finding *finding,
    const struct candidate *ranked,
    size_t ranked_count,
    size_t keywords_max,
    struct text_keyword *keywords) {
    const struct text *text = finding->lexicon->text;
    size_t count = 0;
    for (size_t i = 0; i < ranked_count && count < keywords_max; i++) {
        const struct candidate *candidate = &ranked[i];
        const struct text_word *first = word_at(finding, candidate->first_word);
        const struct text_word *last = first + candidate->word_count - 1;
        struct text_keyword *keyword = &keywords[count];
        keyword->offset = first->offset;
        keyword->size = last->offset + last->size - first->offset;
        keyword->count = candidate->count;
        keyword->score = candidate->score;
        bool is_good =
            keyword_write(keyword, (const unsigned char *)text->source.data + first->offset);
        for (size_t k = 0; k < count && is_good; k++) {
            is_good = !is_like(keyword, &keywords[k]);
        }
        count += is_good;
    }
    return count;
}

static enum dk_error finding_run(
    struct finding *finding,
    size_t keywords_max,
    const struct watch *watch,
    struct text_keyword *ret_keywords,
    size_t *ret_count,
    struct dk_fault *fault) {
    const enum dk_error error = finding_collect(finding, watch, fault);
    if (error != DK_OK) {
        return error;
    }
    struct candidate *ranked = malloc((TEXT_KEYWORDS_RANKED + 1) * sizeof *ranked);
    if (ranked == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for phrases");
    }
    const size_t count = finding_rank(finding, ranked);
    *ret_count = finding_choose(finding, ranked, count, keywords_max, ret_keywords);
    free(ranked);
    return DK_OK;
}

enum dk_error text_keywords_find(
    const struct text_lexicon *lexicon,
    size_t keywords_max,
    const struct watch *watch,
    struct text_keyword ret_keywords[TEXT_KEYWORDS_MAX],
    size_t *ret_count,
    struct dk_fault *fault) {
    struct text_features *features = NULL;
    if (keywords_max < 1 || keywords_max > TEXT_KEYWORDS_MAX) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "keywords: %zu are not from 1 to %d",
            keywords_max,
            TEXT_KEYWORDS_MAX);
    }
    enum dk_error error =
        text_features_new(lexicon, TEXT_KEYWORDS_WORDS_MAX, watch, &features, fault);
    if (error != DK_OK) {
        return error;
    }
    struct finding finding = {.lexicon = lexicon, .features = features};
    error = finding_run(&finding, keywords_max, watch, ret_keywords, ret_count, fault);
    text_table_free(&finding.known);
    free(finding.candidates);
    text_features_free(features);
    return error;
}
