#ifndef CLIENTS_KAFKA_MESSAGE_H
#define CLIENTS_KAFKA_MESSAGE_H

#include "clients/kafka/kafka_header_filter.h"
#include "clients/kafka/kafka_record.h"

/*
 * From a publish of Dapr's to a record, by the built-in's rules: partitionKey or __key is the key,
 * partitionNumber the partition, a body of `null` a tombstone, and every entry of the metadata a
 * header, those included, unless the filter excludes it.
 */
struct kafka_message {
    struct dk_bytes topic;
    struct dk_bytes data;
    struct dk_pairs metadata; /* of the request: wins over the entry's where both name the same */
    struct dk_pairs entry;    /* of an entry of a bulk; none otherwise */
};

/*
 * Fills a record with views of the message; the headers lie in memory of `take`.
 *
 * Errors: DK_INVALID: partitionNumber is no number from 0 to 2147483647; valueSchemaType is neither
 *         None nor Avro. DK_UNSUPPORTED: it is Avro. DK_EXHAUSTED: `take` gave nothing.
 * Thread: the filter's.
 */
enum dk_error kafka_message_read(
    const struct kafka_message *message,
    const struct kafka_header_filter *filter,
    void *(*take)(void *context, size_t size),
    void *take_context,
    struct kafka_record *record,
    struct dk_fault *fault);

#endif /* CLIENTS_KAFKA_MESSAGE_H */
