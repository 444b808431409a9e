/*
 * PullMessages: each stream is one topic, or one expression with "^" in front, of the instance's
 * group. clients/kafka/kafka_consumer.h has the whole story. On the loop's thread.
 */
#include "pubsub/kafka/kafka_pubsub.h"

#include <dk/log.h>
#include <strings.h>

/* Avro would need a schema registry, which Init refuses; a subscription may ask all the same. */
static bool wants_avro(const struct dk_subscription *subscription) {
    const struct dk_bytes type =
        dk_pairs_find(subscription->metadata, (struct dk_bytes)DK_BYTES("valueSchemaType"));
    return type.size == 4 && strncasecmp(type.data, "avro", type.size) == 0;
}

void kafka_subscribe(struct dk_instance *broker, struct dk_subscription *subscription) {
    if (wants_avro(subscription)) {
        dk_log(
            DK_LOG_ERROR,
            "kafka",
            "a subscription gets no messages: valueSchemaType Avro is not supported",
            "component=%s topic=%.*s",
            broker->name,
            (int)subscription->topic.size,
            subscription->topic.data);
        return;
    }
    kafka_source_subscribe(&kafka_pubsub_of(broker)->source, subscription, &subscription->topic, 1);
}

void kafka_unsubscribe(struct dk_instance *broker, struct dk_subscription *subscription) {
    kafka_source_unsubscribe(&kafka_pubsub_of(broker)->source, subscription);
}

void kafka_settle(
    struct dk_instance *broker,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    (void)subscription;
    kafka_source_settle(&kafka_pubsub_of(broker)->source, settlement);
}

void kafka_on_credit(struct dk_instance *broker, struct dk_subscription *subscription) {
    kafka_source_on_credit(&kafka_pubsub_of(broker)->source, subscription);
}
