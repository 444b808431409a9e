/*
 * The messages of the streams that deliver: settlements through the tables, messages straight into
 * the chain.
 */
#include "wire/nanopb/subscription.h"

#include "wire/nanopb/subscription_shapes.h"
#include "wire/nanopb/writer.h"

DK__DECODE(dk__decode_pull, dk__shape_pull, dk__pull_request)
DK__DECODE(dk__decode_read, dk__shape_read, dk__read_request)

const struct dk__message_numbers dk__pull_numbers = {
    .data = 1, .topic = 2, .metadata = 3, .content_type = 4, .id = 5};
const struct dk__message_numbers dk__read_numbers = {
    .data = 1, .metadata = 2, .content_type = 3, .id = 4};

size_t dk__message_size(
    const struct dk__message_numbers *numbers,
    struct dk_bytes topic,
    struct dk_bytes id,
    const struct dk_message *message) {
    return dk__field_size(numbers->data, message->data) + dk__field_size(numbers->topic, topic) +
           dk__pairs_size(message->metadata) +
           dk__field_size(numbers->content_type, message->content_type) +
           dk__field_size(numbers->id, id);
}

bool dk__encode_message(
    struct dk__chain *out,
    const struct dk__message_numbers *numbers,
    struct dk_bytes topic,
    struct dk_bytes id,
    const struct dk_message *message,
    size_t size) {
    struct dk__place place = {dk__chain_append(out, size)};
    if (place.at == NULL) {
        return false;
    }
    dk__put_field(&place, numbers->data, message->data);
    dk__put_field(&place, numbers->topic, topic);
    dk__put_pairs(&place, numbers->metadata, message->metadata);
    dk__put_field(&place, numbers->content_type, message->content_type);
    dk__put_field(&place, numbers->id, id);
    return true;
}
