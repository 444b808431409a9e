#ifndef DK_CORE_SLOTS_H
#define DK_CORE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A fixed number of places, each with a generation: a ticket names place and generation, so a
 * ticket of an earlier tenant is recognised as stale without a map.
 *
 * Thread: one. Owner: the pointers put in stay the caller's.
 * Bound: the count given at birth, at most 65,535; a full table gives ticket 0.
 */
struct dk__slots;

struct dk__slots *dk__slots_new(uint32_t count);
void dk__slots_free(struct dk__slots *slots);
/* A ticket, never 0; 0 when all places are taken. */
uint64_t dk__slots_put(struct dk__slots *slots, void *tenant);
/* The tenant; NULL for a stale or foreign ticket. */
void *dk__slots_find(const struct dk__slots *slots, uint64_t ticket);
/* Empties the place and gives its tenant back; NULL for a stale or foreign ticket. */
void *dk__slots_take(struct dk__slots *slots, uint64_t ticket);
/* Empties any one place; NULL when all are empty. Emptying all of them looks at each place once. */
void *dk__slots_take_any(struct dk__slots *slots);
/* The ticket's place, from 0, below the count. */
uint32_t dk__slots_place(uint64_t ticket);
uint32_t dk__slots_used(const struct dk__slots *slots);

#endif /* DK_CORE_SLOTS_H */
