#ifndef CLIENTS_REDIS_SLOTS_H
#define CLIENTS_REDIS_SLOTS_H

#include "clients/redis/redis_connection.h"

/* Who waits for the next answer. */
struct redis_slot {
    redis_answer_fn *on_answer;
    void *context;
    int64_t block_ms;
};

/*
 * First in, first out: Redis answers in the order of the commands. A ring that grows by doubling
 * up to its bound and then never again, so that a warm connection does not visit the heap.
 *
 * Thread: one. Owner: a member of the connection; zeroed with count_max set is empty.
 * Bound:  count_max; one more is refused.
 */
struct redis_slots {
    struct redis_slot *ring;
    size_t capacity, oldest, count, count_max;
};

bool redis_slots_put(struct redis_slots *slots, struct redis_slot slot);
/* The oldest, still in its place; NULL when empty. */
const struct redis_slot *redis_slots_first(const struct redis_slots *slots);
struct redis_slot redis_slots_take(struct redis_slots *slots);
void redis_slots_clear(struct redis_slots *slots);

#endif /* CLIENTS_REDIS_SLOTS_H */
