/*
 * The publish requests, field by field. Source: proto/dapr/proto/components/v1/pubsub.proto.
 */
#include "wire/nanopb/pubsub_shapes.h"

/* clang-format off */

static const struct dk__row publish_rows[] = {
    {1, DK__BYTES, DK__AT(dk_publish, data), "data"},
    {2, DK__STRING, DK__AT(dk_publish, pubsub_name), "pubsub_name"},
    {3, DK__STRING, DK__AT(dk_publish, topic), "topic"},
    {4, DK__MAP, DK__AT(dk_publish, metadata), "metadata"},
    {5, DK__STRING, DK__AT(dk_publish, content_type), "content_type"},
    {0},
};
const struct dk__shape dk__shape_publish = {
    .name = DK__PROTO("PublishRequest"), .rows = publish_rows, .size = sizeof(struct dk_publish),
    .required_at = DK__REQUIRED(dk_publish, topic)};

static const struct dk__row entry_rows[] = {
    {1, DK__STRING, DK__AT(dk_publish_entry, entry_id), "entry_id"},
    {2, DK__BYTES, DK__AT(dk_publish_entry, data), "event"},
    {3, DK__STRING, DK__AT(dk_publish_entry, content_type), "content_type"},
    {4, DK__MAP, DK__AT(dk_publish_entry, metadata), "metadata"},
    {0},
};
static const struct dk__shape shape_entry = {
    .name = DK__PROTO("BulkMessageEntry"), .rows = entry_rows, .size = sizeof(struct dk_publish_entry),
    .required_at = DK__REQUIRED(dk_publish_entry, entry_id)};

static const struct dk__row bulk_publish_rows[] = {
    {1, DK__REPEATED, DK__AT(dk_bulk_publish, entries), "entries", &shape_entry},
    {2, DK__STRING, DK__AT(dk_bulk_publish, pubsub_name), "pubsub_name"},
    {3, DK__STRING, DK__AT(dk_bulk_publish, topic), "topic"},
    {4, DK__MAP, DK__AT(dk_bulk_publish, metadata), "metadata"},
    {0},
};
const struct dk__shape dk__shape_bulk_publish = {
    .name = DK__PROTO("BulkPublishRequest"), .rows = bulk_publish_rows, .size = sizeof(struct dk_bulk_publish),
    .required_at = DK__REQUIRED(dk_bulk_publish, topic)};

/* clang-format on */

/* The engine writes lists as {items, count}. */
_Static_assert(
    DK__AT(dk_bulk_publish, count) == DK__AT(dk_bulk_publish, entries) + sizeof(void *),
    "items, count");

const struct dk__shape *const dk__pubsub_shapes[] = {
    &dk__shape_publish,
    &dk__shape_bulk_publish,
    NULL,
};
