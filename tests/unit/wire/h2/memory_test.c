/* What nghttp2 gets instead of the heap. */
#include "rig.h"

#include "wire/h2/listener.h"
#include "wire/h2/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static struct dk__h2_memory memory;

static void start(void) {
    dk__h2_memory_setup(&memory);
}

static void end(void) {
    dk__h2_memory_clear(&memory);
}

TestSuite(h2_memory, .init = start, .fini = end);

static void *take(size_t size) {
    return memory.functions.malloc(size, memory.functions.mem_user_data);
}

static void *resize(void *bytes, size_t size) {
    return memory.functions.realloc(bytes, size, memory.functions.mem_user_data);
}

static void give(void *bytes) {
    memory.functions.free(bytes, memory.functions.mem_user_data);
}

Test(h2_memory, gives_every_size_its_bytes_and_an_even_address) {
    for (size_t size = 0; size < 2 * DK__H2_BLOCK_BYTES_MAX; size += 7) {
        char *bytes = take(size);

        cr_assert(ne(ptr, bytes, NULL));
        cr_assert(eq(sz, (uintptr_t)bytes % _Alignof(max_align_t), 0));
        memset(bytes, 0x5A, size); /* the sanitizer holds it to its word */
        give(bytes);
    }
}

Test(h2_memory, asks_the_heap_once_for_a_size) {
    for (int i = 0; i < 100; i++) {
        void *small = take(50), *large = take(DK__H2_BLOCK_BYTES_MAX);
        give(large);
        give(small);
    }

    cr_assert(eq(u64, memory.takes, 200));
    cr_assert(eq(u64, memory.heap_takes, 2));
}

Test(h2_memory, keeps_no_more_than_its_bound) {
    enum { COUNT = DK__H2_KEPT_BYTES_MAX / DK__H2_BLOCK_BYTES_MAX + 10 };
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = take(DK__H2_BLOCK_BYTES_MAX);
    }

    for (int i = 0; i < COUNT; i++) {
        give(blocks[i]);
    }

    cr_assert(eq(u32, memory.kept_bytes, DK__H2_KEPT_BYTES_MAX));
    dk__h2_memory_clear(&memory);
    cr_assert(eq(u32, memory.kept_bytes, 0));
}

Test(h2_memory, returns_what_is_larger_to_the_heap) {
    give(take(DK__H2_BLOCK_BYTES_MAX + 1));

    cr_assert(eq(u32, memory.kept_bytes, 0));
}

Test(h2_memory, resizes_without_losing_a_byte) {
    char *bytes = resize(NULL, 10);
    memcpy(bytes, "0123456789", 10);

    for (size_t size = 10; size < 4 * DK__H2_BLOCK_BYTES_MAX; size *= 2) {
        bytes = resize(bytes, size);
        cr_assert(eq(int, memcmp(bytes, "0123456789", 10), 0));
        memset(bytes + 10, 0x5A, size - 10);
    }
    bytes = resize(bytes, 10);
    cr_assert(eq(int, memcmp(bytes, "0123456789", 10), 0));
    give(bytes);
}

Test(h2_memory, zeroes_what_was_used_before) {
    static const char zeroes[100] = {0};
    char *bytes = take(sizeof zeroes);
    memset(bytes, 0x5A, sizeof zeroes);
    give(bytes);

    bytes = memory.functions.calloc(10, 10, memory.functions.mem_user_data);

    cr_assert(eq(int, memcmp(bytes, zeroes, sizeof zeroes), 0));
    give(bytes);
}

Test(h2_memory, refuses_what_no_memory_can_hold) {
    void *context = memory.functions.mem_user_data;

    cr_assert(eq(ptr, memory.functions.calloc(SIZE_MAX / 2, 3, context), NULL));
    cr_assert(eq(ptr, take(SIZE_MAX), NULL));
    give(NULL);
}

/* nghttp2 keeps as many closed streams as may be open: then it is warm. */
Test(h2_memory, serves_a_warm_connection_without_the_heap) {
    enum { CALLS = 200, CALLS_MAX = 16 };
    struct dk__limits limits = dk__limits_default;
    limits.calls_max = CALLS_MAX;
    rig_open(&limits);
    for (int i = 0; i < 2 * CALLS_MAX; i++) {
        h2_call_free(rig_call("/test.T/Echo", (struct dk_bytes)DK_BYTES("warm")));
    }
    const struct dk__h2_memory *nghttp2 = &rig.listener->memory;
    const uint64_t takes = nghttp2->takes, heap_takes = nghttp2->heap_takes;

    for (int i = 0; i < CALLS; i++) {
        h2_call_free(rig_call("/test.T/Echo", (struct dk_bytes)DK_BYTES("call")));
    }

    cr_assert(ge(u64, nghttp2->takes - takes, CALLS)); /* it went this way */
    cr_assert(eq(u64, nghttp2->heap_takes, heap_takes));
    rig_close();
}
