/* SumBasic over stems. Thread: any. */
#include "compute/text_summary.h"

#include <stdlib.h>

struct picking {
    const struct text_lexicon *lexicon;
    const struct watch *watch;
    double *probabilities;                       /* of each stem */
    bool is_lenient;                             /* whether any sentence will do */
    uint32_t picked[TEXT_SUMMARY_SENTENCES_MAX]; /* in the order of their worth */
    size_t picked_count;
};

static bool says_something(const struct picking *picking, const struct text_word *word) {
    return !picking->lexicon->stops[word->term] && !picking->lexicon->numbers[word->term];
}

static bool is_picked(const struct picking *picking, size_t sentence) {
    for (size_t i = 0; i < picking->picked_count; i++) {
        if (picking->picked[i] == sentence) {
            return true;
        }
    }
    return false;
}

/* The worth of a sentence; negative when it does not count. */
static double worth(const struct picking *picking, const struct text_sentence *sentence) {
    const struct text *text = picking->lexicon->text;
    if (!picking->is_lenient && (sentence->word_count < TEXT_SUMMARY_WORDS_MIN ||
                                 sentence->word_count > TEXT_SUMMARY_WORDS_MAX)) {
        return -1.0;
    }
    double sum = 0.0;
    size_t count = 0;
    for (size_t i = 0; i < sentence->word_count; i++) {
        const struct text_word *word = &text->words[sentence->first_word + i];
        if (says_something(picking, word)) {
            sum += picking->probabilities[picking->lexicon->stems[word->term]];
            count++;
        }
    }
    if (!picking->is_lenient && 3 * count < sentence->word_count) {
        return -1.0;
    }
    return count == 0 ? 0.0 : sum / (double)count;
}

/* Takes the best sentence that is left; false when none is, or the watch is over. */
static bool picking_take(struct picking *picking) {
    const struct text *text = picking->lexicon->text;
    size_t best = 0, look = 0;
    double best_worth = -1.0;
    for (size_t i = 0; i < text->sentence_count; i++) {
        const struct text_sentence *sentence = &text->sentences[i];
        if (sentence->offset >= look) {
            if (watch_is_over(picking->watch)) {
                return false;
            }
            look = sentence->offset + (size_t)WATCH_INTERVAL_BYTES;
        }
        const double value = worth(picking, sentence);
        if (value > best_worth && !is_picked(picking, i)) {
            best = i;
            best_worth = value;
        }
    }
    if (best_worth < 0.0) {
        return false;
    }
    picking->picked[picking->picked_count] = (uint32_t)best;
    picking->picked_count++;
    return true;
}

/* What was said is worth less to say again. A stem that stands twice in the sentence is squared
 * twice. */
static void picking_discount(struct picking *picking) {
    const struct text *text = picking->lexicon->text;
    const struct text_sentence *sentence =
        &text->sentences[picking->picked[picking->picked_count - 1]];
    for (size_t i = 0; i < sentence->word_count; i++) {
        const struct text_word *word = &text->words[sentence->first_word + i];
        double *probability = &picking->probabilities[picking->lexicon->stems[word->term]];
        *probability *= *probability;
    }
}

static int by_index(const void *left, const void *right) {
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

enum dk_error text_summary_pick(
    const struct text_lexicon *lexicon,
    size_t sentences_max,
    const struct watch *watch,
    uint32_t ret_sentences[TEXT_SUMMARY_SENTENCES_MAX],
    size_t *ret_count,
    struct dk_fault *fault) {
    struct picking picking = {.lexicon = lexicon, .watch = watch};
    if (sentences_max < 1 || sentences_max > TEXT_SUMMARY_SENTENCES_MAX) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "summary: %zu sentences are not from 1 to %d",
            sentences_max,
            TEXT_SUMMARY_SENTENCES_MAX);
    }
    picking.probabilities = malloc((lexicon->stem_count + 1) * sizeof *picking.probabilities);
    if (picking.probabilities == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "summary: no memory for probabilities");
    }
    for (size_t i = 0; i < lexicon->stem_count; i++) {
        picking.probabilities[i] =
            (double)lexicon->counts[i] / (double)(lexicon->text->word_count + 1);
    }
    while (picking.picked_count < sentences_max) {
        if (picking_take(&picking)) {
            picking_discount(&picking);
        } else if (picking.picked_count == 0 && !picking.is_lenient) {
            picking.is_lenient = true;
        } else {
            break;
        }
    }
    free(picking.probabilities);
    if (watch_is_over(watch)) {
        return dk_fault_set(fault, DK_CANCELLED, "summary: given up in the middle");
    }
    qsort(picking.picked, picking.picked_count, sizeof picking.picked[0], by_index);
    for (size_t i = 0; i < picking.picked_count; i++) {
        ret_sentences[i] = picking.picked[i];
    }
    *ret_count = picking.picked_count;
    return DK_OK;
}
