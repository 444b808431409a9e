#ifndef CLIENTS_KAFKA_TOPICS_H
#define CLIENTS_KAFKA_TOPICS_H

#include <dk/bytes.h>
#include <dk/subscription.h>
#include <librdkafka/rdkafka.h>

/*
 * Who wants which topic: the joint list of a group's member, and the way back from a topic to its
 * subscription.
 *
 * Shape: a topic's name, or with a "^" in front a POSIX extended regular expression that names of
 *        topics are searched for, librdkafka's own rule. A name beats an expression, a newer
 *        subscription an older one.
 *
 * Thread: one. Owner: names are copied, subscriptions are the caller's. Zeroed is empty.
 */
struct kafka_topics {
    struct kafka_interest *newest;
};

/* One subscription's topics. */
struct kafka_interest;

/*
 * Adds what a subscription wants; a name it wants twice counts once.
 * Errors: DK_INVALID for an expression that does not compile or a name Kafka cannot have, words in
 *         `fault`: that name is left out, the others count. DK_EXHAUSTED: nothing is added.
 */
enum dk_error kafka_topics_add(
    struct kafka_topics *topics,
    struct dk_subscription *subscription,
    const struct dk_bytes *names,
    size_t count,
    struct dk_fault *fault);

/* Forgets a subscription; none of its own is fine. */
void kafka_topics_remove(struct kafka_topics *topics, const struct dk_subscription *subscription);

void kafka_topics_close(struct kafka_topics *topics);

/* Whose a topic is; NULL when nobody wants it (any more). */
struct dk_subscription *kafka_topics_find(const struct kafka_topics *topics, const char *topic);

/* Every name and expression once, sorted; the caller's. NULL without memory. */
rd_kafka_topic_partition_list_t *kafka_topics_list(const struct kafka_topics *topics);

#endif /* CLIENTS_KAFKA_TOPICS_H */
