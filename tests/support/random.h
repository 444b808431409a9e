#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdint.h>

/* SplitMix64: well-mixed numbers that are the same on every machine for the same seed. Zeroed is a
 * seed like any other. Thread: its owner's. */
struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random) {
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t value = random->state;
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

/* 0 to below `limit`, which is small against 2⁶⁴. */
static inline uint64_t random_below(struct random *random, uint64_t limit) {
    return random_next(random) % limit;
}

/* 0 to below 1. */
static inline double random_share(struct random *random) {
    return (double)(random_next(random) >> 11) / 9007199254740992.0;
}

#endif /* TESTS_SUPPORT_RANDOM_H */
