/*
 * A record becomes views where it can and copies where it must: two passes over the headers, one to
 * count what copies may need, one to write them.
 */
#include "clients/kafka/kafka_delivery.h"

#include "core/decimal.h"
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    OWN_PAIRS = 5,
    NUMBER_BYTES_MAX = 24,
    ESCAPED_BYTES_MAX = 3, /* of one byte: "%41" */
};

static const struct dk_bytes key_key = DK_BYTES("__key");
static const struct dk_bytes key_offset = DK_BYTES("__offset");
static const struct dk_bytes key_partition = DK_BYTES("__partition");
static const struct dk_bytes key_timestamp = DK_BYTES("__timestamp");
static const struct dk_bytes key_topic = DK_BYTES("__topic");

/* Without regard to case: gRPC applications see names in lower case. */
static bool is_own(struct dk_bytes name) {
    const struct dk_bytes own[OWN_PAIRS] = {
        key_key, key_offset, key_partition, key_timestamp, key_topic};
    for (size_t i = 0; i < OWN_PAIRS; i++) {
        if (name.size == own[i].size && strncasecmp(name.data, own[i].data, name.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 9110: what a header's name is made of. */
static bool is_name_character(char c) {
    return is_alphanumeric(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_kept_in_query(char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

static bool is_plain(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return dk__utf8_is_valid(value);
}

/* As Go's url.QueryEscape. */
static struct dk_bytes escape(struct kafka_delivery *delivery, struct dk_bytes value) {
    static const char digits[] = "0123456789ABCDEF";
    char *begin = delivery->text + delivery->text_used;
    char *at = begin;
    for (size_t i = 0; i < value.size; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        if (is_kept_in_query((char)c)) {
            *at++ = (char)c;
        } else if (c == ' ') {
            *at++ = '+';
        } else {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 0xF];
        }
    }
    delivery->text_used += (size_t)(at - begin);
    return (struct dk_bytes){begin, (size_t)(at - begin)};
}

static struct dk_bytes text_of(
    struct kafka_delivery *delivery,
    const struct kafka_delivery_rules *rules,
    struct dk_bytes value) {
    if (value.data == NULL) {
        return (struct dk_bytes)DK_BYTES("");
    }
    return rules->is_escaped || !is_plain(value) ? escape(delivery, value) : value;
}

static struct dk_bytes name_of(struct kafka_delivery *delivery, struct dk_bytes name) {
    size_t good = 0;
    while (good < name.size && is_name_character(name.data[good])) {
        good++;
    }
    if (name.size == 0) {
        return (struct dk_bytes)DK_BYTES("_");
    }
    if (good == name.size) {
        return name;
    }
    char *copy = delivery->text + delivery->text_used;
    for (size_t i = 0; i < name.size; i++) {
        copy[i] = '_';
        if (is_name_character(name.data[i])) {
            copy[i] = name.data[i];
        }
    }
    delivery->text_used += name.size;
    return (struct dk_bytes){copy, name.size};
}

static struct dk_bytes number_of(struct kafka_delivery *delivery, int64_t number) {
    char *end = delivery->text + delivery->text_used + NUMBER_BYTES_MAX;
    char *at = dk__decimal(number < 0 ? -(uint64_t)number : (uint64_t)number, end);
    if (number < 0) {
        *--at = '-';
    }
    delivery->text_used += NUMBER_BYTES_MAX;
    return (struct dk_bytes){at, (size_t)(end - at)};
}

static struct dk_bytes header_at(
    const rd_kafka_headers_t *headers, size_t i, struct dk_bytes *ret_value) {
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    if (rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct dk_bytes){0};
    }
    *ret_value = (struct dk_bytes){value, value == NULL ? 0 : size};
    return dk_bytes_of(name);
}

/* Room for every pair, and for every byte that may have to be written anew. */
static enum dk_error prepare(
    struct kafka_delivery *delivery, const struct kafka_view *record, size_t count) {
    size_t text = (size_t)OWN_PAIRS * NUMBER_BYTES_MAX + record->key.size * ESCAPED_BYTES_MAX;
    for (size_t i = 0; i < count; i++) {
        struct dk_bytes value = {0};
        text += header_at(record->headers, i, &value).size;
        text += value.size * ESCAPED_BYTES_MAX;
    }
    if (count + OWN_PAIRS > delivery->pairs_max) {
        struct dk_pair *pairs =
            realloc(delivery->pairs, (count + OWN_PAIRS) * sizeof *delivery->pairs);
        if (pairs == NULL) {
            return DK_EXHAUSTED;
        }
        delivery->pairs = pairs;
        delivery->pairs_max = count + OWN_PAIRS;
    }
    if (text > delivery->text_max) {
        char *bytes = realloc(delivery->text, text);
        if (bytes == NULL) {
            return DK_EXHAUSTED;
        }
        delivery->text = bytes;
        delivery->text_max = text;
    }
    delivery->text_used = 0;
    return DK_OK;
}

/* Where it was, and its key. Gives the number of pairs. */
static size_t put_own(
    struct kafka_delivery *delivery,
    const struct kafka_delivery_rules *rules,
    const struct kafka_view *record) {
    struct dk_pair *pairs = delivery->pairs;
    size_t count = 0;

    pairs[count++] = (struct dk_pair){key_topic, dk_bytes_of(record->topic)};
    pairs[count++] = (struct dk_pair){key_partition, number_of(delivery, record->partition)};
    pairs[count++] = (struct dk_pair){key_offset, number_of(delivery, record->offset)};
    if (record->timestamp_ms >= 0) {
        pairs[count++] = (struct dk_pair){key_timestamp, number_of(delivery, record->timestamp_ms)};
    }
    if (record->key.data != NULL) {
        pairs[count++] = (struct dk_pair){key_key, text_of(delivery, rules, record->key)};
    }
    return count;
}

struct kafka_view kafka_view_of(const rd_kafka_message_t *record) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    rd_kafka_headers_t *headers = NULL;
    const int64_t timestamp_ms = rd_kafka_message_timestamp(record, &type);
    const bool has_headers =
        rd_kafka_message_headers(record, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;

    return (struct kafka_view){
        .topic = rd_kafka_topic_name(record->rkt),
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .key = {record->key, record->key_len},
        .value = {record->payload, record->len},
        .headers = has_headers ? headers : NULL,
    };
}

enum dk_error kafka_delivery_make(
    struct kafka_delivery *delivery,
    const struct kafka_delivery_rules *rules,
    const struct kafka_view *record,
    struct dk_message *ret_message) {
    const size_t header_count = record->headers == NULL ? 0 : rd_kafka_header_cnt(record->headers);

    if (prepare(delivery, record, header_count) != DK_OK) {
        return DK_EXHAUSTED;
    }
    size_t count = put_own(delivery, rules, record);
    for (size_t i = 0; i < header_count; i++) {
        struct dk_bytes value = {0};
        const struct dk_bytes sent = header_at(record->headers, i, &value);
        const struct dk_bytes name = name_of(delivery, sent);
        /* A name that comes twice goes out twice: who reads a map keeps the last. */
        if (!is_own(name) && !kafka_header_filter_matches(rules->filter, sent)) {
            delivery->pairs[count++] = (struct dk_pair){name, text_of(delivery, rules, value)};
        }
    }
    *ret_message = (struct dk_message){
        .data = record->value.data == NULL ? (struct dk_bytes)DK_BYTES("null") : record->value,
        .metadata = {delivery->pairs, count},
    };
    return DK_OK;
}

void kafka_delivery_close(struct kafka_delivery *delivery) {
    free(delivery->pairs);
    free(delivery->text);
    *delivery = (struct kafka_delivery){.pairs = NULL};
}
