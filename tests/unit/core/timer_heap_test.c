/* Timers against a plain table that is searched from end to end. */
#include "core/timer_heap.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { TIMERS = 300 };

static struct dk__timer_heap heap;
static struct dk_timer timers[TIMERS];

static void end(void) {
    dk__timer_heap_clear(&heap);
}

TestSuite(timer_heap, .fini = end);

static int64_t earliest(uint32_t *ret_count) {
    int64_t due_us = INT64_MAX;
    *ret_count = 0;
    for (int i = 0; i < TIMERS; i++) {
        if (timers[i].heap_at != 0) {
            (*ret_count)++;
            due_us = timers[i].due_us < due_us ? timers[i].due_us : due_us;
        }
    }
    return due_us;
}

Test(timer_heap, gives_the_earliest_whatever_was_put_moved_or_removed) {
    for (unsigned seed = 1; seed <= 10; seed++) {
        srand(seed);
        for (int i = 0; i < 5000; i++) {
            struct dk_timer *timer = &timers[rand() % TIMERS];
            if (rand() % 3 == 0) {
                dk__timer_heap_remove(&heap, timer);
                cr_assert(eq(u32, timer->heap_at, 0));
            } else {
                const int64_t due_us = rand() % 1000; /* many are equal */
                cr_assert(dk__timer_heap_put(&heap, timer, due_us));
                cr_assert(eq(i64, timer->due_us, due_us));
            }

            uint32_t count = 0;
            const int64_t due_us = earliest(&count);
            const struct dk_timer *first = dk__timer_heap_first(&heap);
            cr_assert(eq(u32, heap.count, count));
            cr_assert(eq(int, first == NULL, count == 0));
            cr_assert(first == NULL || first->due_us == due_us, "seed %u, step %d", seed, i);
            for (uint32_t at = 0; at < heap.count; at++) {
                cr_assert(eq(u32, heap.timers[at]->heap_at, at + 1));
            }
        }
    }
}

Test(timer_heap, empties_in_order) {
    srand(3);
    for (int i = 0; i < TIMERS; i++) {
        cr_assert(dk__timer_heap_put(&heap, &timers[i], rand() % 100 - 50));
    }

    int64_t last_us = INT64_MIN;
    for (int i = 0; i < TIMERS; i++) {
        struct dk_timer *first = dk__timer_heap_first(&heap);
        cr_assert(ge(i64, first->due_us, last_us));
        last_us = first->due_us;
        dk__timer_heap_remove(&heap, first);
    }
    cr_assert(eq(ptr, dk__timer_heap_first(&heap), NULL));
}

Test(timer_heap, leaves_an_unarmed_timer_alone) {
    dk__timer_heap_remove(&heap, &timers[0]);

    cr_assert(eq(u32, heap.count, 0));
}

Test(timer_heap, disarms_every_timer_it_forgets) {
    cr_assert(dk__timer_heap_put(&heap, &timers[0], 1));
    cr_assert(dk__timer_heap_put(&heap, &timers[1], 2));

    dk__timer_heap_clear(&heap);

    cr_assert(eq(u32, timers[0].heap_at, 0));
    cr_assert(eq(u32, timers[1].heap_at, 0));
    cr_assert(dk__timer_heap_put(&heap, &timers[0], 1));
}

Test(timer_heap, is_full_at_its_bound_and_goes_on_when_one_leaves) {
    struct dk_timer *many = calloc(DK__TIMERS_MAX + 1, sizeof *many);
    cr_assert(ne(ptr, many, NULL));
    for (int64_t i = 0; i < DK__TIMERS_MAX; i++) {
        if (!dk__timer_heap_put(&heap, &many[i], i)) {
            cr_fatal("refused timer %lld", (long long)i);
        }
    }

    cr_assert(not(dk__timer_heap_put(&heap, &many[DK__TIMERS_MAX], 0)));
    cr_assert(eq(u32, many[DK__TIMERS_MAX].heap_at, 0));
    cr_assert(dk__timer_heap_put(&heap, &many[5], -1), "an armed one can still be moved");
    dk__timer_heap_remove(&heap, &many[7]);
    cr_assert(dk__timer_heap_put(&heap, &many[DK__TIMERS_MAX], 0));
    dk__timer_heap_clear(&heap);
    free(many);
}
