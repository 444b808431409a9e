#ifndef COMPUTE_TEXT_STATISTICS_H
#define COMPUTE_TEXT_STATISTICS_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/* How much there is of a text; words and sentences as text_words.h has them. */
struct text_statistics {
    uint64_t bytes;
    uint64_t characters; /* Unicode code points */
    uint64_t words;
    uint64_t distinct_words; /* folded */
    uint64_t sentences;
    uint64_t lines; /* ends of lines, and what follows the last of them */
};

/*
 * Counts the whole of a text, however long.
 *
 * Bound:  distinct words are counted exactly up to TEXT_DISTINCT_EXACT_MAX; beyond, from a sample of
 *         so many or half of it (Flajolet 1990, "On adaptive sampling"), within 0.5 % in 95 of 100
 *         texts. Memory is 16 MiB at most.
 * Errors: DK_INVALID where it is no UTF-8, DK_TOO_LARGE over TEXT_READ_BYTES_MAX, DK_EXHAUSTED
 *         without memory, DK_CANCELLED.
 * Thread: any.
 */
enum { TEXT_DISTINCT_EXACT_MAX = 256 * 1024 };

enum dk_error text_statistics_count(
    struct dk_bytes text,
    const struct watch *watch,
    struct text_statistics *ret_statistics,
    struct dk_fault *fault);

#endif /* COMPUTE_TEXT_STATISTICS_H */
