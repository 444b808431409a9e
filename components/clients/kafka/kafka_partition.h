#ifndef CLIENTS_KAFKA_PARTITION_H
#define CLIENTS_KAFKA_PARTITION_H

#include "clients/kafka/kafka_delivery.h"
#include "clients/kafka/kafka_offsets.h"
#include "clients/kafka/kafka_retry.h"
#include "clients/kafka/kafka_trouble.h"

#include <dk/loop.h>
#include <dk/subscription.h>

/*
 * One assigned partition: takes records from librdkafka in order, delivers them, and follows each
 * until it is settled.
 *
 *     librdkafka's queue ─▶ waiting ─▶ out ─▶ handled ─▶ offset settled
 *                              ▲        ├─▶ refused: waits for its time; the partition with it
 *                              └────────┘
 *                                       └─▶ retries spent, or never deliverable:
 *                                           buried (dead-letter topic), else skipped with a warning
 *
 * While a record waits for its time or is being buried, nothing newer leaves the partition; with a
 * window above 1, what is out already is not called back.
 *
 * Thread: the loop's.
 */
struct kafka_partition;
struct kafka_pending;

/* Where records end whose retries are spent. */
struct kafka_grave {
    void *context;
    const char *topic; /* for logs */
    /* Publishes the record with the reason. The answer comes in a later turn, exactly once, to
     * kafka_pending_buried with the ticket; not after an error here. Nothing of the record is needed
     * once this returns. */
    enum dk_error (*bury)(
        void *context, const rd_kafka_message_t *record, const char *reason, void *ticket);
};

struct kafka_consumer_counts {
    uint64_t delivered;         /* handed to the stream, again and again counted */
    uint64_t handled;           /* settled as done */
    uint64_t refused;           /* settled as refused */
    uint64_t abandoned;         /* settled as the stream's end */
    uint64_t stale;             /* settled after its partition had gone */
    uint64_t buried;            /* published to the dead-letter topic */
    uint64_t skipped;           /* given up without one */
    uint64_t undeliverable;     /* refused by dk_deliver for good */
    uint64_t assigned, revoked; /* partitions */
};

/* What the partitions of one consumer share; its owner fills all before the counts. */
struct kafka_consuming {
    struct dk_loop *loop;
    const char *instance; /* for logs */
    const struct kafka_backoff *backoff;
    struct kafka_delivery_rules rules;
    const struct kafka_grave *grave; /* NULL: there is none */
    uint32_t window;                 /* records of one partition out at once */
    /* A partition may have something to deliver or to store; within any call of this header. */
    void (*on_ready)(struct kafka_consuming *consuming, struct kafka_partition *partition);
    /* A queue that was full has been read until it is empty, up to before `next`. */
    void (*on_drained)(
        struct kafka_consuming *consuming, struct kafka_partition *partition, int64_t next);
    int64_t buffered_max, buffered_bytes_max; /* where librdkafka stops to fetch a partition */
    uint32_t random;                          /* not 0 */

    struct kafka_consumer_counts counts;
    struct kafka_delivery delivery;
    struct kafka_pending *unused;
    uint32_t unused_count;
    size_t out_count; /* delivered and unsettled, stale ones left out */
};

/* Frees what the partitions left: after the last of them and the last settlement. */
void kafka_consuming_close(struct kafka_consuming *consuming);

struct kafka_partition {
    /* The owner's: whom it is for, and lists it stands in. */
    struct dk_subscription *subscription; /* NULL: nobody wants it now */
    struct kafka_partition *next;         /* of all */
    struct kafka_partition *next_ready, *next_dirty;
    bool is_ready, is_dirty, is_dry;

    struct kafka_consuming *consuming;
    char *topic;
    int32_t number;
    rd_kafka_queue_t *queue;
    struct kafka_offsets offsets;
    struct kafka_pending *waiting; /* in the order of their delivery */
    struct kafka_pending *out;     /* delivered or being buried, in no order */
    uint32_t burying;
    int64_t read_count, read_bytes; /* since the queue was empty */
    int64_t read_next;              /* behind the last that was read */
    struct dk_timer rest;           /* until the first waiting record's time has come */
    struct kafka_trouble trouble;
};

/* Takes the queue. NULL without memory; the queue is then destroyed. */
struct kafka_partition *kafka_partition_new(
    struct kafka_consuming *consuming, const char *topic, int32_t number, rd_kafka_queue_t *queue);

/* Lets go at once: what is out is stale, its settlement counts for nothing. Accepts NULL. */
void kafka_partition_free(struct kafka_partition *partition);

enum kafka_pump {
    KAFKA_PUMP_DRY,     /* librdkafka has no more of it: wait for its on_data */
    KAFKA_PUMP_BLOCKED, /* the window is full, or a record waits: on_ready comes */
    KAFKA_PUMP_STARVED, /* the subscription has no credit */
    KAFKA_PUMP_MORE,    /* the budget is spent */
};

/* Delivers what it may, `budget` records at most, and takes them off the budget. */
enum kafka_pump kafka_partition_pump(struct kafka_partition *partition, uint32_t *budget);

/* A settlement of a delivered record; the token is the record. */
void kafka_pending_settle(
    struct kafka_consuming *consuming, const struct dk_settlement *settlement);

/* DK_OK: it is in the dead-letter topic. DK_INVALID: it can never be. Else it is tried again. */
void kafka_pending_buried(
    struct kafka_consuming *consuming, void *ticket, enum dk_error error, const char *reason);

#endif /* CLIENTS_KAFKA_PARTITION_H */
