/*
 * Bump allocation in the newest chunk; what does not fit there gets a chunk of its own.
 */
#include "core/arena.h"

#include <stdint.h>
#include <string.h>

static char *take(struct dk__arena *arena, size_t size, size_t alignment) {
    struct dk__chunk *chunk = arena->newest;
    size_t start = 0;

    if (chunk != NULL) {
        start = (chunk->used + alignment - 1) & ~(alignment - 1);
    }
    const size_t padding = chunk == NULL ? 0 : start - chunk->used;
    if (chunk == NULL || start > chunk->capacity || size > chunk->capacity - start) {
        if (size > arena->bytes_max - arena->bytes_taken) {
            return NULL;
        }
        chunk = dk__pool_take(arena->pool, size);
        if (chunk == NULL) {
            return NULL;
        }
        /* A chunk that is filled at once goes behind the newest, which may still have room. */
        if (arena->newest != NULL && size > chunk->capacity / 2) {
            chunk->next = arena->newest->next;
            arena->newest->next = chunk;
        } else {
            chunk->next = arena->newest;
            arena->newest = chunk;
        }
        arena->bytes_taken += size;
        chunk->used = (uint32_t)size;
        return chunk->bytes;
    }
    if (size + padding > arena->bytes_max - arena->bytes_taken) {
        return NULL;
    }
    arena->bytes_taken += size + padding;
    chunk->used = (uint32_t)(start + size);
    return chunk->bytes + start;
}

void *dk__arena_take(struct dk__arena *arena, size_t size) {
    char *memory = take(arena, size, _Alignof(max_align_t));
    if (memory != NULL && size > 0) {
        memset(memory, 0, size);
    }
    return memory;
}

char *dk__arena_take_bytes(struct dk__arena *arena, size_t size) {
    return take(arena, size, 1);
}

char *dk__arena_copy_text(struct dk__arena *arena, struct dk_bytes text) {
    char *copy = dk__arena_take_bytes(arena, text.size + 1);
    if (copy != NULL) {
        if (text.size > 0) {
            memcpy(copy, text.data, text.size);
        }
        copy[text.size] = '\0';
    }
    return copy;
}

static void give_all(struct dk__arena *arena) {
    struct dk__chunk *chunk = arena->newest;
    struct dk__pool *pool = arena->pool;
    /* The arena may lie in its own memory, so it is emptied before the chunks go. */
    arena->newest = NULL;
    arena->bytes_taken = 0;
    while (chunk != NULL) {
        struct dk__chunk *next = chunk->next;
        dk__pool_give(pool, chunk);
        chunk = next;
    }
}

struct dk__arena_part dk__arena_part_begin(struct dk__arena *arena) {
    const struct dk__arena_part part = {.newest = arena->newest, .bytes_taken = arena->bytes_taken};
    arena->newest = NULL; /* so that nothing new lies between what stays */
    return part;
}

void dk__arena_part_end(struct dk__arena *arena, struct dk__arena_part part) {
    give_all(arena);
    arena->newest = part.newest;
    arena->bytes_taken = part.bytes_taken;
}

void dk__arena_reset(struct dk__arena *arena) {
    give_all(arena);
}
