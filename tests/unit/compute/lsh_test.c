/* Bands: who becomes a candidate, as often as the S-curve says. */
#include "compute/lsh.h"

#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static bool is_candidate(
    const struct minhash_signature *left, const struct minhash_signature *right) {
    struct lsh_places here, there;
    lsh_places_of(left, &here);
    lsh_places_of(right, &there);
    for (size_t band = 0; band < LSH_BANDS; band++) {
        if (here.bands[band] == there.bands[band]) {
            return true;
        }
    }
    return false;
}

static void fill(struct random *random, struct minhash_signature *signature) {
    for (size_t i = 0; i < MINHASH_BINS; i++) {
        signature->values[i] = (uint32_t)random_next(random);
    }
}

Test(lsh, a_band_is_named_by_all_its_rows_and_its_number) {
    struct random random = {.state = 7};
    struct minhash_signature signature;
    struct lsh_places whole, changed;
    fill(&random, &signature);
    lsh_places_of(&signature, &whole);

    for (size_t row = 0; row < MINHASH_BINS; row++) {
        signature.values[row] ^= 1;
        lsh_places_of(&signature, &changed);
        for (size_t band = 0; band < LSH_BANDS; band++) {
            cr_assert(eq(int, whole.bands[band] == changed.bands[band], band != row / LSH_ROWS));
        }
        signature.values[row] ^= 1;
    }
    memset(&signature, 0, sizeof signature);
    lsh_places_of(&signature, &whole);
    cr_assert(ne(u64, whole.bands[0], whole.bands[1]));
}

Test(lsh, one_band_in_common_is_enough_and_none_is_not) {
    struct random random = {.state = 8};
    struct minhash_signature left, right;
    fill(&random, &left);

    for (size_t band = 0; band < LSH_BANDS; band++) {
        fill(&random, &right);
        cr_assert(not(is_candidate(&left, &right)));
        memcpy(right.values + 8 * band, left.values + 8 * band, 8 * sizeof right.values[0]);
        cr_assert(is_candidate(&left, &right));
        right.values[8 * band + 7] ^= 1;
        cr_assert(not(is_candidate(&left, &right)));
    }
}

Test(lsh, the_curve_is_that_of_the_header) {
    static const double rows[][2] = {
        {0, 0}, {0.5, 0.06}, {0.6, 0.24}, {0.7, 0.61}, {0.8, 0.95}, {0.9, 0.9999}, {1, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(fabs(lsh_probability(rows[i][0]) - rows[i][1]) < 0.005);
    }
}

/* Rows that agree with probability J make candidates with P(J): TRIALS coins, four standard errors. */
Test(lsh, pairs_become_candidates_as_often_as_the_curve_says) {
    enum { TRIALS = 4000 };
    struct random random = {.state = 9};

    for (int tenths = 3; tenths <= 9; tenths++) {
        const double jaccard = tenths / 10.0, expected = lsh_probability(jaccard);
        int candidates = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            struct minhash_signature left, right;
            fill(&random, &left);
            fill(&random, &right);
            for (size_t i = 0; i < MINHASH_BINS; i++) {
                if (random_share(&random) < jaccard) {
                    right.values[i] = left.values[i];
                }
            }
            candidates += is_candidate(&left, &right);
        }
        const double share = (double)candidates / TRIALS;

        cr_assert(
            fabs(share - expected) <= 4 * sqrt(expected * (1 - expected) / TRIALS),
            "J %.1f: %.4f, expected %.4f",
            jaccard,
            share,
            expected);
    }
}
