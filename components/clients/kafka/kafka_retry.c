/*
 * The two policies of Dapr's retry configuration.
 */
#include "clients/kafka/kafka_retry.h"

static double smaller(double left, double right) {
    return left < right ? left : right;
}

/* A place in [wait × (1 − factor), wait × (1 + factor)]. */
static double spread(double wait_us, double factor, uint32_t random) {
    const double share = (double)random / (double)UINT32_MAX;
    return wait_us * (1.0 - factor + 2.0 * factor * share);
}

static bool exponential_next(
    struct kafka_retry *retry,
    const struct kafka_backoff *backoff,
    int64_t now_us,
    uint32_t random,
    int64_t *ret_wait_us) {
    const double longest_us = (double)backoff->max_ms * 1000.0;
    const double interval_us = retry->count == 0
                                   ? smaller((double)backoff->initial_ms * 1000.0, longest_us)
                                   : retry->interval_us;
    const int64_t wait_us = (int64_t)spread(interval_us, backoff->randomization, random);

    if (backoff->elapsed_max_ms > 0 &&
        now_us - retry->began_us + wait_us > backoff->elapsed_max_ms * 1000) {
        return false;
    }
    retry->interval_us = smaller(interval_us * backoff->multiplier, longest_us);
    *ret_wait_us = wait_us;
    return true;
}

bool kafka_retry_next(
    struct kafka_retry *retry,
    const struct kafka_backoff *backoff,
    int64_t now_us,
    uint32_t random,
    int64_t *ret_wait_us) {
    if (backoff->retries_max >= 0 && retry->count >= (uint64_t)backoff->retries_max) {
        return false;
    }
    if (retry->count == 0) {
        retry->began_us = now_us;
    }
    if (!backoff->is_exponential) {
        *ret_wait_us = backoff->constant_ms * 1000;
    } else if (!exponential_next(retry, backoff, now_us, random, ret_wait_us)) {
        return false;
    }
    retry->count++;
    return true;
}
