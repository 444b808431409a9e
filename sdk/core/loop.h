#ifndef DK_CORE_LOOP_H
#define DK_CORE_LOOP_H

#include "core/lane.h"
#include "core/pool.h"

#include <dk/loop.h>
#include <signal.h>

/*
 * The life of a loop; dk/loop.h has what a backend may do with it.
 *
 * Owner: dk__loop_new gives it, dk__loop_free takes it; armed watches and timers are forgotten.
 */
enum dk_error dk__loop_new(struct dk_loop **ret_loop, struct dk_fault *fault);
/* Accepts NULL. */
void dk__loop_free(struct dk_loop *loop);

/* Turns until dk__loop_stop. Errors: DK_INTERNAL when epoll itself fails. */
enum dk_error dk__loop_run(struct dk_loop *loop);
/* One turn that waits at most `wait_us` (−1: for ever); for tests and for --check. */
enum dk_error dk__loop_turn(struct dk_loop *loop, int64_t wait_us);
/* Ends dk__loop_run after this turn; before a run, ends that one before its first turn. Thread: the
 * loop's. */
void dk__loop_stop(struct dk_loop *loop);

/* Gives work to the loop and wakes it when it sleeps. Thread: any. */
void dk__loop_post(struct dk_loop *loop, struct dk__work *work);

/* The chunks of everything on this loop. */
struct dk__pool *dk__loop_pool(struct dk_loop *loop);

/* Signals of the process, as events of the loop (signalfd). `set` is blocked in the calling
 * thread, which should be the only one yet. */
enum dk_error dk__loop_on_signal(
    struct dk_loop *loop,
    const sigset_t *set,
    void (*on_signal)(void *context, int number),
    void *context,
    struct dk_fault *fault);

/* Polls instead of sleeping for up to `spin_us` when there was work in the last turn (0: never). */
void dk__loop_spin(struct dk_loop *loop, int64_t spin_us);

/* Monotonic time right now, on dk_loop_now_us' scale; a vDSO call. Thread: any. */
int64_t dk__clock_us(void);

/* What the loop counted since it was made, for benchmarks and tests. */
struct dk__loop_counts {
    uint64_t turns, waits, ready;
};
struct dk__loop_counts dk__loop_counts(const struct dk_loop *loop);

#endif /* DK_CORE_LOOP_H */
