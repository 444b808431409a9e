/* SimHash against plain counting, and against what Charikar promises of angles. */
#include "compute/simhash.h"

#include "compute/shingles.h"
#include "support/counted_watch.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

static uint64_t plain_simhash(const uint64_t *shingles, size_t count) {
    uint64_t hash = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        long sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += (shingles[i] >> bit & 1) != 0 ? 1 : -1;
        }
        hash |= (uint64_t)(sum > 0) << bit;
    }
    return hash;
}

Test(simhash, counts_as_plain_counting_does) {
    static uint64_t shingles[5000];
    struct random random = {.state = 1};

    for (size_t count = 0; count < 5000; count = count < 600 ? count + 1 : count * 2) {
        struct simhash simhash = {0};
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            shingles[i] = random_next(&random);
        }
        while (at < count) {
            const size_t part = 1 + random_below(&random, count - at);
            simhash_add(&simhash, shingles + at, part);
            at += part;
        }

        cr_assert(eq(u64, simhash_end(&simhash), plain_simhash(shingles, count)), "%zu", count);
    }
}

Test(simhash, of_one_shingle_is_that_shingle_and_of_none_zero) {
    const uint64_t shingle = 0x8123456789ABCDEF;
    struct simhash none = {0}, one = {0};
    simhash_add(&one, &shingle, 1);

    cr_assert(eq(u64, simhash_end(&none), 0));
    cr_assert(eq(u64, simhash_end(&one), shingle));
}

Test(simhash, distance_counts_bits) {
    cr_assert(eq(u32, simhash_distance(0, 0), 0));
    cr_assert(eq(u32, simhash_distance(0, UINT64_MAX), 64));
    cr_assert(eq(u32, simhash_distance(UINT64_C(1) << 63, 1), 2));
}

/*
 * Two sets of SET elements that share a part have the angle acos(part). A bit differs with
 * probability angle/π, so the bits that differ in TRIALS pairs have that mean, with the standard
 * error of so many coins; four of them are allowed. SimHash's sums are normal only for many
 * elements: SET is large enough for 0.001 of that.
 */
Test(simhash, bits_differ_as_often_as_the_angle_says) {
    enum { SET = 2000, TRIALS = 100 };
    static uint64_t shingles[2 * SET];
    static const double parts[] = {0.0, 0.5, 0.8, 0.9, 0.99};
    struct random random = {.state = 2};

    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        const size_t shared = (size_t)(parts[p] * SET + 0.5);
        const double expected = acos(parts[p]) / acos(-1);
        double differ = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            struct simhash left = {0}, right = {0};
            for (size_t i = 0; i < 2 * SET - shared; i++) {
                shingles[i] = random_next(&random);
            }
            simhash_add(&left, shingles, SET);
            simhash_add(&right, shingles + SET - shared, SET);
            differ += simhash_distance(simhash_end(&left), simhash_end(&right));
        }
        const double share = differ / (64.0 * TRIALS);
        const double error = sqrt(expected * (1 - expected) / (64.0 * TRIALS));

        cr_assert(
            fabs(share - expected) <= 4 * error + 0.001,
            "part %.2f: %.4f of bits differ, %.4f expected",
            parts[p],
            share,
            expected);
    }
}

Test(simhash, a_text_has_the_hash_of_its_shingles) {
    struct simhash simhash = {0};
    struct counted_watch counted;
    const struct watch watch = counted_watch(&counted, 1);
    const struct dk_bytes text = DK_BYTES("the quick brown fox jumps over the lazy dog");
    uint64_t hash = 0;

    cr_assert(eq(int, simhash_text(text, NULL, &hash, NULL), DK_OK));
    (void)shingles_each(text, NULL, simhash_add, &simhash, NULL);
    cr_assert(eq(u64, hash, simhash_end(&simhash)));
    cr_assert(ne(u64, hash, 0));
    cr_assert(eq(int, simhash_text(text, &watch, &hash, NULL), DK_CANCELLED));
}
