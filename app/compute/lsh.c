/*
 * Banding of MinHash signatures. Thread: any.
 */
#include "compute/lsh.h"

#include <xxhash.h>

_Static_assert(LSH_BANDS *LSH_ROWS == MINHASH_BINS, "bands take all of a signature");

void lsh_places_of(const struct minhash_signature *signature, struct lsh_places *ret_places) {
    for (unsigned band = 0; band < LSH_BANDS; band++) {
        ret_places->bands[band] = XXH3_64bits_withSeed(
            signature->values + (size_t)band * LSH_ROWS,
            LSH_ROWS * sizeof signature->values[0],
            band);
    }
}

static double power(double base, unsigned exponent) {
    double result = 1;
    for (unsigned i = 0; i < exponent; i++) {
        result *= base;
    }
    return result;
}

double lsh_probability(double similarity) {
    return 1 - power(1 - power(similarity, LSH_ROWS), LSH_BANDS);
}
