#ifndef CLIENTS_KAFKA_SOURCE_H
#define CLIENTS_KAFKA_SOURCE_H

#include "clients/kafka/kafka_dead_letters.h"
#include "clients/kafka/kafka_writer.h"

/*
 * What a room needs to be a source of messages: a consumer, and the dead-letter topic it gives up
 * to. The rooms' functions of dk_source hand their subscriptions here.
 *
 * Thread: the loop's. Owner: a member of the instance's own structure, zeroed at birth.
 */
struct kafka_source {
    const struct dk_instance *instance;
    struct kafka_consumer *consumer; /* NULL: there is no group, so nothing is consumed */
    struct kafka_dead_letters letters;
};

/* By the settings and the producer of a writer that has begun and outlives it. Without a group it
 * opens as well, to write only; a subscription is then logged as an error.
 * Errors: kafka_consumer_new's. */
enum dk_error kafka_source_open(
    struct kafka_source *source, const struct kafka_writer *writer, struct dk_fault *fault);

/* After kafka_writer_close, which answers the letters under way. Accepts a zeroed one. */
void kafka_source_close(struct kafka_source *source);

void kafka_source_subscribe(
    struct kafka_source *source,
    struct dk_subscription *subscription,
    const struct dk_bytes *topics,
    size_t count);
void kafka_source_unsubscribe(struct kafka_source *source, struct dk_subscription *subscription);
void kafka_source_settle(struct kafka_source *source, const struct dk_settlement *settlement);
void kafka_source_on_credit(struct kafka_source *source, struct dk_subscription *subscription);

#endif /* CLIENTS_KAFKA_SOURCE_H */
