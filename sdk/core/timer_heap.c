/*
 * A binary heap; heap_at is the place plus one, so that a zeroed timer is unarmed.
 */
#include "core/timer_heap.h"

#include <stdlib.h>

static void place(struct dk__timer_heap *heap, uint32_t at, struct dk_timer *timer) {
    heap->timers[at] = timer;
    timer->heap_at = at + 1;
}

static void move_up(struct dk__timer_heap *heap, uint32_t at) {
    struct dk_timer *timer = heap->timers[at];
    while (at > 0) {
        const uint32_t parent = (at - 1) / 2;
        if (heap->timers[parent]->due_us <= timer->due_us) {
            break;
        }
        place(heap, at, heap->timers[parent]);
        at = parent;
    }
    place(heap, at, timer);
}

static void move_down(struct dk__timer_heap *heap, uint32_t at) {
    struct dk_timer *timer = heap->timers[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count &&
            heap->timers[child + 1]->due_us < heap->timers[child]->due_us) {
            child++;
        }
        if (heap->timers[child]->due_us >= timer->due_us) {
            break;
        }
        place(heap, at, heap->timers[child]);
        at = child;
    }
    place(heap, at, timer);
}

static bool grow(struct dk__timer_heap *heap) {
    if (heap->count < heap->capacity) {
        return true;
    }
    if (heap->count >= DK__TIMERS_MAX) {
        return false;
    }
    const uint32_t capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
    struct dk_timer **timers = realloc(heap->timers, capacity * sizeof(*timers));
    if (timers == NULL) {
        return false;
    }
    heap->timers = timers;
    heap->capacity = capacity;
    return true;
}

bool dk__timer_heap_put(struct dk__timer_heap *heap, struct dk_timer *timer, int64_t due_us) {
    if (timer->heap_at == 0) {
        if (!grow(heap)) {
            return false;
        }
        place(heap, heap->count, timer);
        heap->count++;
    }
    timer->due_us = due_us;
    const uint32_t at = timer->heap_at - 1;
    move_up(heap, at);
    move_down(heap, timer->heap_at - 1);
    return true;
}

void dk__timer_heap_remove(struct dk__timer_heap *heap, struct dk_timer *timer) {
    if (timer->heap_at == 0) {
        return;
    }
    const uint32_t at = timer->heap_at - 1;
    struct dk_timer *last = heap->timers[heap->count - 1];
    heap->count--;
    timer->heap_at = 0;
    if (last != timer) {
        place(heap, at, last);
        move_up(heap, at);
        move_down(heap, last->heap_at - 1);
    }
}

struct dk_timer *dk__timer_heap_first(const struct dk__timer_heap *heap) {
    return heap->count == 0 ? NULL : heap->timers[0];
}

void dk__timer_heap_clear(struct dk__timer_heap *heap) {
    for (uint32_t i = 0; i < heap->count; i++) {
        heap->timers[i]->heap_at = 0;
    }
    free(heap->timers);
    *heap = (struct dk__timer_heap){0};
}
