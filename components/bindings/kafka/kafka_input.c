/*
 * The input half of the binding: every topic of the list is one subscription's.
 *
 *     open: settings ─▶ brokers answer ─▶ ready ─▶ Read: the group is joined
 *
 * A Component that only writes names no topics; daprd may read from this half all the same, which
 * then delivers nothing and says so.
 */
#include "bindings/kafka/kafka_input.h"

#include "clients/kafka/kafka_metrics.h"

#include "clients/kafka/kafka_source.h"

#include <dk/log.h>
#include <stdlib.h>
#include <string.h>

struct input {
    struct dk_instance base;
    struct kafka_writer writer; /* settings, Init and Ping; dead letters go out by it */
    struct kafka_source source;
};

static struct input *input_of(struct dk_instance *binding) {
    return (struct input *)(void *)binding;
}

static const char *topics_of(const struct dk_instance *binding) {
    const struct kafka_config *config = binding->configuration;
    return config->topics == NULL ? "" : config->topics;
}

static void input_open(struct dk_instance *binding, struct dk_reply *reply) {
    struct input *input = input_of(binding);
    struct dk_fault fault = {.error = DK_OK};
    enum dk_error error = kafka_writer_begin(&input->writer, binding, &fault);
    if (error == DK_OK && topics_of(binding)[0] != '\0' &&
        input->writer.settings.group[0] == '\0') {
        error = dk_fault_set(
            &fault,
            DK_INVALID,
            "consumerGroup: is missing; the topics are read by a group, and daprd gives bindings "
            "no consumerID");
    }
    if (error == DK_OK) {
        error = kafka_source_open(&input->source, &input->writer, &fault);
    }
    if (error == DK_OK) {
        kafka_writer_open(&input->writer, reply);
    } else {
        dk_reply_fault(reply, &fault);
    }
}

static void input_close(struct dk_instance *binding) {
    kafka_writer_close(&input_of(binding)->writer);
    kafka_source_close(&input_of(binding)->source);
}

static void input_ping(struct dk_instance *binding, struct dk_reply *reply) {
    kafka_writer_ping(&input_of(binding)->writer, reply);
}

/* "a,b" as views, the caller's to free; not trimmed, as the built-in does not. NULL without memory. */
static struct dk_bytes *topics_split(const char *list, size_t *ret_count) {
    size_t count = 1;
    for (const char *at = strchr(list, ','); at != NULL; at = strchr(at + 1, ',')) {
        count++;
    }
    struct dk_bytes *topics = calloc(count, sizeof *topics);
    for (size_t i = 0; topics != NULL && i < count; i++) {
        topics[i] = (struct dk_bytes){list, strcspn(list, ",")};
        list += topics[i].size + 1;
    }
    *ret_count = count;
    return topics;
}

static void input_subscribe(struct dk_instance *binding, struct dk_subscription *subscription) {
    size_t count = 0;
    if (topics_of(binding)[0] == '\0') {
        dk_log(
            DK_LOG_WARN,
            "kafka",
            "topics is missing: the input binding delivers nothing",
            "component=%s",
            binding->name);
        return;
    }
    struct dk_bytes *topics = topics_split(topics_of(binding), &count);
    if (topics == NULL) {
        dk_log(DK_LOG_ERROR, "kafka", "no memory for topics", "component=%s", binding->name);
        return;
    }
    kafka_source_subscribe(&input_of(binding)->source, subscription, topics, count);
    free(topics);
}

static void input_unsubscribe(struct dk_instance *binding, struct dk_subscription *subscription) {
    kafka_source_unsubscribe(&input_of(binding)->source, subscription);
}

static void input_settle(
    struct dk_instance *binding,
    struct dk_subscription *subscription,
    const struct dk_settlement *settlement) {
    (void)subscription; /* the application's answer goes nowhere, as with the built-in */
    kafka_source_settle(&input_of(binding)->source, settlement);
}

static void input_on_credit(struct dk_instance *binding, struct dk_subscription *subscription) {
    kafka_source_on_credit(&input_of(binding)->source, subscription);
}

const struct dk_input_binding_backend kafka_input = {
    .base =
        {
            .name = "dk-kafka",
            .title = "Apache Kafka input (dapr-kit)",
            .summary = "Reads from Kafka topics, as Dapr's built-in binding does.",
            .options = kafka_binding_options,
            .config_size = sizeof(struct kafka_config),
            .instance_size = sizeof(struct input),
            .metrics = kafka_metrics,
            .open = input_open,
            .close = input_close,
        },
    .source =
        {
            .subscribe = input_subscribe,
            .unsubscribe = input_unsubscribe,
            .settle = input_settle,
            .on_credit = input_on_credit,
        },
    .ping = input_ping,
};
