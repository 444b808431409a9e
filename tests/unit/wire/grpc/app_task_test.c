/*
 * Tasks of an application on real workers: they begin, come again, are woken, and never meet
 * themselves.
 */
#include "core/loop.h"
#include "support/fake_transport.h"
#include "wire/grpc/app.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sched.h>
#include <stdatomic.h>

static struct fake_transport transport;
static struct dk__workers *workers;
static struct dk__app *app;
static struct dk_fault fault;
static atomic_int often_runs, woken_runs, inside, met;
static atomic_bool gate, wakes_itself;

static const struct dk_app_task tasks[];

static void often(struct dk_call *call) {
    often_runs++;
    (void)dk_call_fail(call, DK_UNAVAILABLE, "the broker: is away");
}

static void woken(struct dk_call *call) {
    if (atomic_fetch_add(&inside, 1) != 0) {
        met = 1;
    }
    if (wakes_itself) {
        wakes_itself = false;
        for (int i = 0; i < 5; i++) {
            dk_call_wake(call, &tasks[1]);
        }
    }
    while (!gate && !dk_call_is_over(call)) {
        (void)sched_yield();
    }
    atomic_fetch_sub(&inside, 1);
    woken_runs++;
}

static const struct dk_app_task tasks[] = {
    {"often", .every_ms = 1, .run = often}, {"woken", .every_ms = 0, .run = woken}, {0}};
static const struct dk_app tables = {.tasks = tasks};

static void begin(void) {
    fault = (struct dk_fault){0};
    often_runs = woken_runs = inside = met = 0;
    fake_transport_open(&transport);
    cr_assert(eq(int, dk__workers_new(transport.loop, 2, 2, &workers, &fault), DK_OK));
    const struct dk__app_config config = {.app = &tables, .workers = workers};
    cr_assert(eq(int, dk__app_new(&transport.server, &config, &app, &fault), DK_OK));
    cr_assert(eq(int, dk__app_tasks_begin(app, transport.loop, 1 << 16, &fault), DK_OK));
}

static void turn_until(atomic_int *number, int wanted) {
    while (*number < wanted) {
        cr_assert(eq(int, dk__loop_turn(transport.loop, -1), DK_OK));
    }
}

static void end(void) {
    dk__workers_free(workers);
    dk__app_free(app);
    fake_transport_close(&transport);
}

TestSuite(app_task, .fini = end);

Test(app_task, begins_by_itself_and_comes_again) {
    gate = true;

    begin();

    turn_until(&often_runs, 3);
    turn_until(&woken_runs, 1);
    cr_assert(eq(int, woken_runs, 1), "nobody has woken the other");
}

Test(app_task, that_is_woken_while_it_runs_runs_once_more) {
    gate = false;
    wakes_itself = true;

    begin();
    turn_until(&often_runs, 3);
    gate = true;
    turn_until(&woken_runs, 2);
    turn_until(&often_runs, often_runs + 3);

    cr_assert(eq(int, woken_runs, 2), "however often it was woken");
    cr_assert(eq(int, met, 0));
}

Test(app_task, hears_that_the_program_ends) {
    gate = false;

    begin();
    turn_until(&often_runs, 1);
    dk__workers_stop(workers);

    dk__workers_free(workers);
    workers = NULL;
    cr_assert(eq(int, inside, 0));
}
