#ifndef DK_WIRE_NANOPB_SUBSCRIPTION_H
#define DK_WIRE_NANOPB_SUBSCRIPTION_H

#include "wire/nanopb/common.h"

#include <dk/subscription.h>

/*
 * The messages of the two streams that deliver: PullMessages of PubSub, Read of InputBinding. See
 * common.h for the promises. Source: proto/dapr/proto/components/v1/{pubsub,bindings}.proto.
 */

/* PullMessagesRequest: a topic, or what became of a message. */
struct dk__pull_request {
    struct dk_bytes topic; /* absent: none came */
    struct dk_pairs metadata;
    struct dk_bytes message_id;
    struct dk_bytes error; /* absent: the message was handled */
};

/* ReadRequest: what became of a message. */
struct dk__read_request {
    struct dk_bytes response;
    struct dk_bytes message_id;
    struct dk_bytes error; /* absent: the message was handled */
};

enum dk_error dk__decode_pull(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__pull_request *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_read(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__read_request *ret,
    struct dk_fault *fault);

/* PullMessagesResponse and ReadResponse: one message by two sets of field numbers. */
struct dk__message_numbers {
    uint32_t data, topic, metadata, content_type, id; /* 0: it has no such field */
};
extern const struct dk__message_numbers dk__pull_numbers, dk__read_numbers;

/* What dk__encode_message appends. */
size_t dk__message_size(
    const struct dk__message_numbers *numbers,
    struct dk_bytes topic,
    struct dk_bytes id,
    const struct dk_message *message);
/* `size` is dk__message_size of the same: who checks it has measured already. False at the chain's
 * bound or without memory; nothing was appended then. */
bool dk__encode_message(
    struct dk__chain *out,
    const struct dk__message_numbers *numbers,
    struct dk_bytes topic,
    struct dk_bytes id,
    const struct dk_message *message,
    size_t size);

#endif /* DK_WIRE_NANOPB_SUBSCRIPTION_H */
