#ifndef DK_WIRE_NANOPB_PUBSUB_H
#define DK_WIRE_NANOPB_PUBSUB_H

#include "wire/nanopb/common.h"

#include <dk/pubsub.h>

/*
 * What PubSub publishes, between wire bytes and the contract's structs. See common.h for the
 * promises, subscription.h for the stream. Source: proto/dapr/proto/components/v1/pubsub.proto.
 */

enum dk_error dk__decode_publish(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_publish *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_bulk_publish(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bulk_publish *ret,
    struct dk_fault *fault);

/* One `failed_entries` entry of BulkPublishResponse. */
bool dk__encode_failed_entry(
    struct dk__chain *out, struct dk_bytes entry_id, struct dk_bytes error);

#endif /* DK_WIRE_NANOPB_PUBSUB_H */
