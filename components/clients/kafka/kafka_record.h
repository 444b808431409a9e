#ifndef CLIENTS_KAFKA_RECORD_H
#define CLIENTS_KAFKA_RECORD_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <librdkafka/rdkafka.h>

enum { KAFKA_PARTITION_ANY = -1, KAFKA_TOPIC_BYTES_MAX = 249, KAFKA_HEADERS_MAX = 1024 };

/* What is written to a topic. Owner: all views are the caller's. */
struct kafka_record {
    struct dk_bytes topic; /* 1 … KAFKA_TOPIC_BYTES_MAX bytes */
    struct dk_bytes key;   /* absent: none, a partition by chance; an empty one is hashed */
    struct dk_bytes value; /* absent: a tombstone */
    const struct dk_pair *headers;
    size_t header_count; /* KAFKA_HEADERS_MAX at most */
    int32_t partition;   /* KAFKA_PARTITION_ANY, or the one to write to */
};

/* Bytes that count for inflightBytesMax and maxMessageBytes. */
size_t kafka_record_bytes(const struct kafka_record *record);

/* The topic as a text; false when it is no topic's name. */
bool kafka_record_topic(
    const struct kafka_record *record, char ret_topic[KAFKA_TOPIC_BYTES_MAX + 1]);

/*
 * Hands it to librdkafka; `opaque` comes back with the delivery report. Any thread.
 * Owner:  librdkafka reads the value until that report, or until its client is gone: the caller's
 *         bytes must stay so long. All else of the record is copied.
 * Errors: librdkafka's; RD_KAFKA_RESP_ERR__QUEUE_FULL when there is no room now;
 *         RD_KAFKA_RESP_ERR__INVALID_ARG for too many headers.
 */
rd_kafka_resp_err_t kafka_record_produce(
    rd_kafka_t *client, rd_kafka_topic_t *topic, const struct kafka_record *record, void *opaque);

/* Why a record was refused for good, in words; RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: its topic is no
 * name. */
void kafka_record_refuse(
    const struct kafka_record *record,
    rd_kafka_resp_err_t code,
    int64_t message_bytes_max,
    struct dk_fault *fault);

#endif /* CLIENTS_KAFKA_RECORD_H */
