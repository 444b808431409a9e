/*
 * A record in librdkafka's words: absent and empty stay apart for key and value.
 */
#include "clients/kafka/kafka_record.h"

#include "clients/kafka/kafka_error.h"

#include <inttypes.h>
#include <string.h>

size_t kafka_record_bytes(const struct kafka_record *record) {
    size_t bytes = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++) {
        bytes += record->headers[i].key.size + record->headers[i].value.size;
    }
    return bytes;
}

bool kafka_record_topic(
    const struct kafka_record *record, char ret_topic[KAFKA_TOPIC_BYTES_MAX + 1]) {
    const struct dk_bytes topic = record->topic;
    if (topic.size == 0 || topic.size > KAFKA_TOPIC_BYTES_MAX ||
        memchr(topic.data, '\0', topic.size) != NULL) {
        return false;
    }
    memcpy(ret_topic, topic.data, topic.size);
    ret_topic[topic.size] = '\0';
    return true;
}

static rd_kafka_headers_t *headers_make(const struct kafka_record *record) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; headers != NULL && i < record->header_count; i++) {
        const struct dk_pair *pair = &record->headers[i];
        if (rd_kafka_header_add(
                headers,
                pair->key.data,
                (ssize_t)pair->key.size,
                pair->value.data,
                (ssize_t)pair->value.size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_headers_destroy(headers);
            return NULL;
        }
    }
    return headers;
}

/* librdkafka tells absent from empty by the pointer, and only reads. */
static void *pointer_of(struct dk_bytes bytes) {
    union {
        const void *given;
        void *taken;
    } pointer = {.given = bytes.data};
    return pointer.taken;
}

rd_kafka_resp_err_t kafka_record_produce(
    rd_kafka_t *client, rd_kafka_topic_t *topic, const struct kafka_record *record, void *opaque) {
    rd_kafka_headers_t *headers = NULL;

    if (record->header_count > KAFKA_HEADERS_MAX) {
        return RD_KAFKA_RESP_ERR__INVALID_ARG;
    }
    if (record->header_count > 0) {
        headers = headers_make(record);
        if (headers == NULL) {
            return RD_KAFKA_RESP_ERR__INVALID_ARG;
        }
    }
    const rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0}, /* the value is neither copied nor freed */
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {pointer_of(record->key), record->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {pointer_of(record->value), record->value.size}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(client, fields, sizeof fields / sizeof fields[0] - (headers == NULL));
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error); /* NULL is none */
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && headers != NULL) {
        rd_kafka_headers_destroy(headers);
    }
    return code;
}

void kafka_record_refuse(
    const struct kafka_record *record,
    rd_kafka_resp_err_t code,
    int64_t message_bytes_max,
    struct dk_fault *fault) {
    const struct dk_bytes topic = record->topic;
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "kafka: a message of %zu bytes is larger than maxMessageBytes (%" PRId64 ")",
            kafka_record_bytes(record),
            message_bytes_max);
    } else if (code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "topic: '%.*s' is no topic's name of 1 … %d bytes",
            (int)(topic.size < KAFKA_TOPIC_BYTES_MAX ? topic.size : KAFKA_TOPIC_BYTES_MAX),
            topic.data,
            KAFKA_TOPIC_BYTES_MAX);
    } else if (code == RD_KAFKA_RESP_ERR__INVALID_ARG) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "kafka: %zu headers are more than the %d of a message",
            record->header_count,
            KAFKA_HEADERS_MAX);
    } else {
        (void)dk_fault_set(
            fault,
            kafka_error_of(code),
            "kafka: topic '%.*s': %s",
            (int)topic.size,
            topic.data,
            rd_kafka_err2str(code));
    }
}
