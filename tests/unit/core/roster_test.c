#include "core/roster.h"

#include "core/workers.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { ARENA_BYTES = 4096, WORKERS = 4 };

static struct dk__roster roster;
static struct dk__sleeper sleepers[WORKERS];
static struct dk__task tasks[DK__ROSTER_BACK_MAX + 8];

/* One core and four workers, which sleep. */
static void setup(void) {
    dk__roster_init(&roster, 1, 0);
    for (int i = 0; i < WORKERS; i++) {
        sleepers[i] = (struct dk__sleeper){.next = roster.asleep, .is_asleep = true};
        (void)pthread_cond_init(&sleepers[i].woken, NULL);
        roster.asleep = &sleepers[i];
    }
}

TestSuite(roster, .init = setup);

static void add(int count) {
    for (int i = 0; i < count; i++) {
        dk__task_init(&tasks[i], ARENA_BYTES, INT64_MAX);
        dk__roster_add(&roster, &tasks[i]);
    }
}

static int asleep_count(void) {
    int count = 0;
    for (const struct dk__sleeper *at = roster.asleep; at != NULL; at = at->next) {
        count++;
    }
    return count;
}

Test(roster, rouses_nobody_when_no_task_waits) {
    cr_assert(eq(ptr, dk__roster_rouse_helper(&roster), NULL));
}

Test(roster, rouses_the_last_that_went_to_sleep_and_no_more_than_there_are_cores) {
    add(2);

    cr_assert(eq(ptr, dk__roster_rouse_helper(&roster), &sleepers[WORKERS - 1]));

    cr_assert(eq(ptr, dk__roster_rouse_helper(&roster), NULL));
    cr_assert(not(sleepers[WORKERS - 1].is_asleep));
}

Test(roster, gives_the_core_of_a_task_that_waits_to_another_once) {
    add(3);
    (void)dk__roster_rouse_helper(&roster);
    struct dk__task *task = dk__roster_begin(&roster);

    dk__roster_stand_aside(&roster, task);
    dk__roster_stand_aside(&roster, task);

    cr_assert(ne(ptr, dk__roster_rouse_helper(&roster), NULL));
    cr_assert(eq(ptr, dk__roster_rouse_helper(&roster), NULL));
    (void)dk__roster_end(&roster, task); /* its worker is busy again: two on one core */
    cr_assert(eq(uint, roster.busy_count, 2));
}

Test(roster, begins_the_oldest_and_gives_back_in_order) {
    add(3);

    cr_assert(eq(ptr, dk__roster_begin(&roster), &tasks[0]));
    cr_assert(eq(ptr, dk__roster_begin(&roster), &tasks[1]));
    (void)dk__roster_end(&roster, &tasks[1]);
    (void)dk__roster_end(&roster, &tasks[0]);

    struct dk__task *back = dk__roster_take_back(&roster);
    cr_assert(eq(ptr, back, &tasks[1]));
    cr_assert(eq(ptr, back->next, &tasks[0]));
    cr_assert(eq(ptr, tasks[0].next, NULL));
    cr_assert(eq(ptr, dk__roster_take_back(&roster), NULL));
}

Test(roster, tells_once_when_none_waits_any_more) {
    add(2);
    struct dk__task *first = dk__roster_begin(&roster);
    cr_assert(not(dk__roster_end(&roster, first)));

    cr_assert(dk__roster_end(&roster, dk__roster_begin(&roster)));

    cr_assert(not(dk__roster_tell(&roster)));
}

Test(roster, tells_of_many_though_others_wait) {
    add(DK__ROSTER_BACK_MAX + 1);
    for (int i = 0; i < DK__ROSTER_BACK_MAX - 1; i++) {
        cr_assert(not(dk__roster_end(&roster, dk__roster_begin(&roster))), "%d", i);
    }

    cr_assert(dk__roster_end(&roster, dk__roster_begin(&roster)));
}

Test(roster, tells_of_each_when_the_loop_does_not_look) {
    add(2);
    roster.is_prompt = true;

    cr_assert(dk__roster_end(&roster, dk__roster_begin(&roster)));
}

Test(roster, that_is_looked_at_lets_twice_as_many_begin) {
    add(8);
    (void)dk__roster_rouse_helper(&roster);
    (void)dk__roster_begin(&roster);

    cr_assert(dk__roster_look(&roster)); /* it has only begun: nobody is woken */
    cr_assert(eq(int, asleep_count(), WORKERS - 1));
    cr_assert(dk__roster_look(&roster));

    cr_assert(eq(int, asleep_count(), WORKERS - 3)); /* for its core, and beside it */
}

Test(roster, that_is_looked_at_again_leaves_short_tasks_alone) {
    add(8);
    (void)dk__roster_rouse_helper(&roster);
    for (int i = 0; i < 4; i++) {
        struct dk__task *task = dk__roster_begin(&roster);
        (void)dk__roster_end(&roster, task);
        cr_assert(dk__roster_look(&roster));
    }

    cr_assert(eq(int, asleep_count(), WORKERS - 1));
}

Test(roster, that_stops_tells_who_runs_and_sends_back_who_waits) {
    add(3);
    struct dk__task *running = dk__roster_begin(&roster);

    dk__roster_stop(&roster);

    cr_assert(running->call.is_over);
    cr_assert(eq(uint, roster.waiting_count, 0));
    struct dk__task *back = dk__roster_take_back(&roster);
    cr_assert(eq(ptr, back, &tasks[1]));
    cr_assert(eq(ptr, back->next, &tasks[2]));
    cr_assert(tasks[2].call.is_over);
}
