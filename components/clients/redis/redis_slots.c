/*
 * The ring of commands in flight.
 */
#include "clients/redis/redis_slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 64 };

static bool grow(struct redis_slots *slots) {
    const size_t capacity = slots->capacity == 0 ? CAPACITY_FIRST : slots->capacity * 2;
    struct redis_slot *ring = calloc(capacity, sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    for (size_t i = 0; i < slots->count; i++) {
        ring[i] = slots->ring[(slots->oldest + i) & (slots->capacity - 1)];
    }
    free(slots->ring);
    slots->ring = ring;
    slots->capacity = capacity;
    slots->oldest = 0;
    return true;
}

bool redis_slots_put(struct redis_slots *slots, struct redis_slot slot) {
    if (slots->count >= slots->count_max) {
        return false;
    }
    if (slots->count == slots->capacity && !grow(slots)) {
        return false;
    }
    slots->ring[(slots->oldest + slots->count) & (slots->capacity - 1)] = slot;
    slots->count++;
    return true;
}

const struct redis_slot *redis_slots_first(const struct redis_slots *slots) {
    return slots->count == 0 ? NULL : &slots->ring[slots->oldest];
}

struct redis_slot redis_slots_take(struct redis_slots *slots) {
    assert(slots->count > 0);
    const struct redis_slot slot = slots->ring[slots->oldest];
    slots->oldest = (slots->oldest + 1) & (slots->capacity - 1);
    slots->count--;
    return slot;
}

void redis_slots_clear(struct redis_slots *slots) {
    free(slots->ring);
    *slots = (struct redis_slots){.count_max = slots->count_max};
}
