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
 * Pure; any thread. Zeroed: nothing is on its way.
 */
enum { KAFKA_BATCHES = 2, KAFKA_BATCH_BYTES_SECOND = 256 * 1024 };

struct kafka_batches {
    int64_t counts[KAFKA_BATCHES];
    int64_t count; /* of all messages on their way */
    size_t bytes;
    uint8_t leaving;
};

/* Whether `waiting` messages make a batch that may leave now. */
bool kafka_batches_may_leave(const struct kafka_batches *batches, int64_t waiting);

/* A batch leaves: what is added from now on is of it. With both on their way, the second grows. */
void kafka_batches_begin(struct kafka_batches *batches);
void kafka_batches_add(struct kafka_batches *batches, struct kafka_send *send);
/* A message's report has come. */
void kafka_batches_remove(struct kafka_batches *batches, const struct kafka_send *send);

#endif /* CLIENTS_KAFKA_BATCHES_H */
