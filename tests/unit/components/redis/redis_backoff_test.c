#include "clients/redis/redis_backoff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(redis_backoff, doubles_up_to_its_cap) {
    struct redis_backoff backoff = {.ms_min = 100, .ms_max = 350};

    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 50000));
    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 100000));
    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 175000));
    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 175000));
}

Test(redis_backoff, spreads_over_the_upper_half) {
    struct redis_backoff backoff = {.ms_min = 100, .ms_max = 100};

    for (uint32_t random = 0; random < UINT32_MAX - 100000000U; random += 99999999U) {
        const int64_t us = redis_backoff_next_us(&backoff, random);
        cr_assert(ge(i64, us, 50000));
        cr_assert(le(i64, us, 100000));
    }
    cr_assert(gt(i64, redis_backoff_next_us(&backoff, UINT32_MAX), 99000));
}

Test(redis_backoff, obeys_the_maximum_when_the_minimum_is_above_it) {
    struct redis_backoff backoff = {.ms_min = 2000, .ms_max = 512};

    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 256000));
}

Test(redis_backoff, leaves_the_loop_a_breath_when_it_is_off) {
    struct redis_backoff off = {.ms_min = -1, .ms_max = -1};

    cr_assert(eq(i64, redis_backoff_next_us(&off, 0), REDIS_BACKOFF_FLOOR_MS * 500));
    cr_assert(eq(i64, redis_backoff_next_us(&off, 0), REDIS_BACKOFF_FLOOR_MS * 500));
}

Test(redis_backoff, begins_anew_after_a_reset_and_stays_in_range_for_ever) {
    struct redis_backoff backoff = {.ms_min = 1000, .ms_max = 3600000};

    for (int i = 0; i < 1000; i++) {
        cr_assert(le(i64, redis_backoff_next_us(&backoff, UINT32_MAX), INT64_C(3600000000)));
    }
    redis_backoff_reset(&backoff);

    cr_assert(eq(i64, redis_backoff_next_us(&backoff, 0), 500000));
}
