#ifndef COMPUTE_MINHASH_H
#define COMPUTE_MINHASH_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * MinHash: 128 numbers for a set, of which two sets share as large a part as of their elements
 * (Jaccard's |A∩B| / |A∪B|), give or take a standard error of √(J(1−J)/128): 0.044 at worst.
 *
 * One hash for each element instead of 128 (one-permutation hashing, Li, Owen, Zhang 2012): its
 * upper bits choose a bin, its bin keeps the smallest of the rest. A bin that nothing chose copies
 * one that something did, found by hashes of its own number (optimal densification, Shrivastava
 * 2017), which keeps the estimate unbiased.
 *
 * Bound: the error holds for sets of some 500 elements and more. Below, fewer bins have numbers of
 *        their own and the error grows as if there were so many instead of 128; below 128 elements
 *        it is that of about as many bins as elements.
 * Shape: a signature keeps the lower 32 bits of each smallest hash; two that differ agree in these
 *        by chance once in 4 billion times. It depends on neither order nor repetition of elements.
 * Thread: any; a sketch is its owner's.
 */
enum { MINHASH_BINS = 128, MINHASH_BIN_BITS = 7 };

struct minhash_signature {
    uint32_t values[MINHASH_BINS];
};

struct minhash {
    uint64_t smallest[MINHASH_BINS];
    bool is_begun;
};

/* Zeroed is empty. minhash_add has the type of shingles_take_fn; context is a struct minhash. An
 * element is given as a hash of 64 well-mixed bits. */
void minhash_add(void *context, const uint64_t *elements, size_t count);
/* False for the empty set, which is like nothing and has no signature. */
bool minhash_end(const struct minhash *minhash, struct minhash_signature *ret_signature);

/* The signature of a text's shingles. `ret_has_words`: whether there is one.
 * Errors: DK_CANCELLED. */
enum dk_error minhash_text(
    struct dk_bytes text,
    const struct watch *watch,
    struct minhash_signature *ret_signature,
    bool *ret_has_words,
    struct dk_fault *fault);

/* The estimate of Jaccard's similarity, 0 to 1. */
double minhash_similarity(
    const struct minhash_signature *left, const struct minhash_signature *right);

#endif /* COMPUTE_MINHASH_H */
