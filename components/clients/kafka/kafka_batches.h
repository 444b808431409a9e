#ifndef CLIENTS_KAFKA_BATCHES_H
#define CLIENTS_KAFKA_BATCHES_H

#include "clients/kafka/kafka_sends.h"

#include <stdbool.h>

/*
 * What is on its way, as the batches it left in, and whether another may leave. A lone message goes
 * at once, and many make batches of their own accord, without a linger: each leaves when as many
 * messages wait as are on their way. Two batches are on their way, or one large one: with more in its
 * queue than its socket or its brokers take at a time, librdkafka's thread spins.
 *
 * An idempotent client sends no request to a partition that has KAFKA_BATCH_SEQUENTIAL messages on
 * their way or more, and its thread spins for as long as others wait behind them: a second batch
 * leaves beside fewer alone.
 *
 * Pure; any thread. Zeroed: nothing is on its way, and the client is not idempotent.
 * Bound:  what waits behind batches leaves after kafka_batches_gather_us, whatever became of them.
 */
enum {
    KAFKA_BATCHES = 2,
    KAFKA_BATCH_BYTES_SECOND = 256 * 1024,
    KAFKA_BATCH_SEQUENTIAL = 5, /* of a partition: the brokers' memory of an idempotent producer */
    KAFKA_BATCH_GATHER_US_MIN = 2000,
    KAFKA_BATCH_GATHER_US_MAX = 100000,
};

struct kafka_batches {
    int64_t counts[KAFKA_BATCHES];
    int64_t count; /* of all messages on their way */
    size_t bytes;
    uint8_t leaving;
    bool is_idempotent;             /* the owner's */
    int64_t left_us[KAFKA_BATCHES]; /* when each left */
    int64_t took_us;                /* of the message whose report came last */
};

/* Whether `waiting` messages make a batch that may leave now. */
bool kafka_batches_may_leave(const struct kafka_batches *batches, int64_t waiting);

/* How long the oldest message waits at most for batches on their way: twice as long as the last that
 * came back took. One that never comes back, of a partition without a leader, holds up no other. */
int64_t kafka_batches_gather_us(const struct kafka_batches *batches);

/* A batch leaves: what is added from now on is of it. With both on their way, the second grows. */
void kafka_batches_begin(struct kafka_batches *batches, int64_t now_us);
void kafka_batches_add(struct kafka_batches *batches, struct kafka_send *send);
/* A message's report has come. */
void kafka_batches_remove(
    struct kafka_batches *batches, const struct kafka_send *send, int64_t now_us);

#endif /* CLIENTS_KAFKA_BATCHES_H */
