#ifndef COMPUTE_SHINGLES_H
#define COMPUTE_SHINGLES_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/*
 * A text as the set of its shingles: every run of SHINGLE_WORDS words in a row, each as a number of
 * 64 well-mixed bits. Two texts are alike as far as these sets are (Broder 1997).
 *
 * Why words, and five of them: Broder shingles words; short runs make unrelated texts of one
 * language alike, long ones let each edit spoil much (an edit of one word touches as many shingles
 * as a run has words). Five words with a threshold of 0.8 is what deduplication of large
 * collections of prose settled on (Lee et al. 2022, "Deduplicating Training Data Makes Language
 * Models Better"). Runs of 5 to 9 characters, the other school (Leskovec, Rajaraman, Ullman, ch. 3),
 * cost one hash for each byte instead of one for each word, and say less in long texts.
 *
 * Shape: a word is a longest run of ASCII letters, ASCII digits and characters beyond ASCII that are
 *        no punctuation or space of Unicode's General Punctuation, Latin-1 and CJK Symbols; ASCII
 *        letters count without case (fold a text before for the others). Scripts that put no spaces
 *        between words (Han, kana, Thai, Lao, Khmer, Burmese) give one word for each character, so
 *        that their shingles are runs of five characters. A text of one to four words is one
 *        shingle. Bytes that are no UTF-8 are letters of a word; nothing is refused.
 * Thread: any.
 */
enum { SHINGLE_WORDS = 5, SHINGLE_BATCH = 512 };

/* Takes a part of the shingles, `count` from 1 to SHINGLE_BATCH, in the order of the text; repeated
 * shingles come as often as they stand there. */
typedef void shingles_take_fn(void *context, const uint64_t *shingles, size_t count);

/* Gives all shingles of a text to `take`. Errors: DK_CANCELLED when the watch ends it; what was
 * taken then is only a part. */
enum dk_error shingles_each(
    struct dk_bytes text,
    const struct watch *watch,
    shingles_take_fn *take,
    void *context,
    struct dk_fault *fault);

#endif /* COMPUTE_SHINGLES_H */
