#ifndef DK_CORE_WORKERS_H
#define DK_CORE_WORKERS_H

#include "core/call.h"

#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct dk_loop;
struct dk__workers;

/*
 * Threads for work that takes its time: handlers that wait for a sidecar, computation. A task goes
 * from its loop to a worker and comes back:
 *
 *     loop ── dk__workers_give ──▶ queue ──▶ a worker: task->run ──▶ list ──▶ loop: task->on_return
 *
 * It runs after the turn in which it was given. As many workers are awake as the process may use cores, and
 * more when tasks wait for something else: then another takes its place, at once after dk__task_wait, else within 2 ms.
 * A return may be held for 1 ms while the same worker has more to do.
 *
 * Owner:  a task is a member of its maker's structure. Giving it away gives all that it leads to;
 *         on_return receives it again. task->call says whose it is, for asserts and for the thread
 *         sanitizer. What run takes from task->call.arena comes from the heap, because the loop's
 *         pool is the loop's alone; on_return lets go of it by dk__task_reset.
 * Bound:  threads_max tasks run, queue_max wait; one more is refused.
 */
struct dk__task {
    void (*run)(struct dk__task *task);       /* on a worker, at most once */
    void (*on_return)(struct dk__task *task); /* on the loop, exactly once */
    struct dk__call call;                     /* arena, owner; is_over: the workers are stopping */
    bool was_run;                             /* false: the workers stopped first */
    struct dk__trace_context log_trace;       /* of whose trace the lines are that run logs */

    struct dk__pool pool;        /* private: of call.arena; it keeps nothing */
    struct dk__workers *workers; /* private */
    struct dk__task *next, **at; /* private: queued, running, or on its way back */
    uint32_t looks;              /* private: of the workers, when it began to run */
    bool is_aside;               /* private: it is not counted among those that use a core */
};

/* Before a task is given: its memory, at most `arena_bytes_max`, and its deadline. The rest of the
 * task is the caller's to set, after this. */
void dk__task_init(struct dk__task *task, size_t arena_bytes_max, int64_t deadline_us);
/* Gives its memory back. Thread: the loop's, before it was given or after it returned. */
void dk__task_reset(struct dk__task *task);

/*
 * Starts the threads; signals are blocked in them. Thread: the loop's, as all below.
 * Errors: DK_EXHAUSTED without memory or without a thread. threads_max and queue_max are 1 or more.
 */
enum dk_error dk__workers_new(
    struct dk_loop *loop,
    uint32_t threads_max,
    uint32_t queue_max,
    struct dk__workers **ret_workers,
    struct dk_fault *fault);

/* Gives a task away. Errors: DK_EXHAUSTED when queue_max wait or without memory, DK_NOT_READY while
 * stopping; the task is then still the caller's. */
enum dk_error dk__workers_give(struct dk__workers *workers, struct dk__task *task);

/* The task is about to wait for something else, a sidecar or a disk: others get its core, and the loop what has run before
 * it. Doing it twice is doing it once. Thread: the worker that runs it. */
void dk__task_wait(struct dk__task *task);

/* Tells running tasks by call.is_over and sends those that wait back without a run. Returns at
 * once. Doing it twice is doing it once. */
void dk__workers_stop(struct dk__workers *workers);

/* Stops, waits for what runs, turns the loop until every task has returned. Not from within a
 * callback of the loop. Accepts NULL. */
void dk__workers_free(struct dk__workers *workers);

/* How many tasks run and wait, for logs and tests. */
struct dk__workers_counts {
    uint32_t running, waiting;
};
struct dk__workers_counts dk__workers_counts(struct dk__workers *workers);

#endif /* DK_CORE_WORKERS_H */
