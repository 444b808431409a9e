/*
 * Free lists of chunks, one for each size; what is larger goes straight to the heap. Loop's thread only.
 */
#include "core/pool.h"

#include "core/poison.h"

#include <stdlib.h>

#define POISON(chunk)   DK__POISON((chunk)->bytes, (chunk)->capacity)
#define UNPOISON(chunk) DK__UNPOISON((chunk)->bytes, (chunk)->capacity)

enum { HEADER = sizeof(struct dk__chunk) };

/* The chunks of a size, how large they are and how many may stay. */
struct kept {
    struct dk__free_chunks *free;
    size_t bytes;
    uint32_t count_max;
};

/* For a chunk of at least `size` bytes after its header; free NULL: the heap's. */
static struct kept kept_for(struct dk__pool *pool, size_t size) {
    if (size <= DK__CHUNK_SMALL - HEADER) {
        return (struct kept){&pool->small, DK__CHUNK_SMALL, pool->kept_max};
    }
    if (size <= DK__CHUNK_LARGE - HEADER) {
        return (struct kept){&pool->large, DK__CHUNK_LARGE, pool->kept_max};
    }
    if (size <= DK__CHUNK_HUGE - HEADER) {
        return (struct kept){&pool->huge, DK__CHUNK_HUGE, pool->kept_max / DK__CHUNK_HUGE_SHARE};
    }
    return (struct kept){NULL, size + HEADER, 0};
}

struct dk__chunk *dk__pool_take(struct dk__pool *pool, size_t size) {
    if (size > UINT32_MAX - HEADER) {
        return NULL;
    }
    const struct kept kept = kept_for(pool, size);
    struct dk__chunk *chunk = kept.free == NULL ? NULL : kept.free->first;
    if (chunk != NULL) {
        kept.free->first = chunk->next;
        kept.free->count--;
        UNPOISON(chunk);
    } else {
        pool->heap_takes++;
        chunk = malloc(kept.bytes);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->capacity = (uint32_t)(kept.bytes - HEADER);
    }
    chunk->next = NULL;
    chunk->used = 0;
    chunk->taken = 0;
    return chunk;
}

void dk__pool_give(struct dk__pool *pool, struct dk__chunk *chunk) {
    const struct kept kept = kept_for(pool, chunk->capacity);
    if (kept.free == NULL || kept.free->count == kept.count_max) {
        free(chunk);
        return;
    }
    chunk->next = kept.free->first;
    kept.free->first = chunk;
    kept.free->count++;
    POISON(chunk);
}

static void chunks_free(struct dk__free_chunks *chunks) {
    while (chunks->first != NULL) {
        struct dk__chunk *chunk = chunks->first;
        chunks->first = chunk->next;
        free(chunk);
    }
    chunks->count = 0;
}

void dk__pool_clear(struct dk__pool *pool) {
    chunks_free(&pool->small);
    chunks_free(&pool->large);
    chunks_free(&pool->huge);
}
