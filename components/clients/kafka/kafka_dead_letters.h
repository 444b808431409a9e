#ifndef CLIENTS_KAFKA_DEAD_LETTERS_H
#define CLIENTS_KAFKA_DEAD_LETTERS_H

#include "clients/kafka/kafka_consumer.h"
#include "clients/kafka/kafka_producer.h"

/*
 * The dead-letter topic of a component: where records go whose retries are spent.
 *
 * Shape: key, value and headers as they were, and four headers more: dead-letter-topic,
 *        dead-letter-partition, dead-letter-offset (where the record was) and dead-letter-reason.
 *        Of more than KAFKA_HEADERS_MAX headers the last make room for them.
 *
 * Thread: the loop's. Owner: a member of its owner's structure, zeroed at birth. The producer is
 *         freed first: it answers what is under way; then the consumer.
 */
struct kafka_dead_letters {
    struct kafka_grave grave; /* for kafka_consumer_new, once this is open */
    struct kafka_producer *producer;
    struct kafka_consumer *consumer; /* the owner sets it before a first record can be buried */
};

void kafka_dead_letters_open(
    struct kafka_dead_letters *letters, struct kafka_producer *producer, const char *topic);

#endif /* CLIENTS_KAFKA_DEAD_LETTERS_H */
