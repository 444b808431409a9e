#ifndef CLIENTS_REDIS_BACKOFF_H
#define CLIENTS_REDIS_BACKOFF_H

#include <stdint.h>

/*
 * How long to wait before the next dial: doubles from ms_min up to ms_max, spread over the upper
 * half so that many clients of one restarted server do not return in step.
 *
 * Pure: `random` comes from outside. Zero attempts means the next dial is the first.
 */
struct redis_backoff {
    int64_t ms_min, ms_max;
    unsigned attempts;
};

enum { REDIS_BACKOFF_FLOOR_MS = 8 }; /* "no back-off" still lets the loop breathe */

/* The next wait in µs; counts the attempt. */
int64_t redis_backoff_next_us(struct redis_backoff *backoff, uint32_t random);
void redis_backoff_reset(struct redis_backoff *backoff);

#endif /* CLIENTS_REDIS_BACKOFF_H */
