/*
 * A queue under a mutex, threads that sleep until they are wanted, and a list of tasks that go back. Threads
 * are switched as seldom as that allows, for a switch costs more than most handlers:
 *
 *     a turn of the loop gives tasks ─▶ at its end one worker is woken ─▶ it takes task after task
 *                                                                          │
 *     the loop is woken once, with all that have run ◀─ none waits any more, or HELD_MAX have run
 *
 * As many workers are awake as there are cores. One whose task waits for something else is not counted, and
 * its place is given to another at once: the task says so (dk__task_wait), or the loop sees it run through
 * a whole LOOK_US. Until then an answer may be held behind a slow task, never longer. dk__workers_* run on the
 * loop's thread, worker_* on a worker.
 */
#include "core/workers.h"

#include "core/log.h"
#include "core/loop.h"

#include <assert.h>
#include <dk/loop.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { LOOK_US = 1000, HELD_MAX = 32 };

struct worker {
    struct dk__workers *workers;
    struct worker *next; /* that sleeps, too */
    bool is_asleep;
    pthread_cond_t woken;
    pthread_t thread;
};

struct dk__workers {
    struct dk_loop *loop;
    uint32_t queue_max, cores;
    uint32_t away; /* given and not yet returned; the loop's alone, as the rest of this part */
    struct dk_deferred turn_end;
    struct dk_timer look;
    bool is_looking; /* `look` is set */
    struct dk__work news;

    pthread_mutex_t mutex;         /* of all below */
    struct dk__task *first, **end; /* that wait, oldest first */
    struct dk__task *running;
    struct dk__task *back, **back_end; /* for the loop, oldest first */
    struct worker *asleep;             /* the last one first: its stack is warm */
    uint32_t waiting_count, running_count, back_count;
    uint32_t busy_count; /* awake, and not known to wait for something else */
    uint32_t looks;      /* how often the loop has looked */
    bool has_news;       /* `news` is on its way to the loop */
    bool is_prompt;      /* the loop will not look: every answer wakes it */
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

/* ── with the mutex ─────────────────────────────────────────────────────────────────────────── */

/* One to be woken after the mutex is left, or its first step would be to wait for it. NULL: all are awake. */
static struct worker *sleeper_take(struct dk__workers *workers) {
    struct worker *worker = workers->asleep;
    if (worker != NULL) {
        workers->asleep = worker->next;
        worker->is_asleep = false;
        workers->busy_count++;
    }
    return worker;
}

/* The same, when a task waits and there is a core for it. */
static struct worker *helper_take(struct dk__workers *workers) {
    return workers->waiting_count > 0 && workers->busy_count < workers->cores
               ? sleeper_take(workers)
               : NULL;
}

static void worker_wake(struct worker *worker) {
    if (worker != NULL) {
        (void)pthread_cond_signal(&worker->woken);
    }
}

/* True: post the news, once the mutex is left. */
static bool news_take(struct dk__workers *workers) {
    if (workers->has_news || workers->back == NULL) {
        return false;
    }
    workers->has_news = true;
    return true;
}

static void task_go_back(struct dk__workers *workers, struct dk__task *task) {
    task->next = NULL;
    *workers->back_end = task;
    workers->back_end = &task->next;
    workers->back_count++;
    dk__call_give(&task->call, DK__OWNER_LOOP);
}

static void task_stand_aside(struct dk__workers *workers, struct dk__task *task) {
    if (!task->is_aside) {
        task->is_aside = true;
        workers->busy_count--;
    }
}

/* ── on a worker ────────────────────────────────────────────────────────────────────────────── */

/* With the mutex. NULL: stopping. */
static struct dk__task *worker_take(struct worker *worker) {
    struct dk__workers *workers = worker->workers;
    while (workers->first == NULL && !workers->is_stopping) {
        worker->next = workers->asleep;
        workers->asleep = worker;
        worker->is_asleep = true;
        workers->busy_count--;
        while (worker->is_asleep) {
            (void)pthread_cond_wait(&worker->woken, &workers->mutex);
        }
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
    task->looks = workers->looks;
    task->next = workers->running;
    task->at = &workers->running;
    if (task->next != NULL) {
        task->next->at = &task->next;
    }
    workers->running = task;
    return task;
}

/* With the mutex. True: the loop wants to hear of it. */
static bool worker_leave(struct dk__workers *workers, struct dk__task *task) {
    *task->at = task->next;
    if (task->next != NULL) {
        task->next->at = task->at;
    }
    workers->running_count--;
    workers->busy_count += task->is_aside ? 1 : 0;
    task_go_back(workers, task);
    return (workers->waiting_count == 0 || workers->is_prompt || workers->back_count >= HELD_MAX) &&
           news_take(workers);
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
        struct worker *helper = helper_take(workers);
        (void)pthread_mutex_unlock(&workers->mutex);

        worker_wake(helper);
        worker_run(task);

        (void)pthread_mutex_lock(&workers->mutex);
        if (worker_leave(workers, task)) {
            (void)pthread_mutex_unlock(&workers->mutex);
            dk__loop_post(workers->loop, &workers->news);
            (void)pthread_mutex_lock(&workers->mutex);
        }
    }
    workers->busy_count--;
    (void)pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

void dk__task_wait(struct dk__task *task) {
    struct dk__workers *workers = task->workers;
    (void)pthread_mutex_lock(&workers->mutex);
    task_stand_aside(workers, task);
    struct worker *helper = helper_take(workers);
    const bool has_news = news_take(workers);
    (void)pthread_mutex_unlock(&workers->mutex);
    worker_wake(helper);
    if (has_news) {
        dk__loop_post(workers->loop, &workers->news);
    }
}

/* ── on the loop ────────────────────────────────────────────────────────────────────────────── */

static void workers_take_back(struct dk__workers *workers) {
    (void)pthread_mutex_lock(&workers->mutex);
    struct dk__task *task = workers->back;
    workers->back = NULL;
    workers->back_end = &workers->back;
    workers->back_count = 0;
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
    workers->has_news = false;
    (void)pthread_mutex_unlock(&workers->mutex);
    workers_take_back(workers);
}

static void workers_on_turn_end(struct dk_deferred *deferred) {
    struct dk__workers *workers =
        (struct dk__workers *)(void *)((char *)deferred - offsetof(struct dk__workers, turn_end));
    (void)pthread_mutex_lock(&workers->mutex);
    workers->is_prompt = false;
    struct worker *helper = helper_take(workers);
    (void)pthread_mutex_unlock(&workers->mutex);
    worker_wake(helper);
}

/* Who has run since the last look waits for something, or computes for long: another takes its place. Those
 * that stand aside let as many more begin, so that their number doubles until no task waits. */
static void workers_on_look(struct dk_timer *timer) {
    struct dk__workers *workers =
        (struct dk__workers *)(void *)((char *)timer - offsetof(struct dk__workers, look));
    uint32_t aside_count = 0;
    (void)pthread_mutex_lock(&workers->mutex);
    for (struct dk__task *task = workers->running; task != NULL; task = task->next) {
        if (task->looks != workers->looks) {
            task_stand_aside(workers, task);
        }
        aside_count += task->is_aside ? 1 : 0;
    }
    workers->looks++;
    const uint32_t awake_max = workers->cores + aside_count;
    for (uint32_t begun = 0; begun < workers->waiting_count && workers->busy_count < awake_max;
         begun++) {
        worker_wake(sleeper_take(workers));
    }
    workers->is_prompt = true;
    workers->is_looking = false;
    const bool looks_again = workers->waiting_count > 0;
    (void)pthread_mutex_unlock(&workers->mutex);
    if (looks_again) { /* there is room: it was in the heap until now */
        workers->is_looking = dk_timer_set(workers->loop, &workers->look, LOOK_US) == DK_OK;
    }
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
    } else if (workers->waiting_count == workers->queue_max) {
        error = DK_EXHAUSTED;
    } else {
        workers->away++;
        workers->waiting_count++;
        task->next = NULL;
        *workers->end = task;
        workers->end = &task->next;
        dk__call_give(&task->call, DK__OWNER_WORKER);
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    if (error == DK_OK) {
        dk_defer(workers->loop, &workers->turn_end);
    }
    return error;
}

void dk__workers_stop(struct dk__workers *workers) {
    struct worker *worker = NULL;
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
        task_go_back(workers, task);
    }
    workers->end = &workers->first;
    while ((worker = sleeper_take(workers)) != NULL) {
        worker_wake(worker);
    }
    const bool has_news = news_take(workers);
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
        (void)pthread_cond_init(&worker->woken, NULL);
        if (pthread_create(&worker->thread, NULL, worker_main, worker) == 0) {
            workers->thread_count++;
        } else {
            (void)pthread_cond_destroy(&worker->woken);
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
    workers->cores = core_count();
    workers->turn_end.on_turn_end = workers_on_turn_end;
    workers->look.on_due = workers_on_look;
    workers->news.on_arrival = workers_on_news;
    workers->end = &workers->first;
    workers->back_end = &workers->back;
    workers->busy_count = threads_max; /* each goes to sleep by itself */
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
    for (uint32_t i = 0; i < workers->thread_count;
         i++) { /* only now: one may have woken another */
        (void)pthread_cond_destroy(&workers->threads[i].woken);
    }
    /* The news is posted by now, and must not arrive later: a turn brings it, and all that have run. */
    while (workers->has_news && dk__loop_turn(workers->loop, 0) == DK_OK) {
    }
    assert(workers->away == 0);
    dk_defer_stop(workers->loop, &workers->turn_end);
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
