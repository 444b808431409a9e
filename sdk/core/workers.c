/*
 * Threads that take tasks from the roster, and the loop that gives and gets them. Threads are switched as
 * seldom as that allows, for a switch costs more than most handlers:
 *
 *     a turn of the loop gives tasks ─▶ at its end one worker is woken ─▶ it takes task after task,
 *                                                                          wakes another for a free core
 *                                                                          │
 *     the loop is woken once, with all that have run ◀─ none waits any more, or many have run
 *
 * A task that waits for something else says so (dk__task_wait), or the loop sees it run from one LOOK_US to the
 * next: then another takes its place. Until then an answer may be held behind a slow task, never longer.
 * dk__workers_* run on the loop's thread, worker_* on a worker.
 */
#include "core/workers.h"

#include "core/log.h"
#include "core/loop.h"
#include "core/roster.h"

#include <assert.h>
#include <dk/loop.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { LOOK_US = 1000 };

struct worker {
    struct dk__sleeper sleeper; /* first */
    struct dk__workers *workers;
    pthread_t thread;
};

struct dk__workers {
    struct dk_loop *loop;
    uint32_t queue_max;
    uint32_t away; /* given and not yet returned; the loop's alone, as the rest of this part */
    struct dk_deferred turn_end;
    struct dk_timer look;
    bool is_looking; /* `look` is set */
    struct dk__work news;

    pthread_mutex_t mutex; /* of: */
    struct dk__roster roster;
    bool is_stopping;

    uint32_t thread_count;
    struct worker threads[];
};

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
static struct dk__task *worker_take(struct worker *worker) {
    struct dk__workers *workers = worker->workers;
    struct dk__task *task = dk__roster_begin(&workers->roster);
    while (task == NULL && !workers->is_stopping) {
        dk__roster_sleep(&workers->roster, &worker->sleeper, &workers->mutex);
        task = dk__roster_begin(&workers->roster);
    }
    return task;
}

static void worker_run(struct dk__task *task) {
    dk__call_arrive(&task->call, DK__OWNER_WORKER);
    if (task->log_trace.is_set) {
        dk__log_context_trace(task->log_trace.trace_id, task->log_trace.span_id);
    }
    task->run(task);
    dk__log_context_clear();
    task->was_run = true;
}

static void *worker_main(void *context) {
    struct worker *worker = context;
    struct dk__workers *workers = worker->workers;
    struct dk__task *task = NULL;
    (void)pthread_mutex_lock(&workers->mutex);
    while ((task = worker_take(worker)) != NULL) {
        struct dk__sleeper *helper = dk__roster_rouse_helper(&workers->roster);
        (void)pthread_mutex_unlock(&workers->mutex);

        dk__sleeper_wake(helper);
        worker_run(task);

        (void)pthread_mutex_lock(&workers->mutex);
        if (dk__roster_end(&workers->roster, task)) {
            (void)pthread_mutex_unlock(&workers->mutex);
            dk__loop_post(workers->loop, &workers->news);
            (void)pthread_mutex_lock(&workers->mutex);
        }
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

void dk__task_wait(struct dk__task *task) {
    struct dk__workers *workers = task->workers;
    (void)pthread_mutex_lock(&workers->mutex);
    dk__roster_stand_aside(&workers->roster, task);
    struct dk__sleeper *helper = dk__roster_rouse_helper(&workers->roster);
    const bool has_news = dk__roster_tell(&workers->roster);
    (void)pthread_mutex_unlock(&workers->mutex);
    dk__sleeper_wake(helper);
    if (has_news) {
        dk__loop_post(workers->loop, &workers->news);
    }
}

/* ── on the loop ────────────────────────────────────────────────────────────────────────────── */

static void workers_take_back(struct dk__workers *workers) {
    (void)pthread_mutex_lock(&workers->mutex);
    struct dk__task *task = dk__roster_take_back(&workers->roster);
    (void)pthread_mutex_unlock(&workers->mutex);
    while (task != NULL) {
        struct dk__task *next = task->next;
        dk__call_arrive(&task->call, DK__OWNER_LOOP);
        assert(workers->away > 0);
        workers->away--;
        task->on_return(task);
        task = next;
    }
    if (workers->away == 0 && workers->is_looking) {
        dk_timer_stop(workers->loop, &workers->look);
        workers->is_looking = false;
    }
}

static void workers_on_news(struct dk__work *work) {
    struct dk__workers *workers =
        (struct dk__workers *)(void *)((char *)work - offsetof(struct dk__workers, news));
    (void)pthread_mutex_lock(&workers->mutex);
    workers->roster.has_news = false;
    (void)pthread_mutex_unlock(&workers->mutex);
    workers_take_back(workers);
}

static void workers_on_turn_end(struct dk_deferred *deferred) {
    struct dk__workers *workers =
        (struct dk__workers *)(void *)((char *)deferred - offsetof(struct dk__workers, turn_end));
    (void)pthread_mutex_lock(&workers->mutex);
    workers->roster.is_prompt = false; /* giving has set the timer */
    struct dk__sleeper *helper = dk__roster_rouse_helper(&workers->roster);
    (void)pthread_mutex_unlock(&workers->mutex);
    dk__sleeper_wake(helper);
}

static void workers_on_look(struct dk_timer *timer) {
    struct dk__workers *workers =
        (struct dk__workers *)(void *)((char *)timer - offsetof(struct dk__workers, look));
    (void)pthread_mutex_lock(&workers->mutex);
    const bool looks_again = dk__roster_look(&workers->roster);
    workers->roster.is_prompt = true;
    (void)pthread_mutex_unlock(&workers->mutex);
    /* There is room for the timer: it was in the heap until now. */
    workers->is_looking =
        looks_again && dk_timer_set(workers->loop, &workers->look, LOOK_US) == DK_OK;
    workers_take_back(workers);
}

enum dk_error dk__workers_give(struct dk__workers *workers, struct dk__task *task) {
    enum dk_error error = DK_OK;
    if (!workers->is_looking && dk_timer_set(workers->loop, &workers->look, LOOK_US) != DK_OK) {
        return DK_EXHAUSTED;
    }
    workers->is_looking = true;
    task->workers = workers;
    (void)pthread_mutex_lock(&workers->mutex);
    if (workers->is_stopping) {
        error = DK_NOT_READY;
    } else if (workers->roster.waiting_count == workers->queue_max) {
        error = DK_EXHAUSTED;
    } else {
        workers->away++;
        dk__roster_add(&workers->roster, task);
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    if (error == DK_OK) {
        dk_defer(workers->loop, &workers->turn_end);
    }
    return error;
}

void dk__workers_stop(struct dk__workers *workers) {
    struct dk__sleeper *sleeper = NULL;
    (void)pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    dk__roster_stop(&workers->roster);
    while ((sleeper = dk__roster_rouse(&workers->roster)) != NULL) {
        dk__sleeper_wake(sleeper);
    }
    const bool has_news = dk__roster_tell(&workers->roster);
    (void)pthread_mutex_unlock(&workers->mutex);
    if (has_news) {
        dk__loop_post(workers->loop, &workers->news);
    }
}

static uint32_t core_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

static enum dk_error workers_start(
    struct dk__workers *workers, uint32_t threads_max, struct dk_fault *fault) {
    sigset_t every, before;
    enum dk_error error = DK_OK;
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    while (workers->thread_count < threads_max && error == DK_OK) {
        struct worker *const worker = &workers->threads[workers->thread_count];
        worker->workers = workers;
        (void)pthread_cond_init(&worker->sleeper.woken, NULL);
        if (pthread_create(&worker->thread, NULL, worker_main, worker) == 0) {
            workers->thread_count++;
        } else {
            (void)pthread_cond_destroy(&worker->sleeper.woken);
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
    workers->turn_end.on_turn_end = workers_on_turn_end;
    workers->look.on_due = workers_on_look;
    workers->news.on_arrival = workers_on_news;
    dk__roster_init(&workers->roster, core_count(), threads_max);
    (void)pthread_mutex_init(&workers->mutex, NULL);
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
        (void)pthread_join(workers->threads[i].thread, NULL);
    }
    /* Only now: one may just have woken another. */
    for (uint32_t i = 0; i < workers->thread_count; i++) {
        (void)pthread_cond_destroy(&workers->threads[i].sleeper.woken);
    }
    /* The news is posted by now, and must not arrive later: a turn brings it, and all that have run. */
    while (workers->roster.has_news && dk__loop_turn(workers->loop, 0) == DK_OK) {
    }
    assert(workers->away == 0);
    dk_defer_stop(workers->loop, &workers->turn_end);
    dk_timer_stop(workers->loop, &workers->look);
    (void)pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

struct dk__workers_counts dk__workers_counts(struct dk__workers *workers) {
    (void)pthread_mutex_lock(&workers->mutex);
    const struct dk__workers_counts counts = {
        .running = workers->roster.running_count, .waiting = workers->roster.waiting_count};
    (void)pthread_mutex_unlock(&workers->mutex);
    return counts;
}
