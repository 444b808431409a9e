/*
 * A ring of records with a turn in each slot, as Dmitry Vyukov's bounded queue has it: a slot whose
 * turn is its position may be written, one whose turn is one more may be read.
 *
 *     any thread ── put: takes a position, copies, turn + 1 ──▶ slots ──▶ peek, pop: the exporter's
 */
#include "core/span_queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    _Atomic(uint64_t) turn;
    struct dk__span_record record;
};

struct dk__span_queue {
    uint32_t size_max;
    uint64_t mask; /* a power of two of slots, so that a position finds its slot quickly */
    _Alignas(64) _Atomic(uint64_t) end; /* where the next is put */
    _Atomic(uint64_t) dropped;
    _Alignas(64) _Atomic(uint64_t) start; /* the oldest */
    struct slot *slots;
};

static size_t entry_bytes(const struct dk__span_entry *entry) {
    const size_t align = _Alignof(struct dk__span_entry);
    return (offsetof(struct dk__span_entry, text) + entry->size + align - 1) / align * align;
}

const struct dk__span_entry *dk__span_entry_next(
    const struct dk__span_record *record, const struct dk__span_entry *entry) {
    const char *next = entry == NULL ? record->body : (const char *)entry + entry_bytes(entry);
    return next < record->body + record->body_used
               ? (const struct dk__span_entry *)(const void *)next
               : NULL;
}

enum dk_error dk__span_queue_new(uint32_t size_max, struct dk__span_queue **ret_queue) {
    /* Not calloc, which aligns for scalars alone: the counters lie a cache line apart. */
    struct dk__span_queue *queue = aligned_alloc(_Alignof(struct dk__span_queue), sizeof *queue);
    uint64_t slots = 1;
    while (slots < size_max) {
        slots *= 2;
    }
    if (queue == NULL) {
        return DK_EXHAUSTED;
    }
    memset(queue, 0, sizeof *queue);
    queue->size_max = size_max;
    queue->mask = slots - 1;
    queue->slots = calloc(slots, sizeof *queue->slots);
    if (queue->slots == NULL) {
        dk__span_queue_free(queue);
        return DK_EXHAUSTED;
    }
    for (uint64_t i = 0; i < slots; i++) {
        atomic_init(&queue->slots[i].turn, i);
    }
    *ret_queue = queue;
    return DK_OK;
}

void dk__span_queue_free(struct dk__span_queue *queue) {
    if (queue != NULL) {
        free(queue->slots);
        free(queue);
    }
}

bool dk__span_queue_put(struct dk__span_queue *queue, const struct dk__span_record *record) {
    uint64_t at = atomic_load_explicit(&queue->end, memory_order_relaxed);
    struct slot *slot = NULL;
    for (;;) {
        slot = &queue->slots[at & queue->mask];
        /* Acquire pairs with the release in pop: the slot's last reader has done. */
        const uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        const uint64_t start = atomic_load_explicit(&queue->start, memory_order_relaxed);
        if (turn < at || at - start >= queue->size_max) {
            const uint64_t now = atomic_load_explicit(&queue->end, memory_order_relaxed);
            if (now == at) { /* full, and not merely overtaken */
                (void)atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
                return false;
            }
            at = now;
        } else if (turn > at) {
            at = atomic_load_explicit(&queue->end, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(
                       &queue->end, &at, at + 1, memory_order_relaxed, memory_order_relaxed)) {
            break;
        }
    }
    memcpy(&slot->record, record, offsetof(struct dk__span_record, body) + record->body_used);
    /* Release pairs with the acquire in peek: whoever sees the turn sees the record. */
    atomic_store_explicit(&slot->turn, at + 1, memory_order_release);
    return true;
}

const struct dk__span_record *dk__span_queue_peek(struct dk__span_queue *queue) {
    const uint64_t at = atomic_load_explicit(&queue->start, memory_order_relaxed);
    const struct slot *slot = &queue->slots[at & queue->mask];
    return atomic_load_explicit(&slot->turn, memory_order_acquire) == at + 1 ? &slot->record : NULL;
}

void dk__span_queue_pop(struct dk__span_queue *queue) {
    const uint64_t at = atomic_load_explicit(&queue->start, memory_order_relaxed);
    struct slot *slot = &queue->slots[at & queue->mask];
    atomic_store_explicit(&slot->turn, at + queue->mask + 1, memory_order_release);
    atomic_store_explicit(&queue->start, at + 1, memory_order_relaxed);
}

struct dk__span_queue_counts dk__span_queue_counts(const struct dk__span_queue *queue) {
    /* The start first: it only grows, so the difference is never negative. */
    const uint64_t start = atomic_load_explicit(&queue->start, memory_order_relaxed);
    const uint64_t end = atomic_load_explicit(&queue->end, memory_order_relaxed);
    return (struct dk__span_queue_counts){
        .waiting = end > start ? end - start : 0,
        .put = end,
        .dropped = atomic_load_explicit(&queue->dropped, memory_order_relaxed)};
}
