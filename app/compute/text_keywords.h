#ifndef COMPUTE_TEXT_KEYWORDS_H
#define COMPUTE_TEXT_KEYWORDS_H

#include "compute/text_lexicon.h"
#include "compute/watch.h"

/*
 * What a text is about, in phrases of one to three words, by YAKE (Campos et al. 2020, "YAKE!
 * Keyword extraction from single documents using multiple local features"): no other texts and no
 * dictionary but stop words. A word scores by its casing, how early it comes, how often, how many
 * different neighbours it has and in how many sentences it stands; a phrase by its words and its own
 * frequency. The lower a score the better.
 *
 * Other than YAKE: forms of a word count as one (stems), a phrase is shown as it comes first, and
 * scripts without spaces give phrases of two or three characters, never of one.
 *
 * Bound:  the first TEXT_KEYWORDS_WORDS_MAX words are looked at (YAKE holds that what a text is about
 *         stands early); of all candidates the TEXT_KEYWORDS_RANKED best are kept for comparison.
 *         Memory is 40 MiB at worst, 10 MiB in prose of that length.
 * Shape:  no two keywords are nearly the same (edit distance below a tenth of the longer one's
 *         letters). The same text has the same keywords everywhere.
 */
enum {
    TEXT_KEYWORDS_MAX = 50,
    TEXT_KEYWORDS_WORDS_MAX = 256 * 1024,
    TEXT_KEYWORDS_RANKED = 4 * TEXT_KEYWORDS_MAX,
    TEXT_KEYWORD_WORDS_MAX = 3,
    TEXT_KEYWORD_BYTES_MAX = 160, /* with the NUL; a longer phrase is no keyword */
};

struct text_keyword {
    char text[TEXT_KEYWORD_BYTES_MAX]; /* as it stands in the text, lower case, one space between */
    uint32_t offset, size;             /* where it comes first, in bytes of the source */
    uint32_t count;                    /* how often it comes, in any form */
    double score;
};

/*
 * Finds `keywords_max` keywords at most (1 to TEXT_KEYWORDS_MAX), best first.
 *
 * Errors: DK_INVALID when keywords_max is out of bounds, DK_EXHAUSTED without memory, DK_CANCELLED.
 * Thread: any.
 */
enum dk_error text_keywords_find(
    const struct text_lexicon *lexicon,
    size_t keywords_max,
    const struct watch *watch,
    struct text_keyword ret_keywords[TEXT_KEYWORDS_MAX],
    size_t *ret_count,
    struct dk_fault *fault);

#endif /* COMPUTE_TEXT_KEYWORDS_H */
