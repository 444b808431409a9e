/*
 * Two free lists of chunks; what is larger goes straight to the heap. Loop's thread only.
 */
#include "core/pool.h"

#include <stdlib.h>

/* gcc says it with a macro, clang with a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED 0
#endif

#if IS_SANITIZED
#include <sanitizer/asan_interface.h>
/* A free chunk must not be read: the sanitizer then finds who still holds an ended call's view. */
#define POISON(chunk)   __asan_poison_memory_region((chunk)->bytes, (chunk)->capacity)
#define UNPOISON(chunk) __asan_unpoison_memory_region((chunk)->bytes, (chunk)->capacity)
#else
#define POISON(chunk)   ((void)(chunk))
#define UNPOISON(chunk) ((void)(chunk))
#endif

enum { HEADER = sizeof(struct dk__chunk) };

static struct dk__chunk *chunk_new(struct dk__pool *pool, size_t bytes) {
    struct dk__chunk *chunk = malloc(bytes);
    pool->heap_takes++;
    if (chunk != NULL) {
        chunk->capacity = (uint32_t)(bytes - HEADER);
    }
    return chunk;
}

struct dk__chunk *dk__pool_take(struct dk__pool *pool, size_t size) {
    struct dk__chunk *chunk = NULL;
    if (size > UINT32_MAX - HEADER) {
        return NULL;
    }
    if (size <= DK__CHUNK_SMALL - HEADER) {
        chunk = pool->small_free;
        if (chunk != NULL) {
            pool->small_free = chunk->next;
            pool->small_count--;
            UNPOISON(chunk);
        } else {
            chunk = chunk_new(pool, DK__CHUNK_SMALL);
        }
    } else if (size <= DK__CHUNK_LARGE - HEADER) {
        chunk = pool->large_free;
        if (chunk != NULL) {
            pool->large_free = chunk->next;
            pool->large_count--;
            UNPOISON(chunk);
        } else {
            chunk = chunk_new(pool, DK__CHUNK_LARGE);
        }
    } else {
        chunk = chunk_new(pool, size + HEADER);
    }
    if (chunk != NULL) {
        chunk->next = NULL;
        chunk->used = 0;
        chunk->taken = 0;
    }
    return chunk;
}

void dk__pool_give(struct dk__pool *pool, struct dk__chunk *chunk) {
    if (chunk->capacity == DK__CHUNK_SMALL - HEADER && pool->small_count < pool->kept_max) {
        chunk->next = pool->small_free;
        pool->small_free = chunk;
        pool->small_count++;
        POISON(chunk);
    } else if (chunk->capacity == DK__CHUNK_LARGE - HEADER && pool->large_count < pool->kept_max) {
        chunk->next = pool->large_free;
        pool->large_free = chunk;
        pool->large_count++;
        POISON(chunk);
    } else {
        free(chunk);
    }
}

static void list_free(struct dk__chunk *chunk) {
    while (chunk != NULL) {
        struct dk__chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void dk__pool_clear(struct dk__pool *pool) {
    list_free(pool->small_free);
    list_free(pool->large_free);
    pool->small_free = NULL;
    pool->large_free = NULL;
    pool->small_count = 0;
    pool->large_count = 0;
}
