/*
 * A ticket is generation (48 bits) over place plus one (16 bits); free places form a list.
 */
#include "core/slots.h"

#include <stdlib.h>

enum { SLOTS_MAX = 65535, PLACE_BITS = 16 };

struct slot {
    void *tenant;
    uint64_t generation;
    uint32_t next_free; /* place plus one; 0 ends the list */
    bool is_taken;
};

struct dk__slots {
    uint32_t count, used;
    uint32_t first_free;
    uint32_t empty_before; /* no place before this one is taken: where take_any begins to look */
    struct slot slots[];
};

struct dk__slots *dk__slots_new(uint32_t count) {
    if (count == 0 || count > SLOTS_MAX) {
        return NULL;
    }
    struct dk__slots *slots = calloc(1, sizeof *slots + count * sizeof slots->slots[0]);
    if (slots == NULL) {
        return NULL;
    }
    slots->count = count;
    slots->first_free = 1;
    for (uint32_t i = 0; i < count; i++) {
        slots->slots[i].next_free = i + 1 < count ? i + 2 : 0;
    }
    return slots;
}

void dk__slots_free(struct dk__slots *slots) {
    free(slots);
}

uint64_t dk__slots_put(struct dk__slots *slots, void *tenant) {
    const uint32_t place = slots->first_free;
    if (place == 0) {
        return 0;
    }
    struct slot *slot = &slots->slots[place - 1];
    slots->first_free = slot->next_free;
    slots->used++;
    slot->tenant = tenant;
    slot->is_taken = true;
    slot->generation++;
    slots->empty_before = place - 1 < slots->empty_before ? place - 1 : slots->empty_before;
    return slot->generation << PLACE_BITS | place;
}

static struct slot *slot_of(const struct dk__slots *slots, uint64_t ticket) {
    const uint32_t place = (uint32_t)(ticket & ((1U << PLACE_BITS) - 1));
    if (place == 0 || place > slots->count) {
        return NULL;
    }
    /* The table is ours; only its address came in as const. */
    struct slot *slot = (struct slot *)(uintptr_t)&slots->slots[place - 1];
    return slot->is_taken && slot->generation == ticket >> PLACE_BITS ? slot : NULL;
}

void *dk__slots_find(const struct dk__slots *slots, uint64_t ticket) {
    const struct slot *slot = slot_of(slots, ticket);
    return slot == NULL ? NULL : slot->tenant;
}

void *dk__slots_take(struct dk__slots *slots, uint64_t ticket) {
    struct slot *slot = slot_of(slots, ticket);
    if (slot == NULL) {
        return NULL;
    }
    slot->is_taken = false;
    slot->next_free = slots->first_free;
    slots->first_free = (uint32_t)(ticket & ((1U << PLACE_BITS) - 1));
    slots->used--;
    return slot->tenant;
}

void *dk__slots_take_any(struct dk__slots *slots) {
    for (; slots->empty_before < slots->count; slots->empty_before++) {
        const uint32_t place = slots->empty_before + 1;
        const struct slot *slot = &slots->slots[place - 1];
        if (slot->is_taken) {
            return dk__slots_take(slots, slot->generation << PLACE_BITS | place);
        }
    }
    return NULL;
}

uint32_t dk__slots_place(uint64_t ticket) {
    return (uint32_t)(ticket & ((1U << PLACE_BITS) - 1)) - 1;
}

uint32_t dk__slots_used(const struct dk__slots *slots) {
    return slots->used;
}
