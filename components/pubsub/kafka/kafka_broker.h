#ifndef PUBSUB_KAFKA_BROKER_H
#define PUBSUB_KAFKA_BROKER_H

#include <dk/pubsub.h>

/*
 * Kafka as a pub/sub broker, in the words and the record layout of Dapr's built-in pubsub.kafka:
 * both may publish to one topic and share one consumer group.
 */
extern const struct dk_pubsub_backend kafka_broker;

#endif /* PUBSUB_KAFKA_BROKER_H */
