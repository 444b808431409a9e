/*
 * The loop: one epoll, a heap of timers, a list of deferred work, a lane from other threads.
 *
 *     turn:  epoll_wait ─▶ due timers ─▶ ready watches ─▶ lane ─▶ deferred, until none is left
 */
#include "core/loop.h"

#include "core/timer_heap.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, CHUNKS_KEPT_MAX = 1024 };

struct dk_loop {
    int epoll;
    bool is_stopped;
    bool had_work; /* in the last turn: spinning is worth while */
    int64_t now_us;
    int64_t spin_us;
    struct dk__timer_heap timers;
    struct dk_deferred *deferred_first, **deferred_end;
    struct epoll_event events[EVENTS_MAX];
    int event_count; /* of this turn, for watches that stop meanwhile */
    struct dk__lane lane;
    struct dk_watch wake;
    struct dk_watch signals;
    void (*on_signal)(void *context, int number);
    void *signal_context;
    struct dk__pool pool;
    struct dk__loop_counts counts;
};

int64_t dk__clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t dk_clock_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t dk_loop_now_us(const struct dk_loop *loop) {
    return loop->now_us;
}

struct dk__pool *dk__loop_pool(struct dk_loop *loop) {
    return &loop->pool;
}

void dk__loop_spin(struct dk_loop *loop, int64_t spin_us) {
    loop->spin_us = spin_us;
}

void dk__loop_stop(struct dk_loop *loop) {
    loop->is_stopped = true;
}

struct dk__loop_counts dk__loop_counts(const struct dk_loop *loop) {
    return loop->counts;
}

/* ── watches ────────────────────────────────────────────────────────────────────────────────── */

static uint32_t epoll_mask(unsigned wanted) {
    return ((wanted & DK_READABLE) != 0 ? (uint32_t)EPOLLIN | (uint32_t)EPOLLRDHUP : 0) |
           ((wanted & DK_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0);
}

enum dk_error dk_watch_set(struct dk_loop *loop, struct dk_watch *watch, unsigned wanted) {
    if (wanted == (watch->armed ? watch->wanted : 0)) {
        return DK_OK;
    }
    if (wanted == 0) {
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->descriptor, NULL);
        watch->armed = false;
        watch->wanted = 0;
        /* An event of this turn that was not handled yet must not find it any more. */
        for (int i = 0; i < loop->event_count; i++) {
            if (loop->events[i].data.ptr == watch) {
                loop->events[i].data.ptr = NULL;
            }
        }
        return DK_OK;
    }
    struct epoll_event event = {.events = epoll_mask(wanted), .data.ptr = watch};
    const int operation = watch->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll, operation, watch->descriptor, &event) != 0) {
        return DK_EXHAUSTED;
    }
    watch->armed = true;
    watch->wanted = wanted;
    return DK_OK;
}

static void run_watches(struct dk_loop *loop) {
    for (int i = 0; i < loop->event_count; i++) {
        struct dk_watch *watch = loop->events[i].data.ptr;
        if (watch == NULL) {
            continue;
        }
        const uint32_t events = loop->events[i].events;
        unsigned ready = 0;
        ready |= (events & (uint32_t)EPOLLIN) != 0 ? DK_READABLE : 0U;
        ready |= (events & (uint32_t)EPOLLOUT) != 0 ? DK_WRITABLE : 0U;
        ready &= watch->wanted; /* an earlier callback of this turn may want less by now */
        if ((events & ((uint32_t)EPOLLHUP | (uint32_t)EPOLLERR | (uint32_t)EPOLLRDHUP)) != 0) {
            ready |= DK_HUNG_UP | DK_READABLE; /* read() tells which it was */
        }
        if (ready == 0) {
            continue;
        }
        loop->counts.ready++;
        watch->on_ready(watch, ready);
    }
    loop->event_count = 0;
}

/* ── timers ─────────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk_timer_set(struct dk_loop *loop, struct dk_timer *timer, int64_t delay_us) {
    const int64_t due_us =
        delay_us > INT64_MAX - loop->now_us ? INT64_MAX : loop->now_us + delay_us;
    if (!dk__timer_heap_put(&loop->timers, timer, due_us)) {
        return DK_EXHAUSTED;
    }
    return DK_OK;
}

void dk_timer_stop(struct dk_loop *loop, struct dk_timer *timer) {
    dk__timer_heap_remove(&loop->timers, timer);
}

/* At most as many as are armed now: a timer that arms itself anew without delay waits for the next
 * turn, or this would not end. */
static void run_timers(struct dk_loop *loop) {
    for (uint32_t left = loop->timers.count; left > 0; left--) {
        struct dk_timer *timer = dk__timer_heap_first(&loop->timers);
        if (timer == NULL || timer->due_us > loop->now_us) {
            return;
        }
        dk__timer_heap_remove(&loop->timers, timer);
        loop->had_work = true;
        timer->on_due(timer);
    }
}

/* Milliseconds for epoll_wait, rounded up: a timer never fires early, a turn never runs for nothing. */
static int wait_ms(struct dk_loop *loop, int64_t wait_us) {
    const struct dk_timer *timer = dk__timer_heap_first(&loop->timers);
    if (timer != NULL) {
        const int64_t left_us = timer->due_us > loop->now_us ? timer->due_us - loop->now_us : 0;
        wait_us = wait_us < 0 || left_us < wait_us ? left_us : wait_us;
    }
    if (wait_us < 0) {
        return -1;
    }
    const int64_t ms = wait_us / 1000 + (wait_us % 1000 > 0 ? 1 : 0);
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* ── the end of a turn ──────────────────────────────────────────────────────────────────────── */

void dk_defer(struct dk_loop *loop, struct dk_deferred *deferred) {
    if (deferred->armed) {
        return;
    }
    deferred->armed = true;
    deferred->next = NULL;
    *loop->deferred_end = deferred;
    loop->deferred_end = &deferred->next;
}

void dk_defer_stop(struct dk_loop *loop, struct dk_deferred *deferred) {
    if (deferred == NULL || !deferred->armed) {
        return;
    }
    struct dk_deferred **at = &loop->deferred_first;
    while (*at != deferred) {
        at = &(*at)->next;
    }
    *at = deferred->next;
    if (loop->deferred_end == &deferred->next) {
        loop->deferred_end = at;
    }
    deferred->armed = false;
}

static void run_deferred(struct dk_loop *loop) {
    while (loop->deferred_first != NULL) {
        struct dk_deferred *deferred = loop->deferred_first;
        loop->deferred_first = deferred->next;
        if (loop->deferred_first == NULL) {
            loop->deferred_end = &loop->deferred_first;
        }
        deferred->armed = false;
        deferred->on_turn_end(deferred);
    }
}

/* ── other threads and signals ──────────────────────────────────────────────────────────────── */

void dk__loop_post(struct dk_loop *loop, struct dk__work *work) {
    const int wake = loop->wake.descriptor; /* the work may be gone once it is posted */
    if (dk__lane_post(&loop->lane, work)) {
        const uint64_t one = 1;
        const ssize_t written = write(wake, &one, sizeof one);
        assert(written == sizeof one || errno == EAGAIN); /* EAGAIN: the loop is awake already */
        (void)written;
    }
}

static void on_wake(struct dk_watch *watch, unsigned ready) {
    struct dk_loop *loop =
        (struct dk_loop *)(void *)((char *)watch - offsetof(struct dk_loop, wake));
    uint64_t count = 0;
    const ssize_t got = read(watch->descriptor, &count, sizeof count);
    (void)got; /* only empties the counter */
    (void)ready;
    struct dk__work *work = dk__lane_drain(&loop->lane);
    while (work != NULL) {
        struct dk__work *next = work->next;
        work->on_arrival(work);
        work = next;
    }
}

static void on_signals(struct dk_watch *watch, unsigned ready) {
    struct dk_loop *loop =
        (struct dk_loop *)(void *)((char *)watch - offsetof(struct dk_loop, signals));
    struct signalfd_siginfo info;
    (void)ready;
    while (read(watch->descriptor, &info, sizeof info) == (ssize_t)sizeof info) {
        loop->on_signal(loop->signal_context, (int)info.ssi_signo);
    }
}

enum dk_error dk__loop_on_signal(
    struct dk_loop *loop,
    const sigset_t *set,
    void (*on_signal)(void *context, int number),
    void *context,
    struct dk_fault *fault) {
    assert(!loop->signals.armed);
    if (pthread_sigmask(SIG_BLOCK, set, NULL) != 0) {
        return dk_fault_set(fault, DK_INTERNAL, "loop: signals cannot be blocked");
    }
    loop->signals.descriptor = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    loop->signals.on_ready = on_signals;
    loop->on_signal = on_signal;
    loop->signal_context = context;
    if (loop->signals.descriptor < 0 || dk_watch_set(loop, &loop->signals, DK_READABLE) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "loop: no descriptor for signals");
    }
    return DK_OK;
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__loop_new(struct dk_loop **ret_loop, struct dk_fault *fault) {
    struct dk_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "loop: no memory");
    }
    loop->signals.descriptor = -1;
    loop->deferred_end = &loop->deferred_first;
    loop->pool.kept_max = CHUNKS_KEPT_MAX;
    loop->now_us = dk__clock_us();
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake.descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->wake.on_ready = on_wake;
    if (loop->epoll < 0 || loop->wake.descriptor < 0 ||
        dk_watch_set(loop, &loop->wake, DK_READABLE) != DK_OK) {
        dk__loop_free(loop);
        return dk_fault_set(fault, DK_EXHAUSTED, "loop: no descriptor for epoll");
    }
    *ret_loop = loop;
    return DK_OK;
}

static void close_if_open(int descriptor) {
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
}

void dk__loop_free(struct dk_loop *loop) {
    if (loop == NULL) {
        return;
    }
    close_if_open(loop->epoll);
    close_if_open(loop->wake.descriptor);
    close_if_open(loop->signals.descriptor);
    dk__timer_heap_clear(&loop->timers);
    dk__pool_clear(&loop->pool);
    free(loop);
}

/* With spinning on, a loop that had work looks again a few times before it lets the core sleep. */
static int wait_for_events(struct dk_loop *loop, int timeout_ms) {
    if (loop->spin_us > 0 && loop->had_work && timeout_ms != 0) {
        const int64_t until_us = dk__clock_us() + loop->spin_us;
        do {
            const int count = epoll_wait(loop->epoll, loop->events, EVENTS_MAX, 0);
            if (count != 0) {
                return count;
            }
        } while (dk__clock_us() < until_us);
    }
    loop->counts.waits++;
    return epoll_wait(loop->epoll, loop->events, EVENTS_MAX, timeout_ms);
}

enum dk_error dk__loop_turn(struct dk_loop *loop, int64_t wait_us) {
    run_deferred(loop); /* what was deferred outside of a turn */
    loop->now_us = dk__clock_us();
    int count = wait_for_events(loop, wait_ms(loop, wait_us));
    if (count < 0) {
        if (errno != EINTR) {
            return DK_INTERNAL;
        }
        count = 0;
    }
    loop->event_count = count;
    loop->had_work = count > 0;
    loop->counts.turns++;
    loop->now_us = dk__clock_us();
    run_timers(loop);
    run_watches(loop);
    run_deferred(loop);
    return DK_OK;
}

enum dk_error dk__loop_run(struct dk_loop *loop) {
    enum dk_error error = DK_OK;
    /* A stop that came before the run counts for it. */
    while (error == DK_OK && !loop->is_stopped) {
        error = dk__loop_turn(loop, -1);
    }
    loop->is_stopped = false;
    return error;
}
