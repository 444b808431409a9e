#ifndef DK_CORE_POOL_H
#define DK_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Chunks of memory that one loop uses again and again, so that a warm process serves calls
 * without the heap. Three sizes are kept; larger chunks come from and return to the heap.
 *
 * Thread: the loop's. Bound: at most kept_max free chunks of each size stay, of the huge ones a
 * share of that; more return to the heap. What is in use is bounded by the arenas and chains that
 * took it.
 */

/* Bytes with the header. A huge one holds a bulk request of a hundred items, or their list. */
enum { DK__CHUNK_SMALL = 2048, DK__CHUNK_LARGE = 8192, DK__CHUNK_HUGE = 32768 };
enum { DK__CHUNK_HUGE_SHARE = 8 }; /* kept_max ÷ this many huge ones stay */

struct dk__chunk {
    struct dk__chunk *next;
    uint32_t capacity; /* of bytes */
    uint32_t used;     /* bytes written from the start */
    uint32_t taken;    /* bytes of these already consumed (chains) */
    uint32_t reserved;
    _Alignas(max_align_t) char bytes[];
};

struct dk__free_chunks {
    struct dk__chunk *first;
    uint32_t count;
};

struct dk__pool {
    struct dk__free_chunks small, large, huge;
    uint32_t kept_max;   /* of each size */
    uint64_t heap_takes; /* times the heap was asked: a test holds it still */
};

/* A chunk with room for at least `size` bytes, empty; NULL when the heap has none. */
struct dk__chunk *dk__pool_take(struct dk__pool *pool, size_t size);
void dk__pool_give(struct dk__pool *pool, struct dk__chunk *chunk);
/* Returns every free chunk to the heap. */
void dk__pool_clear(struct dk__pool *pool);

#endif /* DK_CORE_POOL_H */
