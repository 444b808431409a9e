/* Turns of a loop: watches, timers, deferred work, wakes and signals. */
#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct dk_loop *loop;

/* What ran, in order; each of the things below adds its letter. */
static char trace[64];

static void note(char letter) {
    const size_t used = strlen(trace);
    cr_assert(lt(sz, used, sizeof trace - 1));
    trace[used] = letter;
}

static void start(void) {
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK), "%s", fault.text);
}

static void end(void) {
    dk__loop_free(loop);
}

TestSuite(loop, .init = start, .fini = end, .timeout = 20);

static void turn(void) {
    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
}

/* ── watches ────────────────────────────────────────────────────────────────────────────────── */

struct end_of_pipe {
    struct dk_watch watch;
    int write_end;
    char letter;
    unsigned ready;
    struct end_of_pipe *to_stop; /* the other one, or itself */
};

static void on_ready(struct dk_watch *watch, unsigned ready) {
    struct end_of_pipe *pipe_end = (struct end_of_pipe *)watch;
    note(pipe_end->letter);
    pipe_end->ready = ready;
    if (pipe_end->to_stop != NULL) {
        cr_assert(eq(int, dk_watch_set(loop, &pipe_end->to_stop->watch, 0), DK_OK));
    }
}

static void pipe_open(struct end_of_pipe *pipe_end, char letter) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    *pipe_end = (struct end_of_pipe){
        .watch = {.on_ready = on_ready, .descriptor = ends[0]},
        .write_end = ends[1],
        .letter = letter};
    cr_assert(eq(int, dk_watch_set(loop, &pipe_end->watch, DK_READABLE), DK_OK));
}

static void pipe_close(struct end_of_pipe *pipe_end) {
    cr_assert(eq(int, dk_watch_set(loop, &pipe_end->watch, 0), DK_OK));
    close(pipe_end->watch.descriptor);
    close(pipe_end->write_end);
}

Test(loop, calls_a_watch_as_long_as_its_descriptor_is_ready) {
    struct end_of_pipe a;
    char byte = 'x';
    pipe_open(&a, 'a');
    turn();
    cr_assert(eq(str, trace, ""));

    cr_assert(eq(int, write(a.write_end, &byte, 1), 1));
    turn();
    turn();
    cr_assert(eq(str, trace, "aa"));
    cr_assert(eq(uint, a.ready, DK_READABLE));

    cr_assert(eq(int, read(a.watch.descriptor, &byte, 1), 1));
    turn();
    cr_assert(eq(str, trace, "aa"));
    pipe_close(&a);
}

Test(loop, tells_a_watch_that_the_other_side_hung_up) {
    struct end_of_pipe a;
    pipe_open(&a, 'a');
    close(a.write_end);

    turn();

    cr_assert(eq(uint, a.ready, DK_READABLE | DK_HUNG_UP));
    a.write_end = dup(0);
    pipe_close(&a);
}

Test(loop, tells_a_watch_that_it_may_write) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    struct end_of_pipe a = {
        .watch = {.on_ready = on_ready, .descriptor = ends[1]},
        .letter = 'a',
        .write_end = ends[0]};
    cr_assert(eq(int, dk_watch_set(loop, &a.watch, DK_WRITABLE), DK_OK));

    turn();

    cr_assert(eq(uint, a.ready, DK_WRITABLE));
    pipe_close(&a);
}

Test(loop, does_not_call_a_watch_that_another_stopped_in_the_same_turn) {
    struct end_of_pipe a, b;
    pipe_open(&a, 'a');
    pipe_open(&b, 'b');
    cr_assert(eq(int, write(a.write_end, "x", 1), 1));
    cr_assert(eq(int, write(b.write_end, "x", 1), 1));
    a.to_stop = &b;
    b.to_stop = &a;

    turn();
    turn();

    cr_assert(
        strcmp(trace, "aa") == 0 || strcmp(trace, "bb") == 0,
        "only one of both may run: %s",
        trace);
    pipe_close(&a);
    pipe_close(&b);
}

static struct end_of_pipe *stopped_by_timer;

static void on_due_stop(struct dk_timer *timer) {
    (void)timer;
    note('t');
    pipe_close(stopped_by_timer);
}

Test(loop, does_not_call_a_watch_that_a_timer_stopped_in_the_same_turn) {
    struct end_of_pipe a;
    struct dk_timer timer = {.on_due = on_due_stop};
    pipe_open(&a, 'a');
    stopped_by_timer = &a;
    cr_assert(eq(int, write(a.write_end, "x", 1), 1));
    cr_assert(eq(int, dk_timer_set(loop, &timer, 0), DK_OK));

    turn();
    turn();

    cr_assert(eq(str, trace, "t"));
}

Test(loop, lets_a_watch_stop_itself_and_start_again) {
    struct end_of_pipe a;
    pipe_open(&a, 'a');
    a.to_stop = &a;
    cr_assert(eq(int, write(a.write_end, "x", 1), 1));
    turn();
    turn();
    cr_assert(eq(str, trace, "a"));

    cr_assert(eq(int, dk_watch_set(loop, &a.watch, DK_READABLE), DK_OK));
    turn();

    cr_assert(eq(str, trace, "aa"));
    pipe_close(&a);
}

Test(loop, says_when_the_kernel_takes_no_watch) {
    struct dk_watch watch = {.on_ready = on_ready, .descriptor = -1};

    cr_assert(eq(int, dk_watch_set(loop, &watch, DK_READABLE), DK_EXHAUSTED));

    cr_assert(not(watch.armed));
    cr_assert(eq(int, dk_watch_set(loop, &watch, 0), DK_OK));
}

/* ── timers ─────────────────────────────────────────────────────────────────────────────────── */

struct lettered_timer {
    struct dk_timer timer;
    char letter;
    int again; /* how often it arms itself with no delay */
};

static void on_due(struct dk_timer *timer) {
    struct lettered_timer *own = (struct lettered_timer *)timer;
    note(own->letter);
    if (own->again-- > 0) {
        cr_assert(eq(int, dk_timer_set(loop, timer, 0), DK_OK));
    }
}

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

Test(loop, never_runs_a_timer_early) {
    const int64_t delays_us[] = {0, 1, 500, 999, 1000, 1001, 2500, 10700};
    for (size_t i = 0; i < sizeof delays_us / sizeof delays_us[0]; i++) {
        struct lettered_timer t = {.timer = {.on_due = on_due}, .letter = 't'};
        memset(trace, 0, sizeof trace);
        turn(); /* so that the loop's time is now */
        const int64_t armed_us = dk_loop_now_us(loop);
        cr_assert(eq(int, dk_timer_set(loop, &t.timer, delays_us[i]), DK_OK));

        while (trace[0] == '\0') {
            cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
        }

        cr_assert(ge(i64, monotonic_us() - armed_us, delays_us[i]));
        cr_assert(ge(i64, dk_loop_now_us(loop) - armed_us, delays_us[i]));
    }
}

Test(loop, runs_timers_in_the_order_they_are_due_and_each_once) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a'};
    struct lettered_timer b = {.timer = {.on_due = on_due}, .letter = 'b'};
    struct lettered_timer c = {.timer = {.on_due = on_due}, .letter = 'c'};
    (void)dk_timer_set(loop, &c.timer, 3000);
    (void)dk_timer_set(loop, &a.timer, 1000);
    (void)dk_timer_set(loop, &b.timer, 9000000);
    (void)dk_timer_set(loop, &b.timer, 2000); /* moved */

    while (strlen(trace) < 3) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }
    turn();

    cr_assert(eq(str, trace, "abc"));
}

Test(loop, does_not_run_a_stopped_timer) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a'};
    (void)dk_timer_set(loop, &a.timer, 0);

    dk_timer_stop(loop, &a.timer);
    dk_timer_stop(loop, &a.timer);
    turn();

    cr_assert(eq(str, trace, ""));
}

Test(loop, goes_on_when_a_timer_arms_itself_without_delay) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a', .again = 3};
    struct end_of_pipe p;
    pipe_open(&p, 'p');
    cr_assert(eq(int, write(p.write_end, "x", 1), 1));
    (void)dk_timer_set(loop, &a.timer, 0);

    while (strlen(trace) < 8) {
        cr_assert(eq(int, dk__loop_turn(loop, 1000), DK_OK));
    }

    cr_assert(eq(int, strncmp(trace, "apapapap", 8), 0), "%s", trace);
    pipe_close(&p);
}

Test(loop, takes_the_longest_delay_there_is) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a'};

    cr_assert(eq(int, dk_timer_set(loop, &a.timer, INT64_MAX), DK_OK));
    turn();

    cr_assert(eq(str, trace, ""));
    dk_timer_stop(loop, &a.timer);
}

static void on_due_end(struct dk_timer *timer) {
    (void)timer;
    dk__loop_stop(loop);
}

Test(loop, waits_as_long_as_it_is_told_and_no_arithmetic_breaks) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a'};
    (void)dk_timer_set(loop, &a.timer, 1000);

    while (trace[0] == '\0') {
        cr_assert(eq(int, dk__loop_turn(loop, INT64_MAX), DK_OK));
    }

    const int64_t began_us = monotonic_us();
    cr_assert(eq(int, dk__loop_turn(loop, 5000), DK_OK));
    cr_assert(ge(i64, monotonic_us() - began_us, 5000));
}

Test(loop, runs_until_it_is_stopped) {
    struct dk_timer timer = {.on_due = on_due_end};
    (void)dk_timer_set(loop, &timer, 2000);

    cr_assert(eq(int, dk__loop_run(loop), DK_OK));
}

/* ── the end of a turn ──────────────────────────────────────────────────────────────────────── */

struct lettered_deferred {
    struct dk_deferred deferred;
    char letter;
    struct lettered_deferred *more, *to_stop;
};

static void on_turn_end(struct dk_deferred *deferred) {
    struct lettered_deferred *own = (struct lettered_deferred *)deferred;
    note(own->letter);
    if (own->more != NULL) {
        dk_defer(loop, &own->more->deferred);
        own->more = NULL;
    }
    if (own->to_stop != NULL) {
        dk_defer_stop(loop, &own->to_stop->deferred);
    }
}

static struct lettered_deferred deferred_of(char letter) {
    return (struct lettered_deferred){.deferred = {.on_turn_end = on_turn_end}, .letter = letter};
}

Test(loop, runs_deferred_work_once_in_its_order) {
    struct lettered_deferred a = deferred_of('a'), b = deferred_of('b');
    dk_defer(loop, &a.deferred);
    dk_defer(loop, &b.deferred);
    dk_defer(loop, &a.deferred);

    turn();
    turn();

    cr_assert(eq(str, trace, "ab"));
}

Test(loop, runs_what_deferred_work_defers_in_the_same_turn) {
    struct lettered_deferred a = deferred_of('a'), b = deferred_of('b'), c = deferred_of('c');
    a.more = &c;
    c.more = &a; /* itself again, through another */
    dk_defer(loop, &a.deferred);
    dk_defer(loop, &b.deferred);

    turn();

    cr_assert(eq(str, trace, "abca"));
}

Test(loop, takes_deferred_work_back) {
    struct lettered_deferred works[4] = {
        deferred_of('a'), deferred_of('b'), deferred_of('c'), deferred_of('d')};
    for (int i = 0; i < 4; i++) {
        dk_defer(loop, &works[i].deferred);
    }
    dk_defer_stop(loop, &works[3].deferred); /* the last */
    dk_defer_stop(loop, &works[0].deferred); /* the first */
    dk_defer_stop(loop, NULL);
    dk_defer_stop(loop, &works[0].deferred);
    works[1].to_stop = &works[2]; /* one that is about to run */

    dk_defer(loop, &works[3].deferred);
    turn();

    cr_assert(eq(str, trace, "bd"));
    cr_assert(not(works[2].deferred.armed));
}

static struct lettered_deferred deferred_by_watch;

static void on_ready_defer(struct dk_watch *watch, unsigned ready) {
    on_ready(watch, ready);
    dk_defer(loop, &deferred_by_watch.deferred);
}

Test(loop, runs_deferred_work_after_every_watch_of_the_turn) {
    struct end_of_pipe a, b;
    pipe_open(&a, 'w');
    pipe_open(&b, 'w');
    a.watch.on_ready = on_ready_defer;
    b.watch.on_ready = on_ready_defer;
    deferred_by_watch = deferred_of('d');
    cr_assert(eq(int, write(a.write_end, "x", 1), 1));
    cr_assert(eq(int, write(b.write_end, "x", 1), 1));

    turn();

    cr_assert(eq(str, trace, "wwd"));
    pipe_close(&a);
    pipe_close(&b);
}

/* ── other threads and signals ──────────────────────────────────────────────────────────────── */

struct lettered_work {
    struct dk__work work;
    char letter;
};

static void on_arrival(struct dk__work *work) {
    note(((struct lettered_work *)work)->letter);
    dk__loop_stop(loop);
}

static void *post_from_afar(void *context) {
    dk__loop_post(loop, context);
    return NULL;
}

Test(loop, wakes_when_another_thread_posts) {
    struct lettered_work work = {.work = {.on_arrival = on_arrival}, .letter = 'w'};
    pthread_t thread;
    cr_assert(eq(int, pthread_create(&thread, NULL, post_from_afar, &work), 0));

    cr_assert(eq(int, dk__loop_run(loop), DK_OK));

    pthread_join(thread, NULL);
    cr_assert(eq(str, trace, "w"));
}

Test(loop, runs_posted_work_in_order_and_each_once) {
    struct lettered_work works[3];
    for (int i = 0; i < 3; i++) {
        works[i] = (struct lettered_work){{.on_arrival = on_arrival}, (char)('a' + i)};
        dk__loop_post(loop, &works[i].work);
    }

    turn();
    turn();

    cr_assert(eq(str, trace, "abc"));
}

static int signals_seen[65];

static void on_signal(void *context, int number) {
    cr_assert(eq(ptr, context, signals_seen));
    signals_seen[number]++;
}

Test(loop, hands_signals_on_as_events) {
    struct dk_fault fault = {0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    cr_assert(
        eq(int, dk__loop_on_signal(loop, &set, on_signal, signals_seen, &fault), DK_OK),
        "%s",
        fault.text);

    pthread_kill(pthread_self(), SIGUSR1);
    pthread_kill(pthread_self(), SIGUSR2);
    turn();
    turn();

    cr_assert(eq(int, signals_seen[SIGUSR1], 1));
    cr_assert(eq(int, signals_seen[SIGUSR2], 1));
}

/* ── waiting ────────────────────────────────────────────────────────────────────────────────── */

Test(loop, looks_again_before_it_sleeps_when_it_may_spin) {
    struct end_of_pipe a;
    char byte = 'x';
    pipe_open(&a, 'a');
    cr_assert(eq(int, write(a.write_end, &byte, 1), 1));
    turn();
    cr_assert(eq(int, read(a.watch.descriptor, &byte, 1), 1));
    cr_assert(eq(int, write(a.write_end, &byte, 1), 1));
    const uint64_t waits = dk__loop_counts(loop).waits;

    dk__loop_spin(loop, 1000000);
    cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));

    cr_assert(eq(str, trace, "aa"));
    cr_assert(eq(u64, dk__loop_counts(loop).waits, waits));
    pipe_close(&a);
}

Test(loop, counts_turns_and_ready_watches) {
    struct end_of_pipe a;
    pipe_open(&a, 'a');
    turn();
    cr_assert(eq(int, write(a.write_end, "x", 1), 1));
    turn();

    cr_assert(eq(u64, dk__loop_counts(loop).turns, 2));
    cr_assert(eq(u64, dk__loop_counts(loop).ready, 1));
    pipe_close(&a);
}

Test(loop, forgets_what_is_armed_when_it_ends) {
    struct lettered_timer a = {.timer = {.on_due = on_due}, .letter = 'a'};
    (void)dk_timer_set(loop, &a.timer, 1000);

    dk__loop_free(loop);
    loop = NULL;

    cr_assert(eq(u32, a.timer.heap_at, 0));
    dk__loop_free(NULL);
}
