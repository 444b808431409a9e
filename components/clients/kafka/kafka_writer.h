#ifndef CLIENTS_KAFKA_WRITER_H
#define CLIENTS_KAFKA_WRITER_H

#include "clients/kafka/kafka_message.h"
#include "clients/kafka/kafka_producer.h"

#include <dk/instance.h>

/*
 * What every instance that writes to Kafka has: settings, the filter of its headers, a producer, and
 * an Init that waits for the brokers. A part of the rooms pubsub/kafka and bindings/kafka.
 *
 * Thread: the loop's. Owner: a member of the instance, zeroed at birth.
 */
struct kafka_writer {
    struct dk_instance *instance;
    struct kafka_settings settings;
    struct kafka_header_filter *filter; /* NULL excludes nothing */
    struct kafka_producer *producer;
    struct dk_reply *open_reply; /* of an Init under way */
};

/* Reads the instance's configuration (struct kafka_config) and makes a producer. On failure the
 * writer is closed all the same, later. Errors: those of kafka_settings_make, kafka_producer_new. */
enum dk_error kafka_writer_begin(
    struct kafka_writer *writer, struct dk_instance *instance, struct dk_fault *fault);

/* Gives Init's reply away once the brokers answer, or within its time in their words. */
void kafka_writer_open(struct kafka_writer *writer, struct dk_reply *reply);

/* The same for a Ping. */
void kafka_writer_ping(struct kafka_writer *writer, struct dk_reply *reply);

/* Begins the reply's span: `batch` messages on their way until the brokers' report, by which the reply
 * is given. */
void kafka_writer_trace(struct dk_reply *reply, struct dk_bytes topic, size_t batch);

/* Gives the reply away once the brokers have the message. The message's views are the request's. */
void kafka_writer_write(
    struct kafka_writer *writer, const struct kafka_message *message, struct dk_reply *reply);

/* Answers every write and an Init still under way. Accepts a writer that never began. */
void kafka_writer_close(struct kafka_writer *writer);

#endif /* CLIENTS_KAFKA_WRITER_H */
