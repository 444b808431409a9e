#ifndef COMPUTE_TEXT_FEATURES_H
#define COMPUTE_TEXT_FEATURES_H

#include "compute/text_lexicon.h"
#include "compute/text_table.h"
#include "compute/watch.h"

/*
 * YAKE's five features of each stem, and the score they make. One pass over the words, one over the
 * stems.
 *
 * Owner:  text_features_new gives, text_features_free takes; the lexicon must live as long.
 * Thread: any; once made they are only read.
 */
struct text_feature {
    uint32_t frequency;
    uint32_t capitals, acronyms; /* of these words; a capital at the head of a sentence is none */
    uint32_t sentences;          /* in which it stands */
    uint32_t lefts, rights;      /* neighbours in phrases */
    uint32_t distinct_lefts, distinct_rights;
    uint32_t last_sentence; /* while counting: its number from 1 */
    double score;           /* the lower the better */
};

struct text_features {
    const struct text_lexicon *lexicon;
    struct text_feature *items; /* of each stem */
    struct text_table pairs;    /* of neighbours; the slot's count says how often */
    size_t word_count;          /* looked at */
};

/* Looks at the first `words_max` words. Errors: DK_EXHAUSTED without memory, DK_CANCELLED. */
enum dk_error text_features_new(
    const struct text_lexicon *lexicon,
    size_t words_max,
    const struct watch *watch,
    struct text_features **ret_features,
    struct dk_fault *fault);
void text_features_free(struct text_features *features);

/* How often `right` follows `left` in a phrase. */
uint32_t text_features_pair(const struct text_features *features, uint32_t left, uint32_t right);

/* Well-mixed bits of two numbers, for keys of tables. */
static inline uint64_t text_mix(uint64_t left, uint64_t right) {
    uint64_t mixed = (left + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ right;
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return mixed ^ mixed >> 32;
}

#endif /* COMPUTE_TEXT_FEATURES_H */
