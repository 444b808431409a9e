/* A table keeps what it was given, however it grows and wherever its keys fall together. */
#include "compute/text_table.h"

#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(text_table, finds_every_key_after_growing) {
    enum { KEYS = 10000 };
    struct text_table table = {0};
    struct random random = {.state = 7};
    for (uint32_t i = 0; i < KEYS; i++) {
        bool is_new = false;
        struct text_slot *slot = text_table_take(&table, random_next(&random), &is_new);
        cr_assert(is_new);
        cr_assert(eq(u32, slot->count, 0));
        slot->value = i;
    }

    random.state = 7;
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct text_slot *slot = text_table_find(&table, random_next(&random));
        cr_assert(ne(ptr, (void *)slot, NULL));
        cr_assert(eq(u32, slot->value, i));
    }

    cr_assert(eq(sz, table.count, KEYS));
    cr_assert(le(sz, 2 * table.count, table.slot_count));
    text_table_free(&table);
}

Test(text_table, keys_that_begin_their_search_at_one_slot_stay_apart) {
    struct text_table table = {0};
    for (uint64_t i = 0; i < 100; i++) {
        bool is_new = false;
        text_table_take(&table, (i << 32) + 5, &is_new)->value = (uint32_t)i;
    }

    for (uint64_t i = 0; i < 100; i++) {
        cr_assert(eq(u32, text_table_find(&table, (i << 32) + 5)->value, (uint32_t)i));
    }
    cr_assert(eq(ptr, text_table_find(&table, (UINT64_C(100) << 32) + 5), NULL));
    text_table_free(&table);
}

Test(text_table, a_key_that_is_there_is_not_new) {
    struct text_table table = {0};
    bool is_new = false;
    text_table_take(&table, 9, &is_new)->count = 3;

    const struct text_slot *slot = text_table_take(&table, 9, &is_new);

    cr_assert(not(is_new));
    cr_assert(eq(u32, slot->count, 3));
    cr_assert(eq(sz, table.count, 1));
    text_table_free(&table);
}

/* 0 marks a free slot: as a key it is 1. */
Test(text_table, zero_is_a_key_as_others_are) {
    struct text_table table = {0};
    bool is_new = false;
    cr_assert(eq(ptr, text_table_find(&table, 0), NULL));
    text_table_take(&table, 0, &is_new)->value = 8;

    cr_assert(is_new);
    cr_assert(eq(u32, text_table_find(&table, 0)->value, 8));
    text_table_free(&table);
    cr_assert(eq(ptr, text_table_find(&table, 0), NULL));
}
