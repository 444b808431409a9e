#ifndef COMPUTE_TEXT_TABLE_H
#define COMPUTE_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From keys of 64 well-mixed bits to numbers. Two things with the same key are the same thing: with
 * XXH3 as the key that goes wrong once in 30 million texts of a million words.
 *
 * Zeroed is empty. Open addressing, half full at most, 16 bytes a slot.
 * Owner:  text_table_free.
 * Thread: any; a table is its owner's.
 */
struct text_slot {
    uint64_t key; /* 0: free */
    uint32_t value;
    uint32_t count; /* for the user */
};

struct text_table {
    struct text_slot *slots;
    size_t slot_count, count;
};

/* The slot of a key, made with value and count 0 when there is none; `ret_is_new` says so. It
 * stays valid until the next call. NULL without memory. */
struct text_slot *text_table_take(struct text_table *table, uint64_t key, bool *ret_is_new);
/* NULL when there is none. */
struct text_slot *text_table_find(const struct text_table *table, uint64_t key);
void text_table_free(struct text_table *table);

#endif /* COMPUTE_TEXT_TABLE_H */
