/*
 * A consumer and its dead letters, opened and closed in the one right order. On the loop's thread.
 */
#include "clients/kafka/kafka_source.h"

#include <dk/log.h>

enum dk_error kafka_source_open(
    struct kafka_source *source, const struct kafka_writer *writer, struct dk_fault *fault) {
    const char *topic = writer->settings.config->dead_letter_topic;
    const bool has_letters = topic != NULL && topic[0] != '\0';
    source->instance = writer->instance;
    if (writer->settings.group[0] == '\0') {
        return DK_OK;
    }
    kafka_dead_letters_open(&source->letters, writer->producer, topic);
    const enum dk_error error = kafka_consumer_new(
        source->instance->loop,
        source->instance->name,
        &writer->settings,
        source->instance->properties,
        has_letters ? &source->letters.grave : NULL,
        &source->consumer,
        fault);
    source->letters.consumer = source->consumer;
    return error;
}

void kafka_source_close(struct kafka_source *source) {
    kafka_consumer_free(source->consumer);
    source->consumer = NULL;
}

void kafka_source_subscribe(
    struct kafka_source *source,
    struct dk_subscription *subscription,
    const struct dk_bytes *topics,
    size_t count) {
    if (source->consumer == NULL) {
        dk_log(
            DK_LOG_ERROR,
            "kafka",
            "a subscription gets no messages: consumerGroup is missing",
            "component=%s",
            source->instance->name);
        return;
    }
    kafka_consumer_subscribe(source->consumer, subscription, topics, count);
}

void kafka_source_unsubscribe(struct kafka_source *source, struct dk_subscription *subscription) {
    if (subscription->context != NULL) {
        kafka_consumer_unsubscribe(source->consumer, subscription);
    }
}

void kafka_source_settle(struct kafka_source *source, const struct dk_settlement *settlement) {
    kafka_consumer_settle(source->consumer, settlement);
}

void kafka_source_on_credit(struct kafka_source *source, struct dk_subscription *subscription) {
    if (subscription->context != NULL) {
        kafka_consumer_on_credit(source->consumer, subscription);
    }
}
