#ifndef COMPUTE_GATE_H
#define COMPUTE_GATE_H

#include "compute/watch.h"

#include <dk/error.h>
#include <stdint.h>

/*
 * Lets at most so many threads compute at once: handlers are many, because most of them wait for a
 * sidecar; cores are few.
 *
 * Thread: any. Who is inside waits for nobody else, so the gate cannot lock itself.
 * Bound:  inside_max within; those outside are as many as there are handlers, and each waits
 *         wait_max_ms at most.
 */
struct gate;

/* Errors: DK_EXHAUSTED without memory. inside_max is 1 or more. */
enum dk_error gate_new(
    uint32_t inside_max, int64_t wait_max_ms, struct gate **ret_gate, struct dk_fault *fault);
void gate_free(struct gate *gate);

/* Waits for a place; gate_leave gives it back. Errors: DK_CANCELLED when the watch ends it,
 * DK_EXHAUSTED after wait_max_ms. */
enum dk_error gate_enter(struct gate *gate, const struct watch *watch, struct dk_fault *fault);
void gate_leave(struct gate *gate);

/* How many are inside and wait, for tests and logs. */
struct gate_counts {
    uint32_t inside, waiting;
};
struct gate_counts gate_counts(struct gate *gate);

#endif /* COMPUTE_GATE_H */
