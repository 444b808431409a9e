/*
 * A queue under a mutex, threads that wait for it, and the loop's lane back. dk__workers_* run on
 * the loop's thread, worker_* on a worker.
 */
#include "core/workers.h"

#include "core/log.h"
#include "core/loop.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct dk__workers {
    struct dk_loop *loop;
    uint32_t queue_max;
    uint32_t away; /* given and not yet returned; the loop's alone */
    uint32_t thread_count;

    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    struct dk__task *first, **end; /* that wait, oldest first */
    struct dk__task *running;
    uint32_t waiting_count, running_count;
    bool is_stopping;

    pthread_t threads[];
};

static struct dk__task *task_of(struct dk__work *work) {
    return (struct dk__task *)(void *)((char *)work - offsetof(struct dk__task, work));
}

void dk__task_init(struct dk__task *task, size_t arena_bytes_max, int64_t deadline_us) {
    *task = (struct dk__task){.call.deadline_us = deadline_us};
    task->call.arena.pool = &task->pool;
    task->call.arena.bytes_max = arena_bytes_max;
    atomic_init(&task->call.owner, DK__OWNER_LOOP);
}

void dk__task_reset(struct dk__task *task) {
    dk__arena_reset(&task->call.arena);
}

/* ── on a worker ────────────────────────────────────────────────────────────────────────────── */

/* With the mutex. NULL: stopping. */
static struct dk__task *worker_take(struct dk__workers *workers) {
    while (workers->first == NULL && !workers->is_stopping) {
        (void)pthread_cond_wait(&workers->changed, &workers->mutex);
    }
    struct dk__task *task = workers->first;
    if (task == NULL) {
        return NULL;
    }
    workers->first = task->next;
    if (workers->first == NULL) {
        workers->end = &workers->first;
    }
    workers->waiting_count--;
    workers->running_count++;
    task->next = workers->running;
    task->at = &workers->running;
    if (task->next != NULL) {
        task->next->at = &task->next;
    }
    workers->running = task;
    return task;
}

/* With the mutex. */
static void worker_leave(struct dk__workers *workers, struct dk__task *task) {
    *task->at = task->next;
    if (task->next != NULL) {
        task->next->at = task->at;
    }
    workers->running_count--;
}

static void *worker_main(void *context) {
    struct dk__workers *workers = context;
    (void)pthread_mutex_lock(&workers->mutex);
    for (;;) {
        struct dk__task *task = worker_take(workers);
        if (task == NULL) {
            break;
        }
        (void)pthread_mutex_unlock(&workers->mutex);

        dk__call_arrive(&task->call, DK__OWNER_WORKER);
        if (task->log_trace.is_set) {
            dk__log_context_trace(task->log_trace.trace_id, task->log_trace.span_id);
        }
        task->run(task);
        dk__log_context_clear();
        task->was_run = true;

        (void)pthread_mutex_lock(&workers->mutex);
        worker_leave(workers, task);
        dk__call_give(&task->call, DK__OWNER_LOOP);
        dk__loop_post(workers->loop, &task->work);
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* ── on the loop ────────────────────────────────────────────────────────────────────────────── */

static void workers_on_arrival(struct dk__work *work) {
    struct dk__task *task = task_of(work);
    dk__call_arrive(&task->call, DK__OWNER_LOOP);
    assert(task->workers->away > 0);
    task->workers->away--;
    task->on_return(task);
}

enum dk_error dk__workers_give(struct dk__workers *workers, struct dk__task *task) {
    enum dk_error error = DK_OK;
    task->workers = workers;
    task->work.on_arrival = workers_on_arrival;
    (void)pthread_mutex_lock(&workers->mutex);
    if (workers->is_stopping) {
        error = DK_NOT_READY;
    } else if (workers->waiting_count == workers->queue_max) {
        error = DK_EXHAUSTED;
    } else {
        workers->away++;
        workers->waiting_count++;
        task->next = NULL;
        *workers->end = task;
        workers->end = &task->next;
        dk__call_give(&task->call, DK__OWNER_WORKER);
        (void)pthread_cond_signal(&workers->changed);
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    return error;
}

void dk__workers_stop(struct dk__workers *workers) {
    (void)pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    /* A running task is in the list until its worker holds the mutex: it cannot go meanwhile. */
    for (struct dk__task *task = workers->running; task != NULL; task = task->next) {
        task->call.is_over = true;
    }
    while (workers->first != NULL) {
        struct dk__task *task = workers->first;
        workers->first = task->next;
        workers->waiting_count--;
        task->call.is_over = true;
        dk__call_give(&task->call, DK__OWNER_LOOP);
        dk__loop_post(workers->loop, &task->work);
    }
    workers->end = &workers->first;
    (void)pthread_cond_broadcast(&workers->changed);
    (void)pthread_mutex_unlock(&workers->mutex);
}

static enum dk_error workers_start(
    struct dk__workers *workers, uint32_t threads_max, struct dk_fault *fault) {
    sigset_t every, before;
    enum dk_error error = DK_OK;
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    while (workers->thread_count < threads_max && error == DK_OK) {
        pthread_t *const thread = &workers->threads[workers->thread_count];
        if (pthread_create(thread, NULL, worker_main, workers) == 0) {
            workers->thread_count++;
        } else {
            error = dk_fault_set(
                fault,
                DK_EXHAUSTED,
                "workers: the system gives %u threads of %u",
                workers->thread_count,
                threads_max);
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

enum dk_error dk__workers_new(
    struct dk_loop *loop,
    uint32_t threads_max,
    uint32_t queue_max,
    struct dk__workers **ret_workers,
    struct dk_fault *fault) {
    assert(threads_max > 0 && queue_max > 0);
    struct dk__workers *workers =
        calloc(1, sizeof *workers + threads_max * sizeof workers->threads[0]);
    if (workers == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "workers: no memory for %u", threads_max);
    }
    workers->loop = loop;
    workers->queue_max = queue_max;
    workers->end = &workers->first;
    (void)pthread_mutex_init(&workers->mutex, NULL);
    (void)pthread_cond_init(&workers->changed, NULL);
    const enum dk_error error = workers_start(workers, threads_max, fault);
    if (error != DK_OK) {
        dk__workers_free(workers);
        return error;
    }
    *ret_workers = workers;
    return DK_OK;
}

void dk__workers_free(struct dk__workers *workers) {
    if (workers == NULL) {
        return;
    }
    dk__workers_stop(workers);
    for (uint32_t i = 0; i < workers->thread_count; i++) {
        (void)pthread_join(workers->threads[i], NULL);
    }
    /* All have been posted by now: each turn brings what is there, none waits for long. */
    while (workers->away > 0 && dk__loop_turn(workers->loop, 0) == DK_OK) {
    }
    (void)pthread_cond_destroy(&workers->changed);
    (void)pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

struct dk__workers_counts dk__workers_counts(struct dk__workers *workers) {
    (void)pthread_mutex_lock(&workers->mutex);
    const struct dk__workers_counts counts = {
        .running = workers->running_count, .waiting = workers->waiting_count};
    (void)pthread_mutex_unlock(&workers->mutex);
    return counts;
}
