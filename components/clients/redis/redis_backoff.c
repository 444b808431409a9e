/*
 * Doubling with a cap and jitter. Dapr's defaults have the minimum (2 s) above the maximum
 * (512 ms); the maximum wins there, as in the built-in component.
 */
#include "clients/redis/redis_backoff.h"

enum { DOUBLINGS_MAX = 20 };

int64_t redis_backoff_next_us(struct redis_backoff *backoff, uint32_t random) {
    int64_t ms =
        backoff->ms_min > REDIS_BACKOFF_FLOOR_MS ? backoff->ms_min : REDIS_BACKOFF_FLOOR_MS;
    const int64_t cap =
        backoff->ms_max > REDIS_BACKOFF_FLOOR_MS ? backoff->ms_max : REDIS_BACKOFF_FLOOR_MS;

    for (unsigned i = 0; i < backoff->attempts && ms < cap; i++) {
        ms *= 2;
    }
    ms = ms < cap ? ms : cap;
    backoff->attempts += backoff->attempts < DOUBLINGS_MAX;
    const int64_t half_us = ms * 500;
    return half_us + (int64_t)((uint64_t)random * (uint64_t)half_us >> 32);
}

void redis_backoff_reset(struct redis_backoff *backoff) {
    backoff->attempts = 0;
}
