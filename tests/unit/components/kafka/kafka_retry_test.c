#include "clients/kafka/kafka_retry.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct kafka_backoff exponential = {
    .is_exponential = true,
    .initial_ms = 500,
    .max_ms = 60000,
    .elapsed_max_ms = 900000,
    .multiplier = 1.5,
    .randomization = 0.5,
    .retries_max = -1,
};

/* The wait in ms; −1 when the retries are spent. */
static int64_t wait_ms(
    const struct kafka_backoff *backoff,
    struct kafka_retry *retry,
    int64_t now_ms,
    uint32_t random) {
    int64_t us = -1000;
    return kafka_retry_next(retry, backoff, now_ms * 1000, random, &us) ? us / 1000 : -1;
}

Test(kafka_retry, waits_the_same_time_for_ever_by_default) {
    const struct kafka_backoff backoff = {.constant_ms = 5000, .retries_max = -1};
    struct kafka_retry retry = {0};

    for (int64_t i = 0; i < 100000; i++) {
        cr_assert(eq(i64, wait_ms(&backoff, &retry, i * 5000, 0), 5000));
    }
}

Test(kafka_retry, ends_after_its_retries) {
    const struct kafka_backoff backoff = {.constant_ms = 10, .retries_max = 2};
    struct kafka_retry retry = {0};

    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 0), 10));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 10, 0), 10));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 20, 0), -1));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 30, 0), -1));
}

Test(kafka_retry, never_retries_with_a_maximum_of_none) {
    const struct kafka_backoff backoff = {.constant_ms = 10, .retries_max = 0};
    struct kafka_retry retry = {0};

    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 0), -1));
}

Test(kafka_retry, grows_by_its_multiplier_up_to_its_cap) {
    struct kafka_backoff backoff = exponential;
    backoff.randomization = 0;
    backoff.multiplier = 2;
    backoff.max_ms = 1500;
    struct kafka_retry retry = {0};

    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 7), 500));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 7), 1000));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 7), 1500));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 0, 7), 1500));
}

Test(kafka_retry, spreads_both_ways_by_its_factor) {
    struct kafka_retry shortest = {0};
    struct kafka_retry longest = {0};

    cr_assert(eq(i64, wait_ms(&exponential, &shortest, 0, 0), 250));
    cr_assert(eq(i64, wait_ms(&exponential, &longest, 0, UINT32_MAX), 750));
    cr_assert(eq(i64, wait_ms(&exponential, &shortest, 0, 0), 375));
    cr_assert(eq(i64, wait_ms(&exponential, &longest, 0, UINT32_MAX), 1125));
}

Test(kafka_retry, ends_when_a_wait_would_pass_the_elapsed_time) {
    struct kafka_backoff backoff = exponential;
    backoff.randomization = 0;
    backoff.elapsed_max_ms = 2000;
    struct kafka_retry retry = {0};

    cr_assert(eq(i64, wait_ms(&backoff, &retry, 100000, 0), 500));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 100500, 0), 750));
    cr_assert(eq(i64, wait_ms(&backoff, &retry, 101250, 0), -1));
}

Test(kafka_retry, has_no_end_without_an_elapsed_time) {
    struct kafka_backoff backoff = exponential;
    backoff.elapsed_max_ms = 0;
    backoff.randomization = 0;
    struct kafka_retry retry = {0};
    int64_t now_ms = 0;

    for (int i = 0; i < 10000; i++) {
        now_ms += wait_ms(&backoff, &retry, now_ms, 0);
    }
    cr_assert(eq(i64, wait_ms(&backoff, &retry, now_ms, 0), 60000));
}
