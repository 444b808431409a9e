/*
 * Treiber's stack, drained whole and turned around: many posters, one receiver, no ABA because
 * nobody pops a single work.
 */
#include "core/lane.h"

#include <stddef.h>

bool dk__lane_post(struct dk__lane *lane, struct dk__work *work) {
    struct dk__work *newest = atomic_load_explicit(&lane->newest, memory_order_relaxed);
    do {
        work->next = newest;
        /* Release pairs with the acquire in dk__lane_drain: what the poster wrote, the loop sees. */
    } while (!atomic_compare_exchange_weak_explicit(
        &lane->newest, &newest, work, memory_order_release, memory_order_relaxed));
    return newest == NULL;
}

struct dk__work *dk__lane_drain(struct dk__lane *lane) {
    /* Acquire pairs with the release in dk__lane_post. */
    struct dk__work *work = atomic_exchange_explicit(&lane->newest, NULL, memory_order_acquire);
    struct dk__work *oldest = NULL;
    while (work != NULL) {
        struct dk__work *next = work->next;
        work->next = oldest;
        oldest = work;
        work = next;
    }
    return oldest;
}
