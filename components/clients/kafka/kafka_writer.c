/*
 * An instance that writes: its life, and a message with its answer.
 */
#include "clients/kafka/kafka_writer.h"

#include <dk/reply.h>
#include <dk/trace.h>
#include <stdio.h>

static void *take(void *context, size_t size) {
    return dk_reply_take(context, size);
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

enum dk_error kafka_writer_begin(
    struct kafka_writer *writer, struct dk_instance *instance, struct dk_fault *fault) {
    const struct kafka_config *config = instance->configuration;
    enum dk_error error =
        kafka_settings_make(config, instance->properties, &writer->settings, fault);

    writer->instance = instance;
    if (error == DK_OK) {
        error = kafka_header_filter_new(config->header_exclude_regex, &writer->filter, fault);
    }
    if (error == DK_OK) {
        error = kafka_producer_new(
            instance->loop, &writer->settings, instance->properties, &writer->producer, fault);
    }
    if (error == DK_OK) {
        kafka_producer_introduce(writer->producer, instance->name);
    }
    return error;
}

static int64_t patience_ms(const struct kafka_writer *writer, const struct dk_reply *reply) {
    return dk_reply_patience_ms(
        reply, dk_loop_now_us(writer->instance->loop), writer->settings.init_timeout_ms);
}

static void answer(struct dk_reply *reply, const struct dk_fault *fault) {
    if (fault->error == DK_OK) {
        dk_reply_ok(reply);
    } else {
        dk_reply_fault(reply, fault);
    }
}

static void open_on_answer(void *context, const struct dk_fault *fault) {
    struct kafka_writer *writer = context;
    struct dk_reply *reply = writer->open_reply;
    writer->open_reply = NULL;
    answer(reply, fault);
}

void kafka_writer_open(struct kafka_writer *writer, struct dk_reply *reply) {
    struct dk_fault fault = {.error = DK_OK};
    writer->open_reply = reply;
    if (kafka_producer_ask(
            writer->producer, patience_ms(writer, reply), open_on_answer, writer, &fault) !=
        DK_OK) {
        writer->open_reply = NULL;
        dk_reply_fault(reply, &fault);
    }
}

void kafka_writer_close(struct kafka_writer *writer) {
    struct dk_reply *reply = writer->open_reply;

    writer->open_reply = NULL;
    kafka_producer_free(writer->producer); /* answers every write; NULL when it never began */
    writer->producer = NULL;
    kafka_header_filter_free(writer->filter);
    writer->filter = NULL;
    if (reply != NULL) {
        dk_reply_fail(reply, DK_UNAVAILABLE, "kafka: the component is closed");
    }
}

static void ping_on_answer(void *context, const struct dk_fault *fault) {
    answer(context, fault);
}

void kafka_writer_ping(struct kafka_writer *writer, struct dk_reply *reply) {
    struct dk_fault fault = {.error = DK_OK};
    if (kafka_producer_ask(
            writer->producer, patience_ms(writer, reply), ping_on_answer, reply, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
    }
}

/* ── a message ──────────────────────────────────────────────────────────────────────────────── */

struct writing {
    struct kafka_send send;
    struct kafka_record record;
    struct dk_reply *reply;
};

static void writing_on_sent(struct kafka_send *send, const struct dk_fault *fault) {
    answer(((struct writing *)(void *)send)->reply, fault);
}

void kafka_writer_trace(struct dk_reply *reply, struct dk_bytes topic, size_t batch) {
    enum { NAME_BYTES_MAX = 300 };
    static const struct dk_bytes system = DK_BYTES("kafka"), verb = DK_BYTES("send");
    char name[NAME_BYTES_MAX];
    struct dk_span *span = dk_reply_span_begin(reply, DK_SPAN_PRODUCER, verb);

    if (span == NULL) {
        return;
    }
    (void)snprintf(name, sizeof name, "send %.*s", (int)topic.size, topic.data);
    dk_span_name(span, dk_bytes_of(name));
    dk_span_text(span, "messaging.system", system);
    dk_span_text(span, "messaging.operation.type", verb);
    dk_span_text(span, "messaging.destination.name", topic);
    if (batch > 1) {
        dk_span_number(span, "messaging.batch.message_count", (int64_t)batch);
    }
}

void kafka_writer_write(
    struct kafka_writer *writer, const struct kafka_message *message, struct dk_reply *reply) {
    struct writing *writing = dk_reply_take(reply, sizeof *writing);
    struct dk_fault fault = {.error = DK_OK};

    if (writing == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "kafka: the call's memory bound is reached");
        return;
    }
    if (kafka_message_read(message, writer->filter, take, reply, &writing->record, &fault) !=
        DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    kafka_writer_trace(reply, writing->record.topic, 1);
    writing->reply = reply;
    writing->send.on_sent = writing_on_sent;
    writing->send.deadline_us = dk_reply_deadline_us(reply);
    kafka_producer_send(writer->producer, &writing->record, &writing->send);
}
