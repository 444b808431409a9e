/* MinHash: what it must not depend on, and that its error is what theory says. */
#include "compute/minhash.h"

#include "support/counted_watch.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct minhash_signature signature_of(const uint64_t *elements, size_t count) {
    struct minhash minhash = {.is_begun = false};
    struct minhash_signature signature;
    minhash_add(&minhash, elements, count);
    cr_assert(minhash_end(&minhash, &signature));
    return signature;
}

Test(minhash, the_empty_set_has_no_signature) {
    const struct minhash minhash = {.is_begun = false};
    struct minhash_signature signature = {.values = {7}};
    bool has_words = true;

    cr_assert(not(minhash_end(&minhash, &signature)));
    cr_assert(eq(int, minhash_text(dk_bytes_of(" - "), NULL, &signature, &has_words, NULL), DK_OK));
    cr_assert(not(has_words));
    cr_assert(eq(u32, signature.values[0], 7));
}

Test(minhash, neither_order_nor_repetition_counts) {
    enum { COUNT = 300 };
    uint64_t elements[2 * COUNT];
    struct random random = {.state = 3};
    for (size_t i = 0; i < COUNT; i++) {
        elements[i] = elements[2 * COUNT - 1 - i] = random_next(&random);
    }
    const struct minhash_signature once = signature_of(elements, COUNT);
    const struct minhash_signature backwards = signature_of(elements + COUNT, COUNT);
    const struct minhash_signature twice = signature_of(elements, 2 * COUNT);

    cr_assert(memcmp(&once, &backwards, sizeof once) == 0);
    cr_assert(memcmp(&once, &twice, sizeof once) == 0);
    cr_assert(minhash_similarity(&once, &twice) == 1.0);
}

Test(minhash, one_element_fills_every_bin_from_any) {
    for (uint64_t bin = 0; bin < MINHASH_BINS; bin++) {
        const uint64_t element = bin << 57 | 0x00BEEF00CAFE0000 | bin;
        const struct minhash_signature signature = signature_of(&element, 1);

        for (size_t i = 0; i < MINHASH_BINS; i++) {
            cr_assert(eq(u32, signature.values[i], (uint32_t)element));
        }
    }
}

Test(minhash, a_full_bin_keeps_its_smallest) {
    uint64_t elements[2 * MINHASH_BINS];
    for (uint64_t bin = 0; bin < MINHASH_BINS; bin++) {
        elements[2 * bin] = bin << 57 | UINT64_C(1) << 40 | bin;
        elements[2 * bin + 1] = bin << 57 | UINT64_C(1) << 30 | (bin + 1000);
    }
    const struct minhash_signature signature = signature_of(elements, 2 * MINHASH_BINS);

    for (size_t bin = 0; bin < MINHASH_BINS; bin++) {
        cr_assert(eq(u32, signature.values[bin], (uint32_t)(1 << 30 | (bin + 1000))));
    }
}

/* ── the error ──────────────────────────────────────────────────────────────────────────────── */

struct error {
    double mean, root_mean_square;
};

enum { TRIALS = 800, UNION_MAX = 4000 };

/* Of `trials` pairs of sets whose union has `united` elements and whose intersection `shared`; the
 * rest is split in halves. */
static struct error measure(struct random *random, size_t united, size_t shared) {
    static uint64_t elements[UNION_MAX];
    const double jaccard = (double)shared / (double)united;
    const size_t half = (united - shared) / 2;
    double sum = 0, squares = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t i = 0; i < united; i++) {
            elements[i] = random_next(random);
        }
        /* left, shared, right: in a row */
        const struct minhash_signature left = signature_of(elements, half + shared);
        const struct minhash_signature right = signature_of(elements + half, united - half);
        const double error = minhash_similarity(&left, &right) - jaccard;
        sum += error;
        squares += error * error;
    }
    return (struct error){.mean = sum / TRIALS, .root_mean_square = sqrt(squares / TRIALS)};
}

/*
 * For large sets: σ = √(J(1−J)/128). The mean of TRIALS errors must be within four of its own
 * standard errors, σ/√TRIALS; their root mean square, whose relative standard error is
 * 1/√(2·TRIALS) = 2.5 %, within 10 %, from above and from below.
 */
Test(minhash, error_of_large_sets_is_that_of_theory) {
    static const double similarities[] = {0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95};
    struct random random = {.state = 4};

    for (size_t i = 0; i < sizeof similarities / sizeof similarities[0]; i++) {
        const double jaccard = similarities[i];
        const double sigma = sqrt(jaccard * (1 - jaccard) / MINHASH_BINS);
        const struct error error = measure(&random, UNION_MAX, (size_t)(jaccard * UNION_MAX + 0.5));

        cr_log_info(
            "J %.2f: mean error %+.5f, rms %.5f, theory %.5f",
            jaccard,
            error.mean,
            error.root_mean_square,
            sigma);
        cr_assert(fabs(error.mean) <= 4 * sigma / sqrt(TRIALS), "J %.2f: %f", jaccard, error.mean);
        cr_assert(error.root_mean_square <= 1.10 * sigma, "J %.2f", jaccard);
        cr_assert(error.root_mean_square >= 0.90 * sigma, "J %.2f", jaccard);
    }
}

/*
 * Of small sets most bins are copies: no bias all the same, which is what optimal densification is
 * for. The error is at most that of half as many bins as the union has elements.
 */
Test(minhash, estimate_of_small_sets_has_no_bias) {
    static const size_t unions[] = {10, 20, 50, 100, 200};
    struct random random = {.state = 5};

    for (size_t i = 0; i < sizeof unions / sizeof unions[0]; i++) {
        const double bins = fmin((double)unions[i], MINHASH_BINS) / 2;
        const double bound = sqrt(0.8 * 0.2 / bins);
        const struct error error = measure(&random, unions[i], unions[i] * 8 / 10);

        cr_log_info(
            "%zu elements: mean error %+.5f, rms %.5f",
            unions[i],
            error.mean,
            error.root_mean_square);
        cr_assert(
            fabs(error.mean) <= 4 * error.root_mean_square / sqrt(TRIALS),
            "%zu elements: %f",
            unions[i],
            error.mean);
        cr_assert(error.root_mean_square <= bound, "%zu elements", unions[i]);
    }
}

/* ── texts ──────────────────────────────────────────────────────────────────────────────────── */

/* WORDS different words; one of them is replaced when `replaced` is below WORDS. */
enum { WORDS = 1000, WORD_BYTES = 6 };

static struct dk_bytes text_of(size_t replaced, char *text) {
    for (size_t i = 0; i < WORDS; i++) {
        (void)sprintf(text + i * WORD_BYTES, i == replaced ? "other " : "w%04zu ", i);
    }
    return (struct dk_bytes){.data = text, .size = (size_t)WORDS * WORD_BYTES};
}

Test(minhash, one_word_of_a_thousand_spoils_five_shingles) {
    static char text[WORDS * WORD_BYTES + 1], other[WORDS * WORD_BYTES + 1];
    struct minhash_signature left, right;
    bool has_words = false;
    const double jaccard = (996.0 - 5) / (996.0 + 5), sigma = sqrt(jaccard * (1 - jaccard) / 128);

    cr_assert(eq(int, minhash_text(text_of(WORDS, text), NULL, &left, &has_words, NULL), DK_OK));
    cr_assert(has_words);
    cr_assert(eq(int, minhash_text(text_of(500, other), NULL, &right, &has_words, NULL), DK_OK));

    cr_assert(fabs(minhash_similarity(&left, &right) - jaccard) <= 4 * sigma);
    cr_assert(minhash_similarity(&left, &right) < 1);
}

Test(minhash, gives_up_with_its_watch) {
    struct minhash_signature signature = {.values = {7}};
    struct counted_watch counted;
    const struct watch watch = counted_watch(&counted, 1);
    bool has_words = false;

    cr_assert(eq(
        int, minhash_text(dk_bytes_of("a b"), &watch, &signature, &has_words, NULL), DK_CANCELLED));
    cr_assert(eq(u32, signature.values[0], 7));
}
