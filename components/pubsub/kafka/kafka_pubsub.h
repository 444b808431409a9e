#ifndef PUBSUB_KAFKA_PUBSUB_H
#define PUBSUB_KAFKA_PUBSUB_H

#include "clients/kafka/kafka_writer.h"

#include <dk/pubsub.h>

/*
 * One instance of the room, shared by its files: kafka_broker.c opens and closes it, kafka_publish.c
 * writes.
 *
 * Thread: the loop's.
 */
struct kafka_pubsub {
    struct dk_instance base;
    struct kafka_writer writer;
};

static inline struct kafka_pubsub *kafka_pubsub_of(struct dk_instance *broker) {
    return (struct kafka_pubsub *)(void *)broker;
}

void kafka_publish(
    struct dk_instance *broker, const struct dk_publish *request, struct dk_reply *reply);
void kafka_bulk_publish(
    struct dk_instance *broker, const struct dk_bulk_publish *request, struct dk_reply *reply);

#endif /* PUBSUB_KAFKA_PUBSUB_H */
