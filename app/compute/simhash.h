#ifndef COMPUTE_SIMHASH_H
#define COMPUTE_SIMHASH_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdint.h>

/*
 * SimHash (Charikar 2002): 64 bits of which two texts share the more, the smaller the angle between
 * their vectors of shingles, each counted as often as it stands in the text.
 *
 * Shape: bit i is set when more shingles have their bit i set than not. P(a bit differs) = angle/π.
 * Thread: any; what sums up is its owner's.
 */
enum { SIMHASH_BITS = 64, SIMHASH_LANES = 8 };

struct simhash {
    int64_t sums[SIMHASH_BITS];    /* set minus not set, of what has been spread */
    uint64_t lanes[SIMHASH_LANES]; /* eight counters of a byte each: bits set since then */
    uint32_t laned;                /* shingles in lanes, at most 255 */
};

/* Zeroed is empty. simhash_add has the type of shingles_take_fn; context is a struct simhash. */
void simhash_add(void *context, const uint64_t *shingles, size_t count);
/* The hash of all that was added; 0 of nothing. */
uint64_t simhash_end(struct simhash *simhash);

/* The hash of a text. Errors: DK_CANCELLED. */
enum dk_error simhash_text(
    struct dk_bytes text, const struct watch *watch, uint64_t *ret_hash, struct dk_fault *fault);

/* Bits that differ, 0 to 64. */
unsigned simhash_distance(uint64_t left, uint64_t right);

#endif /* COMPUTE_SIMHASH_H */
