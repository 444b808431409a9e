#ifndef CLIENTS_KAFKA_PENDING_H
#define CLIENTS_KAFKA_PENDING_H

#include "clients/kafka/kafka_partition.h"

/*
 * One record between librdkafka and its settlement; the token of its delivery. For
 * kafka_partition.c, which moves records, and kafka_pending.c, which knows their fate.
 *
 * Owner: its partition, through the list it stands in; once stale, whoever settles it.
 */
struct kafka_pending {
    struct kafka_pending *next;
    struct kafka_pending **link;       /* what points here, while it is out */
    struct kafka_partition *partition; /* NULL: stale */
    rd_kafka_message_t *message;       /* NULL: stale */
    struct kafka_retry retry;
    int64_t due_us; /* not to be delivered before */
    bool is_taken;  /* its offset is in the partition's window */
    bool is_spent;  /* to be buried, not delivered */
};

/* How many of `count` records kafka_pending_new is sure to give: a message that librdkafka has given
 * out must not be lost for want of memory, its offset would be passed over. */
uint32_t kafka_pending_reserve(struct kafka_consuming *consuming, uint32_t count);
/* Takes the message. Only as often as was reserved. */
struct kafka_pending *kafka_pending_new(
    struct kafka_partition *partition, rd_kafka_message_t *message);
/* Back to the unused ones, the message destroyed. In no list. */
void kafka_pending_free(struct kafka_consuming *consuming, struct kafka_pending *record);

/* Moves a record, in no list, to those that are out. */
void kafka_pending_put_out(struct kafka_pending *record);

/* Moves a record, in no list, to those that wait, where its offset stands: before all larger ones
 * and before all that were not taken yet. Its partition rests when it is the first. */
void kafka_pending_put_back(struct kafka_pending *record, int64_t wait_us);

/* Its retries are spent, or it can never be delivered: buries it or skips it. In no list. */
void kafka_pending_give_up(struct kafka_pending *record, const char *reason);

/* Arms the partition's rest for its first waiting record; false when that may go now. */
bool kafka_partition_rest(struct kafka_partition *partition);

#endif /* CLIENTS_KAFKA_PENDING_H */
