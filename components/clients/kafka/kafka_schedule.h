#ifndef CLIENTS_KAFKA_SCHEDULE_H
#define CLIENTS_KAFKA_SCHEDULE_H

#include "clients/kafka/kafka_partition.h"

/*
 * Which partition is served when: those that may have something stand in line with their
 * subscription, and are served once at the end of a turn, whatever made them ready.
 *
 * Thread: the loop's. Bound: KAFKA_SCHEDULE_RECORDS_MAX deliveries of a subscription in a turn; the
 *         rest goes on in the next, after the loop has read what came.
 */
enum { KAFKA_SCHEDULE_RECORDS_MAX = 1024 };

/* A subscription and its line; its subscription's context. */
struct kafka_reader {
    struct kafka_reader *next;
    struct dk_subscription *subscription;
    struct kafka_partition *oldest, **newest;
};

struct kafka_schedule {
    struct dk_loop *loop;
    /* After partitions were served: those whose offsets may have moved are in `dirty`. */
    void (*on_served)(struct kafka_schedule *schedule);
    bool is_held; /* nothing is delivered, settlements go on */

    struct kafka_reader *readers;
    struct kafka_partition *dirty;
    struct dk_deferred run;
    struct dk_timer again;
};

/* The schedule's loop and on_served are set, all else is zeroed. */
void kafka_schedule_open(struct kafka_schedule *schedule);
void kafka_schedule_close(struct kafka_schedule *schedule);

/* Errors: DK_EXHAUSTED. */
enum dk_error kafka_schedule_add(
    struct kafka_schedule *schedule, struct dk_subscription *subscription);
/* No partition may be the subscription's any more. */
void kafka_schedule_remove(struct kafka_schedule *schedule, struct dk_subscription *subscription);

/* A partition may have something to deliver, or to store. */
void kafka_schedule_ready(struct kafka_schedule *schedule, struct kafka_partition *partition);
/* Serves at the end of this turn. */
void kafka_schedule_soon(struct kafka_schedule *schedule);
/* No partition stands in any line afterwards; they are no longer ready, still dirty. */
void kafka_schedule_empty(struct kafka_schedule *schedule);
/* The next partition whose offsets may have moved; NULL when there is none. */
struct kafka_partition *kafka_schedule_take_dirty(struct kafka_schedule *schedule);

#endif /* CLIENTS_KAFKA_SCHEDULE_H */
