#ifndef CLIENTS_KAFKA_OFFSETS_H
#define CLIENTS_KAFKA_OFFSETS_H

#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Which offsets of one partition are out and which are settled, to know how far the group's
 * position may move: up to the lowest unsettled offset, never past it.
 *
 *     taken     5  6  9 10       6 and 10 are settled, 5 and 9 are not: nothing may be stored
 *     settle 5           → store 7     (the offset to read next)
 *     settle 9           → store 11    (gaps of compaction and transactions are no messages)
 *
 * Pure. Thread: one. Owner: whoever holds the struct; zeroed is a table that has no window.
 * Bound:  `window` offsets out at once, at most KAFKA_OFFSETS_WINDOW_MAX.
 */
enum { KAFKA_OFFSETS_WINDOW_MAX = 65536 };

struct kafka_offset_mark;

struct kafka_offsets {
    struct kafka_offset_mark *marks; /* a ring, in rising order of offsets */
    uint32_t window, first, count;
    int64_t next;   /* one past the last offset of the settled front; −1 before there is one */
    int64_t stored; /* what was given out to be stored last; −1 before */
};

/* Errors: DK_EXHAUSTED without memory; DK_INVALID for a window of 0 or too large a one. */
enum dk_error kafka_offsets_open(struct kafka_offsets *offsets, uint32_t window);
/* Accepts a table that never opened. */
void kafka_offsets_close(struct kafka_offsets *offsets);

/*
 * Notes an offset as out. False, and nothing is noted, when the window is full, and when the offset
 * is not above every one that is out: the log was cut or the position was reset, so what is out has
 * to be settled first. An empty window takes any offset ≥ 0.
 */
bool kafka_offsets_take(struct kafka_offsets *offsets, int64_t offset);

/* An offset is settled, in any order. False for one that is not out: settled before, or never
 * taken. */
bool kafka_offsets_settle(struct kafka_offsets *offsets, int64_t offset);

/* The lowest offset that is out and unsettled; −1 when there is none. */
int64_t kafka_offsets_lowest(const struct kafka_offsets *offsets);

/* How many more offsets may be taken. */
uint32_t kafka_offsets_room(const struct kafka_offsets *offsets);

/* The position to store now, and notes it as stored; false when it has not moved since. */
bool kafka_offsets_store(struct kafka_offsets *offsets, int64_t *ret_next);

#endif /* CLIENTS_KAFKA_OFFSETS_H */
