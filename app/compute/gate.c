/* A counting semaphore whose waiters can give up. Thread: any. */
#include "compute/gate.h"

#include "compute/wait.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t has_left;
    struct gate_counts counts;
    uint32_t inside_max;
    int64_t wait_max_ms;
};

enum dk_error gate_new(
    uint32_t inside_max, int64_t wait_max_ms, struct gate **ret_gate, struct dk_fault *fault) {
    assert(inside_max >= 1);
    struct gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL || wait_condition_init(&gate->has_left) != 0) {
        free(gate);
        return dk_fault_set(fault, DK_EXHAUSTED, "compute: no memory for the gate");
    }
    (void)pthread_mutex_init(&gate->mutex, NULL); /* cannot fail with default attributes */
    gate->inside_max = inside_max;
    gate->wait_max_ms = wait_max_ms;
    *ret_gate = gate;
    return DK_OK;
}

void gate_free(struct gate *gate) {
    if (gate == NULL) {
        return;
    }
    assert(gate->counts.inside == 0 && gate->counts.waiting == 0);
    (void)pthread_cond_destroy(&gate->has_left);
    (void)pthread_mutex_destroy(&gate->mutex);
    free(gate);
}

/* The mutex is held. */
static enum dk_error gate_wait(
    struct gate *gate, const struct watch *watch, struct dk_fault *fault) {
    const int64_t until_ms = wait_now_ms() + gate->wait_max_ms;
    while (gate->counts.inside >= gate->inside_max) {
        if (watch_is_over(watch)) {
            return dk_fault_set(fault, DK_CANCELLED, "compute: given up while all cores were busy");
        }
        if (wait_now_ms() >= until_ms) {
            return dk_fault_set(
                fault,
                DK_EXHAUSTED,
                "compute: all %" PRIu32 " places were busy for %" PRId64 " ms",
                gate->inside_max,
                gate->wait_max_ms);
        }
        wait_a_while(&gate->has_left, &gate->mutex);
    }
    return DK_OK;
}

enum dk_error gate_enter(struct gate *gate, const struct watch *watch, struct dk_fault *fault) {
    (void)pthread_mutex_lock(&gate->mutex);
    gate->counts.waiting++;
    const enum dk_error error = gate_wait(gate, watch, fault);
    gate->counts.waiting--;
    if (error == DK_OK) {
        gate->counts.inside++;
    }
    (void)pthread_mutex_unlock(&gate->mutex);
    return error;
}

void gate_leave(struct gate *gate) {
    (void)pthread_mutex_lock(&gate->mutex);
    assert(gate->counts.inside > 0);
    gate->counts.inside--;
    (void)pthread_cond_signal(&gate->has_left);
    (void)pthread_mutex_unlock(&gate->mutex);
}

struct gate_counts gate_counts(struct gate *gate) {
    (void)pthread_mutex_lock(&gate->mutex);
    const struct gate_counts counts = gate->counts;
    (void)pthread_mutex_unlock(&gate->mutex);
    return counts;
}
