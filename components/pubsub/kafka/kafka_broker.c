/*
 * Kafka as a pub/sub broker: its life and the table of what it can. kafka_publish.c writes,
 * kafka_subscribe.c reads; the client in clients/kafka knows librdkafka.
 *
 *     open: settings ─▶ producer ─▶ brokers answer ─▶ ready
 */
#include "pubsub/kafka/kafka_broker.h"

#include "clients/kafka/kafka_metrics.h"
#include "pubsub/kafka/kafka_pubsub.h"

static void broker_open(struct dk_instance *broker, struct dk_reply *reply) {
    struct kafka_pubsub *pubsub = kafka_pubsub_of(broker);
    struct dk_fault fault = {.error = DK_OK};
    if (kafka_writer_begin(&pubsub->writer, broker, &fault) == DK_OK &&
        kafka_source_open(&pubsub->source, &pubsub->writer, &fault) == DK_OK) {
        kafka_writer_open(&pubsub->writer, reply);
    } else {
        dk_reply_fault(reply, &fault);
    }
}

static void broker_close(struct dk_instance *broker) {
    kafka_writer_close(&kafka_pubsub_of(broker)->writer);
    kafka_source_close(&kafka_pubsub_of(broker)->source);
}

static void broker_ping(struct dk_instance *broker, struct dk_reply *reply) {
    kafka_writer_ping(&kafka_pubsub_of(broker)->writer, reply);
}

const struct dk_pubsub_backend kafka_broker = {
    .base =
        {
            .name = "dk-kafka",
            .title = "Apache Kafka (dapr-kit)",
            .summary = "Publishes to Kafka and subscribes, as Dapr's built-in component does.",
            .options = kafka_pubsub_options,
            .config_size = sizeof(struct kafka_config),
            .instance_size = sizeof(struct kafka_pubsub),
            .metrics = kafka_metrics,
            .open = broker_open,
            .close = broker_close,
        },
    .publish = kafka_publish,
    .bulk_publish = kafka_bulk_publish,
    .source =
        {
            .subscribe = kafka_subscribe,
            .unsubscribe = kafka_unsubscribe,
            .settle = kafka_settle,
            .on_credit = kafka_on_credit,
        },
    .ping = broker_ping,
};
