/*
 * Kafka as a pub/sub broker: its life and the table of what it can. kafka_publish.c writes; the
 * client in clients/kafka knows librdkafka.
 *
 *     open: settings ─▶ producer ─▶ brokers answer ─▶ ready
 */
#include "pubsub/kafka/kafka_broker.h"

#include "pubsub/kafka/kafka_pubsub.h"

static void open_on_answer(void *context, const struct dk_fault *fault) {
    struct kafka_pubsub *pubsub = context;
    struct dk_reply *reply = pubsub->open_reply;
    pubsub->open_reply = NULL;
    if (fault->error == DK_OK) {
        dk_reply_ok(reply);
    } else {
        dk_reply_fault(reply, fault);
    }
}

static int64_t patience_ms(const struct kafka_pubsub *pubsub, const struct dk_reply *reply) {
    return dk_reply_patience_ms(
        reply, dk_loop_now_us(pubsub->base.loop), pubsub->settings.init_timeout_ms);
}

static void broker_open(struct dk_instance *broker, struct dk_reply *reply) {
    struct kafka_pubsub *pubsub = kafka_pubsub_of(broker);
    const struct kafka_config *config = broker->configuration;
    struct dk_fault fault = {.error = DK_OK};

    if (kafka_settings_make(config, broker->properties, &pubsub->settings, &fault) != DK_OK ||
        kafka_header_filter_new(config->header_exclude_regex, &pubsub->filter, &fault) != DK_OK ||
        kafka_producer_new(
            broker->loop, &pubsub->settings, broker->properties, &pubsub->producer, &fault) !=
            DK_OK ||
        kafka_producer_ask(
            pubsub->producer, patience_ms(pubsub, reply), open_on_answer, pubsub, &fault) !=
            DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    pubsub->open_reply = reply;
}

static void broker_close(struct dk_instance *broker) {
    struct kafka_pubsub *pubsub = kafka_pubsub_of(broker);
    struct dk_reply *reply = pubsub->open_reply;

    pubsub->open_reply = NULL;
    kafka_producer_free(pubsub->producer); /* answers every publish; NULL when it never opened */
    pubsub->producer = NULL;
    kafka_header_filter_free(pubsub->filter);
    pubsub->filter = NULL;
    if (reply != NULL) {
        dk_reply_fail(reply, DK_UNAVAILABLE, "kafka: the component is closed");
    }
}

static void ping_on_answer(void *context, const struct dk_fault *fault) {
    if (fault->error == DK_OK) {
        dk_reply_ok(context);
    } else {
        dk_reply_fault(context, fault);
    }
}

static void broker_ping(struct dk_instance *broker, struct dk_reply *reply) {
    const struct kafka_pubsub *pubsub = kafka_pubsub_of(broker);
    struct dk_fault fault = {.error = DK_OK};
    if (kafka_producer_ask(
            pubsub->producer, patience_ms(pubsub, reply), ping_on_answer, reply, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
    }
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
            .open = broker_open,
            .close = broker_close,
        },
    .publish = kafka_publish,
    .bulk_publish = kafka_bulk_publish,
    .ping = broker_ping,
};
