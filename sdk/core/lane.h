#ifndef DK_CORE_LANE_H
#define DK_CORE_LANE_H

#include <stdatomic.h>
#include <stdbool.h>

/* A unit of work on its way to a loop; a member of whatever is given away. */
struct dk__work {
    struct dk__work *next;                 /* private to the lane */
    void (*on_arrival)(struct dk__work *); /* runs on the loop */
};

/*
 * A one-way street from any thread to one loop.
 *
 * Thread: dk__lane_post from any; dk__lane_drain from the loop alone.
 * Owner:  posting gives the work away: it is not touched afterwards. Draining receives it.
 * Bound:  none of its own; what travels is bounded where it was made (calls_max, handlers_max).
 */
struct dk__lane {
    _Atomic(struct dk__work *) newest;
};

/* True when the lane was empty: the poster then wakes the loop, and nobody else does. */
bool dk__lane_post(struct dk__lane *lane, struct dk__work *work);
/* All that was posted, oldest first, linked by next; NULL when nothing was. */
struct dk__work *dk__lane_drain(struct dk__lane *lane);

#endif /* DK_CORE_LANE_H */
