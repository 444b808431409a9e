/*
 * A hash table whose keys are hashes already: a key's lower bits say where its search begins.
 *
 * Thread: any.
 */
#include "compute/text_table.h"

#include <stdlib.h>

enum { SLOTS_LEAST = 256 };

static struct text_slot *slot_of(const struct text_table *table, uint64_t key) {
    const size_t mask = table->slot_count - 1;
    size_t i = (size_t)key & mask;
    while (table->slots[i].key != 0 && table->slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return &table->slots[i];
}

static bool table_grow(struct text_table *table) {
    struct text_table larger = {
        .slot_count = table->slot_count == 0 ? SLOTS_LEAST : 2 * table->slot_count,
        .count = table->count};
    larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].key != 0) {
            *slot_of(&larger, table->slots[i].key) = table->slots[i];
        }
    }
    free(table->slots);
    *table = larger;
    return true;
}

struct text_slot *text_table_take(struct text_table *table, uint64_t key, bool *ret_is_new) {
    key = key == 0 ? 1 : key;
    if (2 * (table->count + 1) > table->slot_count && !table_grow(table)) {
        return NULL;
    }
    struct text_slot *slot = slot_of(table, key);
    *ret_is_new = slot->key == 0;
    if (*ret_is_new) {
        slot->key = key;
        table->count++;
    }
    return slot;
}

struct text_slot *text_table_find(const struct text_table *table, uint64_t key) {
    if (table->count == 0) {
        return NULL;
    }
    struct text_slot *slot = slot_of(table, key == 0 ? 1 : key);
    return slot->key == 0 ? NULL : slot;
}

void text_table_free(struct text_table *table) {
    free(table->slots);
    *table = (struct text_table){0};
}
