#ifndef CLIENTS_KAFKA_DELIVERY_H
#define CLIENTS_KAFKA_DELIVERY_H

#include "clients/kafka/kafka_header_filter.h"

#include <dk/subscription.h>
#include <librdkafka/rdkafka.h>

/*
 * From a record of Kafka to the message that daprd is sent.
 *
 * Shape: the value as it is, a null value as the text "null". Metadata:
 *        __topic, __partition, __offset   where it was
 *        __timestamp                      ms since 1970; none when the record has none
 *        __key                            its key as text; none for a null key
 *        each header                      name and value as text; of a repeated name the last counts
 *        A header named like one of the five is left out: it could only lie about them.
 *        (The built-in lets it win.)
 *
 * What no application could receive, and what would break daprd's stream, is made harmless; all
 * else goes as it is, as with the built-in:
 *        values   escaped as in a URL's query when they are no UTF-8 or hold control characters,
 *                 and all of them, the key among them, with escapeHeaders
 *        names    bytes that no HTTP header name may hold become "_"
 * A name outside [0-9A-Za-z._-] and a value outside printable ASCII reach HTTP applications only;
 * daprd cannot hand them to a gRPC application: escapeHeaders and excludeHeaderMetaRegex help.
 *
 * Thread: one. Owner: the delivery keeps its memory for the next record; the message points into it
 *         and into the record, and is good until either changes. Zeroed is a new delivery.
 */
struct kafka_delivery {
    struct dk_pair *pairs;
    size_t pairs_max;
    char *text;
    size_t text_max, text_used;
};

/* What a record of librdkafka holds; views into it. */
struct kafka_view {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;              /* −1: it has none */
    struct dk_bytes key, value;        /* absent: null */
    const rd_kafka_headers_t *headers; /* NULL: none */
};

struct kafka_view kafka_view_of(const rd_kafka_message_t *record);

struct kafka_delivery_rules {
    bool is_escaped;
    const struct kafka_header_filter *filter; /* NULL: every header is copied */
};

/* Errors: DK_EXHAUSTED without memory. */
enum dk_error kafka_delivery_make(
    struct kafka_delivery *delivery,
    const struct kafka_delivery_rules *rules,
    const struct kafka_view *record,
    struct dk_message *ret_message);

/* Accepts a zeroed one. */
void kafka_delivery_close(struct kafka_delivery *delivery);

#endif /* CLIENTS_KAFKA_DELIVERY_H */
