#ifndef DK_CORE_TIMER_HEAP_H
#define DK_CORE_TIMER_HEAP_H

#include <dk/loop.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Timers by when they are due: a binary heap of pointers, each timer knowing its place.
 *
 * Thread: the loop's. Owner: timers are the callers'. Bound: DK__TIMERS_MAX armed at once.
 */
enum { DK__TIMERS_MAX = 1 << 20 };

struct dk__timer_heap {
    struct dk_timer **timers;
    uint32_t count, capacity;
};

/* Puts a timer in, or moves it; false at the bound or without memory (it is then not in). */
bool dk__timer_heap_put(struct dk__timer_heap *heap, struct dk_timer *timer, int64_t due_us);
void dk__timer_heap_remove(struct dk__timer_heap *heap, struct dk_timer *timer);
/* The earliest; NULL when none is armed. */
struct dk_timer *dk__timer_heap_first(const struct dk__timer_heap *heap);
/* Forgets all and frees the table. */
void dk__timer_heap_clear(struct dk__timer_heap *heap);

#endif /* DK_CORE_TIMER_HEAP_H */
