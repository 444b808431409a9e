/* Memory of one call: its bound, its alignment, its end. */
#include "core/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct dk__pool pool;
static struct dk__arena arena;

static void start(void) {
    pool = (struct dk__pool){.kept_max = 64};
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 64};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(arena, .init = start, .fini = end);

Test(arena, is_full_at_exactly_its_size) {
    cr_assert(ne(ptr, dk__arena_take(&arena, 64), NULL));

    cr_assert(eq(ptr, dk__arena_take(&arena, 1), NULL));
    cr_assert(eq(ptr, dk__arena_take_bytes(&arena, 1), NULL));
}

Test(arena, keeps_what_was_taken_when_one_byte_more_is_refused) {
    char *bytes = dk__arena_take_bytes(&arena, 63);
    memset(bytes, 'x', 63);

    cr_assert(eq(ptr, dk__arena_take_bytes(&arena, 2), NULL));

    cr_assert(eq(chr, bytes[0], 'x'));
    cr_assert(eq(chr, bytes[62], 'x'));
    cr_assert(ne(ptr, dk__arena_take_bytes(&arena, 1), NULL));
}

Test(arena, counts_the_padding_of_alignment) {
    cr_assert(ne(ptr, dk__arena_take_bytes(&arena, 1), NULL));

    cr_assert(eq(ptr, dk__arena_take(&arena, 64 - alignof(max_align_t) + 1), NULL));
    cr_assert(ne(ptr, dk__arena_take(&arena, 64 - alignof(max_align_t)), NULL));
    cr_assert(eq(sz, arena.bytes_taken, 64));
}

Test(arena, aligns_for_anything_and_zeroes) {
    arena.bytes_max = 1 << 20;
    for (size_t size = 0; size < 300; size++) {
        (void)dk__arena_take_bytes(&arena, size % 7);

        char *memory = dk__arena_take(&arena, size);

        cr_assert(ne(ptr, memory, NULL));
        cr_assert(eq(sz, (uintptr_t)memory % alignof(max_align_t), 0));
        for (size_t i = 0; i < size; i++) {
            cr_assert(eq(chr, memory[i], '\0'));
        }
        memset(memory, 0xFF, size);
    }
}

Test(arena, zeroes_memory_that_an_earlier_call_has_used) {
    memset(dk__arena_take(&arena, 64), 0xFF, 64);
    dk__arena_reset(&arena);

    const char *memory = dk__arena_take(&arena, 64);

    for (size_t i = 0; i < 64; i++) {
        cr_assert(eq(chr, memory[i], '\0'));
    }
}

Test(arena, gives_a_valid_pointer_for_nothing) {
    cr_assert(ne(ptr, dk__arena_take(&arena, 0), NULL));
    cr_assert(ne(ptr, dk__arena_take_bytes(&arena, 0), NULL));
    cr_assert(eq(sz, arena.bytes_taken, 0));
}

Test(arena, goes_on_in_the_same_chunk_after_a_big_request) {
    arena.bytes_max = 1 << 20;
    const char *before = dk__arena_take_bytes(&arena, 16);
    char *big = dk__arena_take_bytes(&arena, 100000);
    memset(big, 1, 100000);

    const char *after = dk__arena_take_bytes(&arena, 16);

    cr_assert(eq(ptr, (void *)after, (void *)(before + 16)));
    cr_assert(eq(u64, pool.heap_takes, 2));
}

Test(arena, refuses_sizes_that_would_wrap_around) {
    arena.bytes_max = SIZE_MAX;
    (void)dk__arena_take_bytes(&arena, 3);

    cr_assert(eq(ptr, dk__arena_take(&arena, SIZE_MAX), NULL));
    cr_assert(eq(ptr, dk__arena_take(&arena, SIZE_MAX - 8), NULL));
    cr_assert(eq(ptr, dk__arena_take_bytes(&arena, SIZE_MAX - 2), NULL));
}

Test(arena, copies_text_with_its_nul_bytes_and_ends_it) {
    const char *copy = dk__arena_copy_text(&arena, (struct dk_bytes){.data = "a\0b", .size = 3});

    cr_assert(eq(int, memcmp(copy, "a\0b", 4), 0));
    cr_assert(eq(str, dk__arena_copy_text(&arena, (struct dk_bytes){0}), ""));
}

Test(arena, refuses_a_text_whose_end_does_not_fit) {
    char text[64];
    memset(text, 'x', sizeof text);

    cr_assert(
        eq(ptr, dk__arena_copy_text(&arena, (struct dk_bytes){.data = text, .size = 64}), NULL));
    cr_assert(
        ne(ptr, dk__arena_copy_text(&arena, (struct dk_bytes){.data = text, .size = 63}), NULL));
}

Test(arena, can_be_used_again_after_reset_without_the_heap) {
    arena.bytes_max = 1 << 20;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 30; i++) {
            cr_assert(ne(ptr, dk__arena_take(&arena, 100), NULL));
        }
        dk__arena_reset(&arena);
        cr_assert(eq(sz, arena.bytes_taken, 0));
    }

    cr_assert(le(u64, pool.heap_takes, 2));
}

Test(arena, may_lie_in_its_own_memory) {
    struct dk__arena first = {.pool = &pool, .bytes_max = 1 << 20};
    struct dk__arena *own = dk__arena_take(&first, sizeof *own);
    *own = first;
    for (int i = 0; i < 100; i++) {
        cr_assert(ne(ptr, dk__arena_take(own, 1000), NULL));
    }

    dk__arena_reset(own); /* the sanitizer sees any look at the arena after its chunk went */

    cr_assert(gt(u32, pool.small.count, 0));
}

Test(arena, gives_places_that_never_overlap) {
    enum { TAKES = 2000 };
    static struct {
        unsigned char *bytes;
        size_t size;
    } takes[TAKES];
    size_t sum = 0;
    arena.bytes_max = 64 << 20;
    srand(7);
    for (int i = 0; i < TAKES; i++) {
        takes[i].size = rand() % 50 == 0 ? (size_t)rand() % 20000 : (size_t)rand() % 200;
        takes[i].bytes = rand() % 2 == 0 ? dk__arena_take(&arena, takes[i].size)
                                         : (void *)dk__arena_take_bytes(&arena, takes[i].size);
        memset(takes[i].bytes, i % 251, takes[i].size);
        sum += takes[i].size;
    }

    for (int i = 0; i < TAKES; i++) {
        for (size_t at = 0; at < takes[i].size; at++) {
            cr_assert(eq(u8, takes[i].bytes[at], i % 251), "take %d at %zu", i, at);
        }
    }
    cr_assert(ge(sz, arena.bytes_taken, sum));
    cr_assert(lt(sz, arena.bytes_taken, sum + TAKES * alignof(max_align_t)));
}

Test(arena, gives_back_what_was_taken_for_a_while) {
    arena.bytes_max = (size_t)1 << 20;
    char *before = dk__arena_copy_text(&arena, (struct dk_bytes)DK_BYTES("before"));
    const size_t bytes = arena.bytes_taken;

    for (int i = 0; i < 100; i++) { /* a hundred times more than it holds at once */
        const struct dk__arena_part outer = dk__arena_part_begin(&arena);
        cr_assert(ne(ptr, dk__arena_take(&arena, 600000), NULL));
        const struct dk__arena_part inner = dk__arena_part_begin(&arena);
        cr_assert(ne(ptr, dk__arena_take(&arena, 400000), NULL));
        cr_assert(eq(ptr, dk__arena_take(&arena, 100000), NULL)); /* together they are bound */
        dk__arena_part_end(&arena, inner);
        cr_assert(ne(ptr, dk__arena_take(&arena, 100000), NULL));
        dk__arena_part_end(&arena, outer);
    }

    cr_assert(eq(str, before, "before"));
    cr_assert(eq(sz, arena.bytes_taken, bytes));
}
