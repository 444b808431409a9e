/*
 * YAKE's features.
 *
 *     words ─▶ frequency, casing, sentences, neighbours of each stem ─▶ score
 *                                 └─ the middle one of them: where the stem stands
 *
 * Thread: any.
 */
#include "compute/text_features.h"

#include <math.h>
#include <stdlib.h>

/* The sentences of each stem, stem by stem, each list ascending. */
struct positions {
    uint32_t *begins; /* of each stem's list; one more at the end */
    uint32_t *sentences;
};

static uint32_t stem_at(const struct text_features *features, size_t word) {
    const struct text_lexicon *lexicon = features->lexicon;
    return lexicon->stems[lexicon->text->words[word].term];
}

static bool is_number_at(const struct text_features *features, size_t word) {
    const struct text_lexicon *lexicon = features->lexicon;
    return lexicon->numbers[lexicon->text->words[word].term];
}

/* Notes that two words stand side by side. False without memory. */
static bool features_join(struct text_features *features, uint32_t left, uint32_t right) {
    bool is_new = false;
    struct text_slot *slot = text_table_take(&features->pairs, text_mix(left, right), &is_new);
    if (slot == NULL) {
        return false;
    }
    slot->count++;
    features->items[left].rights++;
    features->items[right].lefts++;
    features->items[left].distinct_rights += is_new;
    features->items[right].distinct_lefts += is_new;
    return true;
}

static void feature_add(
    struct text_feature *feature, const struct text_word *word, uint32_t sentence) {
    feature->frequency++;
    feature->capitals +=
        (word->flags & TEXT_IS_CAPITAL) != 0 && (word->flags & TEXT_BEGINS_SENTENCE) == 0;
    feature->acronyms += (word->flags & TEXT_IS_ACRONYM) != 0;
    feature->sentences += feature->last_sentence != sentence;
    feature->last_sentence = sentence;
}

static enum dk_error features_count(
    struct text_features *features, const struct watch *watch, struct dk_fault *fault) {
    const struct text *text = features->lexicon->text;
    size_t look = 0;
    uint32_t sentence = 0;
    for (size_t i = 0; i < features->word_count; i++) {
        const struct text_word *word = &text->words[i];
        if (word->offset >= look) {
            if (watch_is_over(watch)) {
                return dk_fault_set(fault, DK_CANCELLED, "keywords: given up in the middle");
            }
            look = word->offset + (size_t)WATCH_INTERVAL_BYTES;
        }
        sentence += (word->flags & TEXT_BEGINS_SENTENCE) != 0;
        feature_add(&features->items[stem_at(features, i)], word, sentence);
        const bool has_left = i > 0 && (word->flags & TEXT_BEGINS_PHRASE) == 0 &&
                              !is_number_at(features, i) && !is_number_at(features, i - 1);
        if (has_left && !features_join(features, stem_at(features, i - 1), stem_at(features, i))) {
            return dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for pairs of words");
        }
    }
    return DK_OK;
}

/* Sorts the sentences of each stem by counting. False without memory. */
static bool positions_fill(struct positions *positions, struct text_features *features) {
    const size_t stem_count = features->lexicon->stem_count;
    uint32_t total = 0, sentence = 0;
    positions->begins = calloc(stem_count + 2, sizeof *positions->begins);
    positions->sentences = calloc(features->word_count + 1, sizeof *positions->sentences);
    if (positions->begins == NULL || positions->sentences == NULL) {
        return false;
    }
    for (size_t i = 0; i < stem_count; i++) {
        positions->begins[i] = total;
        total += features->items[i].sentences;
        features->items[i].last_sentence = 0;
        features->items[i].sentences = 0;
    }
    positions->begins[stem_count] = total;
    for (size_t i = 0; i < features->word_count; i++) {
        const struct text_word *word = &features->lexicon->text->words[i];
        const uint32_t stem = stem_at(features, i);
        struct text_feature *feature = &features->items[stem];
        sentence += (word->flags & TEXT_BEGINS_SENTENCE) != 0;
        if (feature->last_sentence != sentence) {
            feature->last_sentence = sentence;
            positions->sentences[positions->begins[stem] + feature->sentences] = sentence - 1;
            feature->sentences++;
        }
    }
    return true;
}

/* The middle one of the sentences in which a stem stands, counted from 0. */
static double positions_median(const struct positions *positions, size_t stem) {
    const size_t begin = positions->begins[stem];
    const size_t count = positions->begins[stem + 1] - begin;
    const size_t middle = begin + count / 2;
    const double upper = positions->sentences[middle];
    return count % 2 == 1 ? upper : (upper + (double)positions->sentences[middle - 1]) / 2.0;
}

/* What all stems have in common. */
struct common {
    double frequency_max, frequency_typical; /* typical: mean and standard deviation together */
    double sentences;
};

/* False without memory. */
static bool common_of(const struct text_features *features, struct common *ret_common) {
    const struct text_lexicon *lexicon = features->lexicon;
    double sum = 0.0, squares = 0.0, count = 0.0;
    struct common common = {0};
    bool *is_seen = calloc(lexicon->stem_count + 1, sizeof *is_seen);
    if (is_seen == NULL) {
        return false;
    }
    for (size_t i = 0; i < lexicon->text->term_count; i++) {
        const uint32_t stem = lexicon->stems[i];
        const double frequency = features->items[stem].frequency;
        common.frequency_max = fmax(common.frequency_max, frequency);
        if (is_seen[stem] || lexicon->stops[i] || frequency == 0.0) {
            continue;
        }
        is_seen[stem] = true;
        sum += frequency;
        squares += frequency * frequency;
        count += 1.0;
    }
    free(is_seen);
    if (count > 0.0) {
        const double mean = sum / count;
        common.frequency_typical = mean + sqrt(fmax(0.0, squares / count - mean * mean));
    }
    for (size_t i = 0; i < features->word_count; i++) {
        common.sentences += (lexicon->text->words[i].flags & TEXT_BEGINS_SENTENCE) != 0 ? 1.0 : 0.0;
    }
    *ret_common = common;
    return true;
}

static double share(uint32_t part, uint32_t whole) {
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static double feature_score(
    const struct text_feature *feature, const struct common *common, double median) {
    const double frequency = feature->frequency;
    const double casing = fmax(feature->capitals, feature->acronyms) / (1.0 + log(frequency));
    const double position = log(log(3.0 + median));
    const double relatedness = 1.0 + (share(feature->distinct_lefts, feature->lefts) +
                                      share(feature->distinct_rights, feature->rights)) *
                                         frequency / common->frequency_max;
    const double normed = frequency / fmax(common->frequency_typical, 1.0);
    const double spread = (double)feature->sentences / common->sentences;
    return position * relatedness / (casing + normed / relatedness + spread / relatedness);
}

static bool features_score(struct text_features *features) {
    struct positions positions = {0};
    struct common common;
    const bool is_good = positions_fill(&positions, features) && common_of(features, &common);
    for (size_t i = 0; i < features->lexicon->stem_count && is_good; i++) {
        if (features->items[i].frequency > 0) {
            features->items[i].score =
                feature_score(&features->items[i], &common, positions_median(&positions, i));
        }
    }
    free(positions.begins);
    free(positions.sentences);
    return is_good;
}

enum dk_error text_features_new(
    const struct text_lexicon *lexicon,
    size_t words_max,
    const struct watch *watch,
    struct text_features **ret_features,
    struct dk_fault *fault) {
    struct text_features *features = calloc(1, sizeof *features);
    if (features == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for features");
    }
    features->lexicon = lexicon;
    features->word_count =
        lexicon->text->word_count < words_max ? lexicon->text->word_count : words_max;
    features->items = calloc(lexicon->stem_count + 1, sizeof *features->items);
    if (features->items == NULL) {
        text_features_free(features);
        return dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for features");
    }
    enum dk_error error = features_count(features, watch, fault);
    if (error == DK_OK && !features_score(features)) {
        error = dk_fault_set(fault, DK_EXHAUSTED, "keywords: no memory for positions");
    }
    if (error != DK_OK) {
        text_features_free(features);
        return error;
    }
    *ret_features = features;
    return DK_OK;
}

void text_features_free(struct text_features *features) {
    if (features == NULL) {
        return;
    }
    text_table_free(&features->pairs);
    free(features->items);
    free(features);
}

uint32_t text_features_pair(const struct text_features *features, uint32_t left, uint32_t right) {
    const struct text_slot *slot = text_table_find(&features->pairs, text_mix(left, right));
    return slot == NULL ? 0 : slot->count;
}
