#define _GNU_SOURCE /* sched_setaffinity */
#include "core/workers.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* A task that runs until the test opens its gate, or until it is told that it is over. */
struct job {
    struct dk__task task; /* first */
    unsigned returns;
    bool says_that_it_waits, ignores_gate;
    bool saw_over, got_memory;
    pthread_t ran_on;
};

enum { ARENA_BYTES = 65536 };

static struct dk_loop *loop;
static struct dk__workers *workers;
static atomic_bool gate;
static struct job jobs[4];

static void job_run(struct dk__task *task) {
    struct job *job = (struct job *)(void *)task;
    job->ran_on = pthread_self();
    if (job->says_that_it_waits) {
        dk__task_wait(task);
        dk__task_wait(task); /* once more changes nothing */
    }
    while (!gate && !job->ignores_gate && !task->call.is_over) {
        (void)sched_yield();
    }
    job->saw_over = task->call.is_over;
    job->got_memory = dk__arena_take(&task->call.arena, 5000) != NULL;
}

static void job_on_return(struct dk__task *task) {
    ((struct job *)(void *)task)->returns++;
    dk__task_reset(task);
}

static enum dk_error give(struct job *job) {
    dk__task_init(&job->task, ARENA_BYTES, INT64_MAX);
    job->task.run = job_run;
    job->task.on_return = job_on_return;
    return dk__workers_give(workers, &job->task);
}

static void open_with(uint32_t threads_max, uint32_t queue_max) {
    gate = false;
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    cr_assert(eq(int, dk__workers_new(loop, threads_max, queue_max, &workers, NULL), DK_OK));
}

static void close_all(void) {
    dk__workers_free(workers);
    dk__loop_free(loop);
}

static void wait_until_running(uint32_t count) {
    while (dk__workers_counts(workers).running < count) {
        cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
        (void)sched_yield();
    }
}

Test(workers, bring_a_task_back_to_the_loop_from_another_thread) {
    open_with(1, 1);
    gate = true;

    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    while (jobs[0].returns == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }

    cr_assert(jobs[0].task.was_run && jobs[0].got_memory);
    cr_assert(not(pthread_equal(jobs[0].ran_on, pthread_self())));
    close_all();
    cr_assert(eq(uint, jobs[0].returns, 1));
}

Test(workers, refuse_one_more_than_may_run_and_wait) {
    open_with(1, 1);
    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    wait_until_running(1);
    cr_assert(eq(int, give(&jobs[1]), DK_OK));

    cr_assert(eq(int, give(&jobs[2]), DK_EXHAUSTED));

    gate = true;
    while (jobs[1].returns == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }
    cr_assert(eq(uint, jobs[2].returns, 0));
    cr_assert(eq(int, give(&jobs[2]), DK_OK)); /* there is room again */
    close_all();
}

Test(workers, that_stop_tell_who_runs_and_send_back_who_waits) {
    open_with(1, 2);
    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    wait_until_running(1);
    cr_assert(eq(int, give(&jobs[1]), DK_OK));
    cr_assert(eq(int, give(&jobs[2]), DK_OK));

    dk__workers_stop(workers);
    cr_assert(eq(int, give(&jobs[3]), DK_NOT_READY));
    close_all();

    cr_assert(jobs[0].task.was_run && jobs[0].saw_over);
    cr_assert(eq(uint, jobs[0].returns, 1));
    for (int i = 1; i < 3; i++) {
        cr_assert(not(jobs[i].task.was_run));
        cr_assert(eq(uint, jobs[i].returns, 1));
    }
    cr_assert(eq(uint, jobs[3].returns, 0));
}

Test(workers, that_have_gone_leave_nothing_on_the_loop) {
    open_with(1, 2);
    dk__workers_stop(workers);
    cr_assert(eq(int, give(&jobs[0]), DK_NOT_READY));

    dk__workers_free(workers);

    const int64_t until_us = dk_loop_now_us(loop) + 5000;
    cr_assert(eq(int, dk__loop_turn(loop, 5000), DK_OK)); /* no timer of theirs ends it before */
    cr_assert(ge(i64, dk_loop_now_us(loop), until_us));
    dk__loop_free(loop);
}

Test(workers, run_side_by_side) {
    open_with(3, 3);

    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, give(&jobs[i]), DK_OK));
    }
    wait_until_running(3);

    const struct dk__workers_counts counts = dk__workers_counts(workers);
    cr_assert(eq(uint, counts.running, 3));
    cr_assert(eq(uint, counts.waiting, 0));
    gate = true;
    close_all();
}

/* As many workers are awake as the process may use cores: one. */
static void open_on_one_core(uint32_t threads_max) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)sched_getcpu(), &set);
    cr_assert(eq(int, sched_setaffinity(0, sizeof set, &set), 0));
    open_with(threads_max, 2);
}

Test(workers, let_another_begin_when_one_says_that_it_waits) {
    open_on_one_core(2);
    jobs[0].says_that_it_waits = true;
    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    cr_assert(eq(int, give(&jobs[1]), DK_OK));

    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));

    while (dk__workers_counts(workers).running < 2) { /* without another turn */
        (void)sched_yield();
    }
    close_all();
    cr_assert(eq(uint, jobs[0].returns, 1));
}

Test(workers, let_another_begin_when_one_takes_long) {
    open_on_one_core(2);
    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    cr_assert(eq(int, give(&jobs[1]), DK_OK));

    wait_until_running(2);

    cr_assert(eq(uint, jobs[0].returns + jobs[1].returns, 0));
    close_all();
}

/* One worker runs the first, which is done, and is held up by the second. */
static void expect_the_first_back(bool says_that_it_waits) {
    open_with(1, 2);
    jobs[0].ignores_gate = true;
    jobs[1].says_that_it_waits = says_that_it_waits;
    cr_assert(eq(int, give(&jobs[0]), DK_OK));
    cr_assert(eq(int, give(&jobs[1]), DK_OK));

    while (jobs[0].returns == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }

    cr_assert(eq(uint, jobs[1].returns, 0));
    close_all();
    cr_assert(eq(uint, jobs[1].returns, 1));
}

Test(workers, hold_no_answer_behind_a_task_that_waits) {
    expect_the_first_back(true);
}

Test(workers, hold_no_answer_behind_a_task_that_takes_long) {
    expect_the_first_back(false);
}

Test(workers, bring_back_more_than_they_hold_at_once) {
    static struct job many[100];
    open_with(1, 100);
    for (size_t i = 0; i < 100; i++) {
        many[i].ignores_gate = true;
        cr_assert(eq(int, give(&many[i]), DK_OK));
    }

    while (many[99].returns == 0) { /* one worker: oldest first */
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }

    for (size_t i = 0; i < 100; i++) {
        cr_expect(eq(uint, many[i].returns, 1));
    }
    close_all();
}

Test(workers, free_accepts_null) {
    dk__workers_free(NULL);
}
