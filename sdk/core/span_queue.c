/*
 * Few desks, each with an open chunk; a thread writes at the first that is free. One is enough for a program
 * whose spans end on its loop, and there a span costs one exchange and one store that others see.
 *
 *     put ─▶ desk 0, in use? ─▶ desk 1 … ─▶ the chunk is full ─▶ lane ─▶ take ─▶ release ─▶ spares
 */
#include "core/span_queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    DESKS = 4,
    SPARES = 4,               /* chunks that are kept for later */
    SPAN_BYTES = 384,         /* as most are, */
    SPAN_BYTES_MOST = 8192,   /* and as large as one gets */
    CHUNK_BYTES_LEAST = 16384 /* so that a chunk is never without room for one */
};
_Static_assert(CHUNK_BYTES_LEAST >= SPAN_BYTES_MOST, "a span fits into an empty chunk");

struct desk {
    _Alignas(64) _Atomic(bool) is_taken;
    struct dk__span_chunk *open; /* NULL: none; of whoever has taken the desk */
    _Atomic(uint64_t) put;       /* written by whoever has it, read by all */
};

struct dk__span_queue {
    struct dk__span_queue_config config;
    size_t chunk_bytes;
    struct desk desks[DESKS];
    _Alignas(64) struct dk__lane full;
    _Atomic(struct dk__span_chunk *) spares[SPARES];
    _Atomic(uint64_t) dropped;
    _Alignas(64) _Atomic(uint64_t) taken;
    struct dk__work *drained; /* out of the lane, oldest first; the taker's */
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

/* ── chunks ─────────────────────────────────────────────────────────────────────────────────── */

static struct dk__span_chunk *chunk_new(struct dk__span_queue *queue) {
    struct dk__span_chunk *chunk = NULL;
    for (size_t i = 0; i < SPARES && chunk == NULL; i++) {
        /* Acquire pairs with the release in dk__span_queue_release: its last reader has done. */
        chunk = atomic_exchange_explicit(&queue->spares[i], NULL, memory_order_acquire);
    }
    if (chunk == NULL) {
        chunk = malloc(sizeof *chunk + queue->config.head_bytes + queue->chunk_bytes);
    }
    if (chunk != NULL) {
        chunk->spans = 0;
        chunk->floor = chunk->bytes + queue->config.head_bytes;
        chunk->end = chunk->floor + queue->chunk_bytes;
        chunk->at = chunk->end;
    }
    return chunk;
}

static void chunks_free(struct dk__work *work) {
    while (work != NULL) {
        struct dk__work *next = work->next;
        free(work); /* a chunk's first member */
        work = next;
    }
}

/* ── desks ──────────────────────────────────────────────────────────────────────────────────── */

static bool desk_take(struct desk *desk) {
    /* Acquire pairs with the release in desk_leave: what the last one wrote is seen. */
    return !atomic_load_explicit(&desk->is_taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&desk->is_taken, true, memory_order_acquire);
}

static void desk_leave(struct desk *desk) {
    atomic_store_explicit(&desk->is_taken, false, memory_order_release);
}

static struct desk *desk_find(struct dk__span_queue *queue) {
    for (size_t i = 0; i < DESKS; i++) {
        if (desk_take(&queue->desks[i])) {
            return &queue->desks[i];
        }
    }
    return NULL;
}

static uint64_t put_count(const struct dk__span_queue *queue) {
    uint64_t put = 0;
    for (size_t i = 0; i < DESKS; i++) {
        put += atomic_load_explicit(&queue->desks[i].put, memory_order_relaxed);
    }
    return put;
}

static uint64_t waiting_count(const struct dk__span_queue *queue) {
    /* What was taken first: it only grows, so the difference is never negative. */
    const uint64_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    const uint64_t put = put_count(queue);
    return put > taken ? put - taken : 0;
}

/* False: there is no room in it. */
static bool chunk_write(
    const struct dk__span_queue *queue,
    struct dk__span_chunk *chunk,
    const struct dk__span_record *record) {
    char *at = chunk->spans == queue->config.chunk_spans_max
                   ? NULL
                   : queue->config.format->write(record, chunk->floor, chunk->at);
    if (at != NULL) {
        chunk->at = at;
        chunk->spans++;
    }
    return at != NULL;
}

/* Writes at a desk. `ret_full`: the chunk that is to be given away; NULL: none. */
static bool desk_write(
    struct dk__span_queue *queue,
    struct desk *desk,
    const struct dk__span_record *record,
    struct dk__span_chunk **ret_full) {
    *ret_full = NULL;
    if (desk->open != NULL && !chunk_write(queue, desk->open, record)) {
        *ret_full = desk->open;
        desk->open = NULL;
    } else if (desk->open != NULL) {
        goto written;
    }
    desk->open = chunk_new(queue);
    if (desk->open == NULL || !chunk_write(queue, desk->open, record)) {
        return false;
    }
written:
    if (desk->open->spans == queue->config.chunk_spans_max && *ret_full == NULL) {
        *ret_full = desk->open;
        desk->open = NULL;
    }
    atomic_store_explicit(
        &desk->put,
        atomic_load_explicit(&desk->put, memory_order_relaxed) + 1,
        memory_order_relaxed);
    return true;
}

/* ── the header's functions ─────────────────────────────────────────────────────────────────── */

enum dk_error dk__span_queue_new(
    const struct dk__span_queue_config *config, struct dk__span_queue **ret_queue) {
    /* Not calloc, which aligns for scalars alone: the counters lie a cache line apart. */
    struct dk__span_queue *queue = aligned_alloc(_Alignof(struct dk__span_queue), sizeof *queue);
    if (queue == NULL) {
        return DK_EXHAUSTED;
    }
    memset(queue, 0, sizeof *queue);
    queue->config = *config;
    queue->chunk_bytes = (size_t)config->chunk_spans_max * SPAN_BYTES;
    if (queue->chunk_bytes < CHUNK_BYTES_LEAST) {
        queue->chunk_bytes = CHUNK_BYTES_LEAST;
    } else if (queue->chunk_bytes > DK__SPAN_QUEUE_BYTES_MAX) {
        queue->chunk_bytes = DK__SPAN_QUEUE_BYTES_MAX;
    }
    *ret_queue = queue;
    return DK_OK;
}

void dk__span_queue_free(struct dk__span_queue *queue) {
    if (queue != NULL) {
        for (size_t i = 0; i < DESKS; i++) {
            free(queue->desks[i].open);
        }
        for (size_t i = 0; i < SPARES; i++) {
            free(atomic_load_explicit(&queue->spares[i], memory_order_acquire));
        }
        chunks_free(queue->drained);
        chunks_free(dk__lane_drain(&queue->full));
        free(queue);
    }
}

bool dk__span_queue_put(
    struct dk__span_queue *queue, const struct dk__span_record *record, bool *ret_is_news) {
    struct desk *desk = desk_find(queue);
    struct dk__span_chunk *full = NULL;
    bool is_put = false;
    *ret_is_news = false;
    if (desk != NULL) {
        is_put = waiting_count(queue) < queue->config.spans_max &&
                 desk_write(queue, desk, record, &full);
        desk_leave(desk);
    }
    if (full != NULL) {
        *ret_is_news = dk__lane_post(&queue->full, &full->work);
    }
    if (!is_put) {
        (void)atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
    }
    return is_put;
}

void dk__span_queue_sweep(struct dk__span_queue *queue) {
    for (size_t i = 0; i < DESKS; i++) {
        struct desk *desk = &queue->desks[i];
        if (desk_take(desk)) { /* one that is in use is being written at: it is for the next time */
            struct dk__span_chunk *open = desk->open;
            desk->open = NULL;
            desk_leave(desk);
            if (open != NULL) {
                (void)dk__lane_post(&queue->full, &open->work);
            }
        }
    }
}

struct dk__span_chunk *dk__span_queue_take(struct dk__span_queue *queue) {
    if (queue->drained == NULL) {
        queue->drained = dk__lane_drain(&queue->full);
    }
    struct dk__span_chunk *chunk = (struct dk__span_chunk *)(void *)queue->drained;
    if (chunk != NULL) {
        queue->drained = chunk->work.next;
        atomic_store_explicit(
            &queue->taken,
            atomic_load_explicit(&queue->taken, memory_order_relaxed) + chunk->spans,
            memory_order_relaxed);
    }
    return chunk;
}

void dk__span_queue_release(struct dk__span_queue *queue, struct dk__span_chunk *chunk) {
    for (size_t i = 0; i < SPARES; i++) {
        struct dk__span_chunk *none = NULL;
        if (atomic_compare_exchange_strong_explicit(
                &queue->spares[i], &none, chunk, memory_order_release, memory_order_relaxed)) {
            return;
        }
    }
    free(chunk);
}

struct dk__span_queue_counts dk__span_queue_counts(const struct dk__span_queue *queue) {
    return (struct dk__span_queue_counts){
        .waiting = waiting_count(queue),
        .put = put_count(queue),
        .dropped = atomic_load_explicit(&queue->dropped, memory_order_relaxed)};
}
