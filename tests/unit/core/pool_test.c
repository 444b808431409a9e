/* Chunks that come again, and how many stay. */
#include "core/pool.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <string.h>

enum { HEADER = sizeof(struct dk__chunk) };

static struct dk__pool pool;

static void start(void) {
    pool = (struct dk__pool){.kept_max = 2 * DK__CHUNK_HUGE_SHARE};
}

static void end(void) {
    dk__pool_clear(&pool);
}

TestSuite(pool, .init = start, .fini = end);

Test(pool, gives_a_chunk_with_room_for_what_was_asked) {
    const size_t sizes[] = {
        0,
        1,
        DK__CHUNK_SMALL - HEADER,
        DK__CHUNK_SMALL - HEADER + 1,
        DK__CHUNK_LARGE - HEADER,
        DK__CHUNK_LARGE - HEADER + 1,
        DK__CHUNK_HUGE - HEADER,
        DK__CHUNK_HUGE - HEADER + 1,
        1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct dk__chunk *chunk = dk__pool_take(&pool, sizes[i]);

        cr_assert(ne(ptr, chunk, NULL));
        cr_assert(ge(sz, chunk->capacity, sizes[i]));
        cr_assert(eq(u32, chunk->used, 0));
        memset(chunk->bytes, 0x5A, chunk->capacity); /* the sanitizer holds it to its word */
        dk__pool_give(&pool, chunk);
    }
}

Test(pool, uses_a_chunk_again_and_empties_it_first) {
    struct dk__chunk *first = dk__pool_take(&pool, 100);
    first->used = 100;
    first->taken = 50;
    first->next = first;
    dk__pool_give(&pool, first);

    struct dk__chunk *again = dk__pool_take(&pool, 200);

    cr_assert(eq(ptr, again, first));
    cr_assert(eq(u32, again->used, 0));
    cr_assert(eq(u32, again->taken, 0));
    cr_assert(eq(ptr, again->next, NULL));
    cr_assert(eq(u64, pool.heap_takes, 1));
    dk__pool_give(&pool, again);
}

Test(pool, asks_the_heap_no_more_once_it_is_warm) {
    for (int round = 0; round < 100; round++) {
        struct dk__chunk *small = dk__pool_take(&pool, 1);
        struct dk__chunk *large = dk__pool_take(&pool, DK__CHUNK_SMALL);
        struct dk__chunk *huge = dk__pool_take(&pool, DK__CHUNK_LARGE);
        dk__pool_give(&pool, small);
        dk__pool_give(&pool, large);
        dk__pool_give(&pool, huge);
    }

    cr_assert(eq(u64, pool.heap_takes, 3));
}

Test(pool, keeps_no_more_of_each_size_than_its_bound) {
    enum { COUNT = 4 * DK__CHUNK_HUGE_SHARE };
    static const size_t sizes[] = {1, DK__CHUNK_SMALL, DK__CHUNK_LARGE};
    struct dk__chunk *chunks[3][COUNT];
    for (size_t i = 0; i < 3; i++) {
        for (int k = 0; k < COUNT; k++) {
            chunks[i][k] = dk__pool_take(&pool, sizes[i]);
        }
    }

    for (size_t i = 0; i < 3; i++) {
        for (int k = 0; k < COUNT; k++) {
            dk__pool_give(&pool, chunks[i][k]);
        }
    }

    cr_assert(eq(u32, pool.small.count, 2 * DK__CHUNK_HUGE_SHARE));
    cr_assert(eq(u32, pool.large.count, 2 * DK__CHUNK_HUGE_SHARE));
    cr_assert(eq(u32, pool.huge.count, 2));
}

Test(pool, returns_what_is_larger_than_its_sizes_to_the_heap) {
    dk__pool_give(&pool, dk__pool_take(&pool, DK__CHUNK_HUGE));

    cr_assert(eq(u32, pool.small.count + pool.large.count + pool.huge.count, 0));
    dk__pool_give(&pool, dk__pool_take(&pool, DK__CHUNK_HUGE));
    cr_assert(eq(u64, pool.heap_takes, 2));
}

Test(pool, refuses_a_size_that_no_chunk_can_count) {
    cr_assert(eq(ptr, dk__pool_take(&pool, UINT32_MAX), NULL));
    cr_assert(eq(ptr, dk__pool_take(&pool, SIZE_MAX), NULL));
    cr_assert(eq(u64, pool.heap_takes, 0));
}

Test(pool, is_empty_and_of_use_after_clear) {
    dk__pool_give(&pool, dk__pool_take(&pool, 1));

    dk__pool_clear(&pool);

    cr_assert(eq(u32, pool.small.count, 0));
    dk__pool_give(&pool, dk__pool_take(&pool, 1));
    cr_assert(eq(u64, pool.heap_takes, 2));
}
