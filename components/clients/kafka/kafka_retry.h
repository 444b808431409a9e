#ifndef CLIENTS_KAFKA_RETRY_H
#define CLIENTS_KAFKA_RETRY_H

#include "clients/kafka/kafka_config.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * When a refused message is offered again: the backOff… properties, with the meaning that Dapr's
 * built-in components give them.
 *
 *     constant      backOffDuration each time
 *     exponential   grows from backOffInitialInterval by backOffMultiplier up to
 *                   backOffMaxInterval; each wait is spread by ± backOffRandomizationFactor; ends
 *                   when a wait would pass backOffMaxElapsedTime since the first refusal
 *
 * Both end after backOffMaxRetries.
 *
 * Pure: time and `random` come from outside. Of one message; zeroed before its first refusal.
 */
struct kafka_retry {
    int64_t began_us;
    double interval_us;
    uint64_t count;
};

/* Counts a retry and gives the wait before it; false when the retries are spent. */
bool kafka_retry_next(
    struct kafka_retry *retry,
    const struct kafka_backoff *backoff,
    int64_t now_us,
    uint32_t random,
    int64_t *ret_wait_us);

#endif /* CLIENTS_KAFKA_RETRY_H */
