#ifndef CLIENTS_KAFKA_RANGE_H
#define CLIENTS_KAFKA_RANGE_H

#include "clients/kafka/kafka_question.h"
#include "clients/kafka/kafka_sends.h"

/*
 * Sends to a partition that does not exist: librdkafka only says so, the user wants to hear how many
 * there are. The brokers are asked, then the send is refused.
 *
 * Thread: the loop's. Owner: the list is the producer's; zeroed is empty.
 */
struct kafka_range;

/* Refuses a send to `partition` of `topic`, DK_INVALID, in this turn or a later one. */
void kafka_range_refuse(
    struct kafka_range **list,
    struct dk_loop *loop,
    rd_kafka_t *client,
    const char *topic,
    struct kafka_send *send);

/* Refuses what is left without asking; before the client goes. */
void kafka_range_end(struct kafka_range **list);

#endif /* CLIENTS_KAFKA_RANGE_H */
