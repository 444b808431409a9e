/*
 * One-permutation MinHash with optimal densification. Thread: any.
 */
#include "compute/minhash.h"

#include "compute/shingles.h"

#include <string.h>
#include <xxhash.h>

/* No bin is chosen with the largest number: the bits that choose it are taken off. */
#define NOTHING UINT64_MAX

_Static_assert(1 << MINHASH_BIN_BITS == MINHASH_BINS, "a bin is chosen by so many bits");

/*
 * Which bin an empty one asks at its `attempt`: always the same, whatever the set, so that two sets
 * that share the answer share it on both sides. With one full bin each attempt finds it once in
 * 128 times; minhash_test tries all pairs and holds them under ATTEMPTS_MAX. The scan behind that
 * is there for the reader who doubts.
 */
enum { ATTEMPTS_MAX = 4096 };

static unsigned bin_asked(unsigned bin, unsigned attempt) {
    const uint32_t pair[] = {bin, attempt};
    return (unsigned)(XXH3_64bits(pair, sizeof pair) >> (64 - MINHASH_BIN_BITS));
}

static unsigned bin_full(const struct minhash *minhash, unsigned bin) {
    unsigned asked = bin;
    for (unsigned attempt = 1; minhash->smallest[asked] == NOTHING; attempt++) {
        asked = attempt < ATTEMPTS_MAX ? bin_asked(bin, attempt) : (bin + attempt) % MINHASH_BINS;
    }
    return asked;
}

void minhash_add(void *context, const uint64_t *elements, size_t count) {
    struct minhash *minhash = context;
    if (!minhash->is_begun) {
        memset(minhash->smallest, 0xFF, sizeof minhash->smallest);
        minhash->is_begun = true;
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned bin = (unsigned)(elements[i] >> (64 - MINHASH_BIN_BITS));
        const uint64_t rest = elements[i] & (UINT64_MAX >> MINHASH_BIN_BITS);
        if (rest < minhash->smallest[bin]) {
            minhash->smallest[bin] = rest;
        }
    }
}

bool minhash_end(const struct minhash *minhash, struct minhash_signature *ret_signature) {
    if (!minhash->is_begun) {
        return false;
    }
    for (unsigned bin = 0; bin < MINHASH_BINS; bin++) {
        ret_signature->values[bin] = (uint32_t)minhash->smallest[bin_full(minhash, bin)];
    }
    return true;
}

enum dk_error minhash_text(
    struct dk_bytes text,
    const struct watch *watch,
    struct minhash_signature *ret_signature,
    bool *ret_has_words,
    struct dk_fault *fault) {
    struct minhash minhash = {.is_begun = false};
    const enum dk_error error = shingles_each(text, watch, minhash_add, &minhash, fault);
    if (error == DK_OK) {
        *ret_has_words = minhash_end(&minhash, ret_signature);
    }
    return error;
}

double minhash_similarity(
    const struct minhash_signature *left, const struct minhash_signature *right) {
    unsigned equal = 0;
    for (unsigned bin = 0; bin < MINHASH_BINS; bin++) {
        equal += left->values[bin] == right->values[bin];
    }
    return (double)equal / MINHASH_BINS;
}
