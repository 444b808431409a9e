#ifndef COMPUTE_LSH_H
#define COMPUTE_LSH_H

#include "compute/minhash.h"

#include <stdint.h>

/*
 * Which signatures are worth comparing: a signature is cut into 16 bands of 8 rows, and two are
 * candidates when they agree in all rows of at least one band. That happens with probability
 *
 *     P(J) = 1 − (1 − J⁸)¹⁶          J:  0.5   0.6   0.7   0.8   0.9
 *                                    P:  0.06  0.24  0.61  0.95  0.9999
 *
 * Its steepest point lies near (1/16)^(1/8) = 0.71, below the 0.8 from which texts count as near
 * duplicates, because candidates are verified by their signatures: one too many costs a look, one
 * too few is never found. The nearest other cuts of 128 are worse at one or the other: 8 × 16 finds
 * 20 % of pairs at 0.8, 32 × 4 takes 87 % of those at 0.5.
 *
 * Thread: any.
 */
enum { LSH_BANDS = 16, LSH_ROWS = 8 };

/* Where a signature lies in each band: equal numbers of one band mean equal rows but for a chance
 * of 2⁻⁶⁴. */
struct lsh_places {
    uint64_t bands[LSH_BANDS];
};
void lsh_places_of(const struct minhash_signature *signature, struct lsh_places *ret_places);

/* P(J) above. */
double lsh_probability(double similarity);

#endif /* COMPUTE_LSH_H */
