/*
 * PullMessagesRequest and ReadRequest, field by field. Their errors land in the struct around them:
 * one that came is present, with or without words.
 */
#include "wire/nanopb/subscription_shapes.h"

/* clang-format off */

static const struct dk__row topic_rows[] = {
    {1, DK__STRING, DK__AT(dk__pull_request, topic), "topic.name"},
    {2, DK__MAP, DK__AT(dk__pull_request, metadata), "topic.metadata"},
    {0},
};
static const struct dk__shape shape_topic = {.name = DK__PROTO("Topic"), .rows = topic_rows};

static const struct dk__row ack_error_rows[] = {
    {1, DK__STRING, DK__AT(dk__pull_request, error), "ack_error.message"},
    {0},
};
static const struct dk__shape shape_ack_error = {
    .name = DK__PROTO("AckMessageError"), .rows = ack_error_rows};

static const struct dk__row pull_rows[] = {
    {1, DK__MESSAGE, 0, "topic", &shape_topic},
    {2, DK__STRING, DK__AT(dk__pull_request, message_id), "ack_message_id"},
    {3, DK__MESSAGE, 0, "ack_error", &shape_ack_error},
    {0},
};
const struct dk__shape dk__shape_pull = {
    .name = DK__PROTO("PullMessagesRequest"), .rows = pull_rows, .size = sizeof(struct dk__pull_request)};

static const struct dk__row response_error_rows[] = {
    {1, DK__STRING, DK__AT(dk__read_request, error), "response_error.message"},
    {0},
};
static const struct dk__shape shape_response_error = {
    .name = DK__PROTO("AckResponseError"), .rows = response_error_rows};

static const struct dk__row read_rows[] = {
    {1, DK__BYTES, DK__AT(dk__read_request, response), "response_data"},
    {2, DK__STRING, DK__AT(dk__read_request, message_id), "message_id"},
    {3, DK__MESSAGE, 0, "response_error", &shape_response_error},
    {0},
};
const struct dk__shape dk__shape_read = {
    .name = DK__PROTO("ReadRequest"), .rows = read_rows, .size = sizeof(struct dk__read_request)};

/* clang-format on */

const struct dk__shape *const dk__subscription_shapes[] = {
    &dk__shape_pull,
    &dk__shape_read,
    NULL,
};
