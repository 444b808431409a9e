#ifndef COMPUTE_FLIGHTS_H
#define COMPUTE_FLIGHTS_H

#include "compute/watch.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is being computed in this process just now, so that calls that want the same wait for the
 * one that computes instead of computing too:
 *
 *     first:   join ─ leads ───▶ computes ─▶ finish(result)
 *     others:  join ─ follows ─▶ wait ───────────┴──▶ result
 *
 * Who leads several flights finishes them all before it waits for one that it follows; then no ring
 * of waiters can close.
 *
 * Thread: any.
 * Owner:  a joined flight is left exactly once: by flight_finish if it leads, else by flight_wait or
 *         flight_leave.
 * Bound:  FLIGHTS_MAX at once; FLIGHT_KEY_BYTES_MAX with the NUL.
 */
enum { FLIGHTS_MAX = 1024, FLIGHT_KEY_BYTES_MAX = 256 };

struct flights;
struct flight;

enum dk_error flights_new(struct flights **ret_flights, struct dk_fault *fault);
void flights_free(struct flights *flights);

/* Errors: DK_EXHAUSTED when FLIGHTS_MAX are under way. */
enum dk_error flights_join(
    struct flights *flights,
    const char *key,
    struct flight **ret_flight,
    bool *ret_leads,
    struct dk_fault *fault);

/* The leader's end: `result` is copied for those who wait; absent: it failed, and each of them has
 * to see for itself. Also without memory for the copy. */
void flight_finish(struct flights *flights, struct flight *flight, struct dk_bytes result);

/*
 * Waits for the leader. `take` gives the memory for the result.
 * Errors: DK_NOT_READY when the leader failed; DK_CANCELLED when the watch ends it; DK_EXHAUSTED
 *         when `take` has no memory.
 */
typedef void *flight_take_fn(void *context, size_t size);
enum dk_error flight_wait(
    struct flights *flights,
    struct flight *flight,
    const struct watch *watch,
    flight_take_fn *take,
    void *context,
    struct dk_bytes *ret_result,
    struct dk_fault *fault);

/* A follower that does not want the result any more. */
void flight_leave(struct flights *flights, struct flight *flight);

/* How many wait for flights now, for tests. */
uint32_t flights_waiting(struct flights *flights);

#endif /* COMPUTE_FLIGHTS_H */
