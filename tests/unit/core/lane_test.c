/* A lane seen from one thread; tests/stress has the other view. */
#include "core/lane.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>

static struct dk__lane lane;
static struct dk__work works[3];

Test(lane, is_empty_at_first) {
    cr_assert(eq(ptr, dk__lane_drain(&lane), NULL));
}

Test(lane, says_who_found_it_empty) {
    cr_assert(dk__lane_post(&lane, &works[0]));
    cr_assert(not(dk__lane_post(&lane, &works[1])));

    (void)dk__lane_drain(&lane);

    cr_assert(dk__lane_post(&lane, &works[2]));
}

Test(lane, gives_the_oldest_first) {
    for (int i = 0; i < 3; i++) {
        (void)dk__lane_post(&lane, &works[i]);
    }

    struct dk__work *work = dk__lane_drain(&lane);

    for (int i = 0; i < 3; i++) {
        cr_assert(eq(ptr, work, &works[i]));
        work = work->next;
    }
    cr_assert(eq(ptr, work, NULL));
    cr_assert(eq(ptr, dk__lane_drain(&lane), NULL));
}

Test(lane, takes_the_same_work_again_once_it_was_drained) {
    for (int round = 0; round < 3; round++) {
        (void)dk__lane_post(&lane, &works[0]);

        struct dk__work *work = dk__lane_drain(&lane);

        cr_assert(eq(ptr, work, &works[0]));
        cr_assert(eq(ptr, work->next, NULL));
    }
}
