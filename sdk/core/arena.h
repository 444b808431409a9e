#ifndef DK_CORE_ARENA_H
#define DK_CORE_ARENA_H

#include "core/pool.h"

#include <dk/bytes.h>
#include <stddef.h>

/*
 * Memory that belongs to one call and ends with it, in one step.
 *
 * Thread: whoever owns the call. Bound: bytes_max counts what was asked for, alignment included;
 * one byte more gives NULL, and what was taken stays good.
 */
struct dk__arena {
    struct dk__pool *pool;
    struct dk__chunk *newest;
    size_t bytes_taken;
    size_t bytes_max;
};

/* Zeroed memory, aligned for anything; NULL at the bound. size 0 gives a valid pointer. */
void *dk__arena_take(struct dk__arena *arena, size_t size);
/* The same without zeroing and alignment, for bytes that are written at once. */
char *dk__arena_take_bytes(struct dk__arena *arena, size_t size);
/* A NUL-terminated copy; NULL at the bound. */
char *dk__arena_copy_text(struct dk__arena *arena, struct dk_bytes text);
/*
 * Memory for a while: what is taken after begin goes with end, what was taken before stays. Pairs
 * nest. The bound holds for both together.
 */
struct dk__arena_part {
    struct dk__chunk *newest;
    size_t bytes_taken;
};
struct dk__arena_part dk__arena_part_begin(struct dk__arena *arena);
void dk__arena_part_end(struct dk__arena *arena, struct dk__arena_part part);

/* Gives every chunk back; the arena can be used again. Not between begin and end. */
void dk__arena_reset(struct dk__arena *arena);

#endif /* DK_CORE_ARENA_H */
