/*
 * A watch that an earlier callback had told to wait was called in the same turn; a stop before the
 * run was lost.
 */
#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>
#include <unistd.h>

static struct dk_loop *loop;
static int ends[2];

static void start(void) {
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    cr_assert(eq(int, pipe(ends), 0));
}

static void end(void) {
    dk__loop_free(loop);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

TestSuite(loop_regression, .init = start, .fini = end, .timeout = 10);

static int readies;

/* Two descriptors of one pipe's reading end are ready in the same turn; whoever is called first
 * tells the other to wait. */
static struct dk_watch pair[2];

static void on_ready_hush_other(struct dk_watch *watch, unsigned ready) {
    readies++;
    cr_assert(eq(uint, ready, DK_READABLE));
    cr_assert(eq(int, dk_watch_set(loop, &pair[watch == &pair[0]], DK_WRITABLE), DK_OK));
}

Test(loop_regression, watch_told_to_wait_is_not_called_in_the_same_turn) {
    pair[0] = (struct dk_watch){.on_ready = on_ready_hush_other, .descriptor = ends[0]};
    pair[1] = (struct dk_watch){.on_ready = on_ready_hush_other, .descriptor = dup(ends[0])};
    cr_assert(eq(int, dk_watch_set(loop, &pair[0], DK_READABLE), DK_OK));
    cr_assert(eq(int, dk_watch_set(loop, &pair[1], DK_READABLE), DK_OK));
    cr_assert(eq(long, write(ends[1], "x", 1), 1));

    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));

    cr_assert(eq(int, readies, 1));
    (void)close(pair[1].descriptor);
}

Test(loop_regression, stop_before_the_run_ends_it) {
    dk__loop_stop(loop);

    cr_assert(eq(int, dk__loop_run(loop), DK_OK));

    cr_assert(eq(u64, dk__loop_counts(loop).turns, 0));
}
