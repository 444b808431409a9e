/*
 * The output half of the binding: one operation, `create`, and its delivery report.
 *
 *     open: settings ─▶ producer ─▶ brokers answer ─▶ ready
 *
 * A Component that only reads names no publishTopic; daprd opens this half all the same, so that is
 * no fault of Init's but of an invoke.
 */
#include "bindings/kafka/kafka_output.h"

#include "clients/kafka/kafka_metrics.h"
#include "clients/kafka/kafka_writer.h"

struct output {
    struct dk_instance base;
    struct kafka_writer writer;
};

static struct output *output_of(struct dk_instance *binding) {
    return (struct output *)(void *)binding;
}

static void output_open(struct dk_instance *binding, struct dk_reply *reply) {
    struct kafka_writer *writer = &output_of(binding)->writer;
    struct dk_fault fault = {.error = DK_OK};
    if (kafka_writer_begin(writer, binding, &fault) == DK_OK) {
        kafka_writer_open(writer, reply);
    } else {
        dk_reply_fault(reply, &fault);
    }
}

static void output_close(struct dk_instance *binding) {
    kafka_writer_close(&output_of(binding)->writer);
}

static void output_invoke(
    struct dk_instance *binding, const struct dk_invoke *request, struct dk_reply *reply) {
    const struct kafka_config *config = binding->configuration;
    const struct kafka_message message = {
        .topic = dk_bytes_of(config->publish_topic),
        .data = request->data,
        .metadata = request->metadata,
    };
    if (message.topic.size == 0) {
        dk_reply_fail(
            reply, DK_INVALID, "publishTopic: is missing; the operation 'create' writes to it");
        return;
    }
    kafka_writer_write(&output_of(binding)->writer, &message, reply);
}

static void output_ping(struct dk_instance *binding, struct dk_reply *reply) {
    kafka_writer_ping(&output_of(binding)->writer, reply);
}

static const struct dk_binding_operation operations[] = {
    {"create", "Writes the data to publishTopic as one message."},
    {0},
};

const struct dk_output_binding_backend kafka_output = {
    .base =
        {
            .name = "dk-kafka",
            .title = "Apache Kafka output (dapr-kit)",
            .summary = "Writes to a Kafka topic, as Dapr's built-in binding does.",
            .options = kafka_binding_options,
            .config_size = sizeof(struct kafka_config),
            .instance_size = sizeof(struct output),
            .metrics = kafka_metrics,
            .open = output_open,
            .close = output_close,
        },
    .operations = operations,
    .invoke = output_invoke,
    .ping = output_ping,
};
