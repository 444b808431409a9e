#ifndef COMPUTE_TEXT_SUMMARY_H
#define COMPUTE_TEXT_SUMMARY_H

#include "compute/text_lexicon.h"
#include "compute/watch.h"

/*
 * The sentences that say most of what a text says, by SumBasic (Nenkova, Vanderwende 2005): a
 * sentence is worth the mean probability of its words that say something; when one is taken, the
 * probabilities of its words are squared, so that the next one says something else.
 *
 * Considered are sentences of TEXT_SUMMARY_WORDS_MIN to TEXT_SUMMARY_WORDS_MAX words (shorter ones
 * are headings, longer ones lists without an end), a third of which say something at least; where a
 * text has none of these, all its sentences are. The same text has the same summary everywhere.
 */
enum {
    TEXT_SUMMARY_SENTENCES_MAX = 16,
    TEXT_SUMMARY_WORDS_MIN = 6,
    TEXT_SUMMARY_WORDS_MAX = 60,
};

/*
 * Takes `sentences_max` sentences at most (1 to TEXT_SUMMARY_SENTENCES_MAX), and gives their indices
 * in the text, ascending. Cost: a pass over the text for each.
 *
 * Errors: DK_INVALID when sentences_max is out of bounds, DK_EXHAUSTED without memory, DK_CANCELLED.
 * Thread: any.
 */
enum dk_error text_summary_pick(
    const struct text_lexicon *lexicon,
    size_t sentences_max,
    const struct watch *watch,
    uint32_t ret_sentences[TEXT_SUMMARY_SENTENCES_MAX],
    size_t *ret_count,
    struct dk_fault *fault);

#endif /* COMPUTE_TEXT_SUMMARY_H */
