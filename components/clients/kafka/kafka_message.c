/*
 * The built-in's rules for publishing, without a broker.
 */
#include "clients/kafka/kafka_message.h"

#include <dk/option.h>
#include <strings.h>

static const struct dk_bytes partition_key = DK_BYTES("partitionKey");
static const struct dk_bytes record_key = DK_BYTES("__key");
static const struct dk_bytes partition_number = DK_BYTES("partitionNumber");
static const struct dk_bytes schema_type = DK_BYTES("valueSchemaType");

static struct dk_bytes find(const struct kafka_message *message, struct dk_bytes name) {
    const struct dk_bytes value = dk_pairs_find(message->metadata, name);
    return value.data != NULL ? value : dk_pairs_find(message->entry, name);
}

static enum dk_error read_partition(
    const struct kafka_message *message, int32_t *ret_partition, struct dk_fault *fault) {
    const struct dk_bytes text = find(message, partition_number);
    int64_t number = KAFKA_PARTITION_ANY;
    if (text.data != NULL &&
        (!dk_integer_parse(text, &number) || number < 0 || number > INT32_MAX)) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "partitionNumber: '%.*s' is no number from 0 to %d",
            (int)(text.size < 64 ? text.size : 64),
            text.data,
            INT32_MAX);
    }
    *ret_partition = (int32_t)number;
    return DK_OK;
}

static bool is_word(struct dk_bytes text, struct dk_bytes word) {
    return text.size == word.size && strncasecmp(text.data, word.data, word.size) == 0;
}

static enum dk_error check_schema(const struct kafka_message *message, struct dk_fault *fault) {
    static const struct dk_bytes none = DK_BYTES("None"), avro = DK_BYTES("Avro");
    const struct dk_bytes text = find(message, schema_type);
    if (text.size == 0 || is_word(text, none)) {
        return DK_OK;
    }
    if (is_word(text, avro)) {
        return dk_fault_set(
            fault, DK_UNSUPPORTED, "valueSchemaType: 'Avro' is not supported; None is");
    }
    return dk_fault_set(
        fault,
        DK_INVALID,
        "valueSchemaType: '%.*s' is not one of None, Avro",
        (int)(text.size < 64 ? text.size : 64),
        text.data);
}

static void add_headers(
    struct dk_pairs metadata,
    struct dk_pairs better,
    const struct kafka_header_filter *filter,
    struct dk_pair *headers,
    size_t *count) {
    for (size_t i = 0; i < metadata.count; i++) {
        const struct dk_pair *pair = &metadata.items[i];
        if (dk_pairs_find(better, pair->key).data == NULL &&
            !kafka_header_filter_matches(filter, pair->key)) {
            headers[(*count)++] = *pair;
        }
    }
}

enum dk_error kafka_message_read(
    const struct kafka_message *message,
    const struct kafka_header_filter *filter,
    void *(*take)(void *context, size_t size),
    void *take_context,
    struct kafka_record *record,
    struct dk_fault *fault) {
    static const struct dk_bytes null_body = DK_BYTES("null");
    const struct dk_pairs none = {0};
    const size_t most = message->metadata.count + message->entry.count;
    struct dk_pair *headers = NULL;
    size_t count = 0;
    enum dk_error error = DK_OK;

    *record = (struct kafka_record){.topic = message->topic, .value = message->data};
    error = read_partition(message, &record->partition, fault);
    error = error != DK_OK ? error : check_schema(message, fault);
    if (error != DK_OK) {
        return error;
    }
    record->key = find(message, partition_key);
    if (record->key.data == NULL) {
        record->key = find(message, record_key);
    }
    if (dk_bytes_equal(message->data, null_body)) {
        record->value = (struct dk_bytes){0};
    } else if (message->data.data == NULL) {
        record->value.data = ""; /* our wire tells no absent body from an empty one */
    }
    if (most == 0) {
        return DK_OK;
    }
    headers = take(take_context, most * sizeof *headers);
    if (headers == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: the call's memory bound is reached");
    }
    add_headers(message->metadata, none, filter, headers, &count);
    add_headers(message->entry, message->metadata, filter, headers, &count);
    record->headers = headers;
    record->header_count = count;
    return DK_OK;
}
