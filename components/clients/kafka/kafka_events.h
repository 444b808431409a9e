#ifndef CLIENTS_KAFKA_EVENTS_H
#define CLIENTS_KAFKA_EVENTS_H

#include <dk/error.h>
#include <dk/loop.h>
#include <librdkafka/rdkafka.h>

/*
 * A queue of librdkafka as a watch of the loop: its threads poke a descriptor, the loop takes the
 * events. Log lines are written here; every other event goes to its owner.
 *
 * Thread: the loop's. Owner: a member of its owner's structure, zeroed at birth.
 * Bound:  KAFKA_EVENTS_TURN_MAX events in a turn, so that one busy client leaves the others their
 *         turn; what remains comes in the next.
 */
enum { KAFKA_EVENTS_TURN_MAX = 64 };

struct kafka_events {
    /* Takes an event, which is destroyed afterwards. Does not close the events: the event still
     * belongs to their client. Defer that. */
    void (*on_event)(struct kafka_events *events, rd_kafka_event_t *event);

    struct dk_loop *loop; /* private from here on */
    rd_kafka_queue_t *queue;
    struct dk_watch watch;
};

/* Begins; takes the queue over. Errors: DK_EXHAUSTED without descriptors; the queue is then still
 * the caller's. */
enum dk_error kafka_events_open(
    struct kafka_events *events,
    struct dk_loop *loop,
    rd_kafka_queue_t *queue,
    struct dk_fault *fault);

/* Ends; before the queue's client is destroyed. Fine when never opened. */
void kafka_events_close(struct kafka_events *events);

#endif /* CLIENTS_KAFKA_EVENTS_H */
