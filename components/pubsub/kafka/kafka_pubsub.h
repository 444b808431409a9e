#ifndef PUBSUB_KAFKA_PUBSUB_H
#define PUBSUB_KAFKA_PUBSUB_H

#include "clients/kafka/kafka_source.h"

#include <dk/pubsub.h>

/*
 * One instance of the room, shared by its files: kafka_broker.c opens and closes it, kafka_publish.c
 * writes, kafka_subscribe.c reads.
 *
 * Thread: the loop's.
 */
struct kafka_pubsub {
    struct dk_instance base;
    struct kafka_writer writer;
    struct kafka_source source;
};

static inline struct kafka_pubsub *kafka_pubsub_of(struct dk_instance *broker) {
    return (struct kafka_pubsub *)(void *)broker;
}

void kafka_publish(
    struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply);
void kafka_bulk_publish(
    struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply);

void kafka_subscribe(struct dk_instance *broker, struct dk_subscription *subscription);
void kafka_unsubscribe(struct dk_instance *broker, struct dk_subscription *subscription);
void kafka_settle(
    struct dk_instance *broker,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement);
void kafka_on_credit(struct dk_instance *broker, struct dk_subscription *subscription);

#endif /* PUBSUB_KAFKA_PUBSUB_H */
