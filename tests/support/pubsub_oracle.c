/*
 * Compares what two readers make of a request of pub/sub or bindings.
 */
#include "support/pubsub_oracle.h"

#include "wire/nanopb/binding.h"
#include "wire/nanopb/pubsub.h"
#include "wire/nanopb/subscription.h"

#include <dapr/proto/components/v1/bindings.pb-c.h>
#include <dapr/proto/components/v1/pubsub.pb-c.h>

#define ORACLE(name) Dapr__Proto__Components__V1__##name

union ours {
    struct dk_publish publish;
    struct dk_bulk_publish bulk_publish;
    struct dk__pull_request pull;
    struct dk__read_request read;
    struct dk_invoke invoke;
};

/* A text of a message that may not have come: absent then. */
static bool same_part(struct dk_bytes ours, const char *theirs) {
    return theirs == NULL ? ours.data == NULL : oracle_same_text(ours, theirs);
}

static void compare_publish(
    struct oracle_comparison *c,
    const struct dk_publish *ours,
    const ORACLE(PublishRequest) * theirs) {
    oracle_require(c, oracle_same_bytes(ours->data, theirs->data), "publish: data");
    oracle_require(c, oracle_same_text(ours->topic, theirs->topic), "publish: topic");
    oracle_require(c, oracle_same_text(ours->pubsub_name, theirs->pubsub_name), "publish: name");
    oracle_require(
        c, oracle_same_text(ours->content_type, theirs->content_type), "publish: content_type");
    oracle_require(
        c,
        oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata),
        "publish: metadata");
}

static void compare_bulk_publish(
    struct oracle_comparison *c,
    const struct dk_bulk_publish *ours,
    const ORACLE(BulkPublishRequest) * theirs) {
    oracle_require(c, oracle_same_text(ours->topic, theirs->topic), "bulk: topic");
    oracle_require(c, oracle_same_text(ours->pubsub_name, theirs->pubsub_name), "bulk: name");
    oracle_require(
        c, oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "bulk: metadata");
    oracle_require(c, ours->count == theirs->n_entries, "bulk: count");
    for (size_t i = 0; i < theirs->n_entries && c->difference == NULL; i++) {
        const struct dk_publish_entry *entry = &ours->entries[i];
        const ORACLE(BulkMessageEntry) *other = theirs->entries[i];
        oracle_require(c, oracle_same_text(entry->entry_id, other->entry_id), "entry: id");
        oracle_require(c, oracle_same_bytes(entry->data, other->event), "entry: event");
        oracle_require(
            c, oracle_same_text(entry->content_type, other->content_type), "entry: content_type");
        oracle_require(
            c,
            oracle_same_map(entry->metadata, other->n_metadata, other->metadata),
            "entry: metadata");
    }
}

static void compare_pull(
    struct oracle_comparison *c,
    const struct dk__pull_request *ours,
    const ORACLE(PullMessagesRequest) * theirs) {
    const ORACLE(Topic) *topic = theirs->topic;
    oracle_require(c, same_part(ours->topic, topic == NULL ? NULL : topic->name), "pull: topic");
    oracle_require(
        c,
        topic == NULL ? ours->metadata.count == 0
                      : oracle_same_map(ours->metadata, topic->n_metadata, topic->metadata),
        "pull: metadata");
    oracle_require(c, oracle_same_text(ours->message_id, theirs->ack_message_id), "pull: id");
    oracle_require(
        c,
        same_part(ours->error, theirs->ack_error == NULL ? NULL : theirs->ack_error->message),
        "pull: error");
}

static void compare_read(
    struct oracle_comparison *c,
    const struct dk__read_request *ours,
    const ORACLE(ReadRequest) * theirs) {
    oracle_require(c, oracle_same_bytes(ours->response, theirs->response_data), "read: response");
    oracle_require(c, oracle_same_text(ours->message_id, theirs->message_id), "read: id");
    oracle_require(
        c,
        same_part(
            ours->error, theirs->response_error == NULL ? NULL : theirs->response_error->message),
        "read: error");
}

static void compare_invoke(
    struct oracle_comparison *c,
    const struct dk_invoke *ours,
    const ORACLE(InvokeRequest) * theirs) {
    oracle_require(c, oracle_same_bytes(ours->data, theirs->data), "invoke: data");
    oracle_require(c, oracle_same_text(ours->operation, theirs->operation), "invoke: operation");
    oracle_require(
        c,
        oracle_same_map(ours->metadata, theirs->n_metadata, theirs->metadata),
        "invoke: metadata");
}

ORACLE_ROW(publish, dk_publish, PublishRequest)
ORACLE_ROW(bulk_publish, dk_bulk_publish, BulkPublishRequest)
ORACLE_ROW(pull, dk__pull_request, PullMessagesRequest)
ORACLE_ROW(read, dk__read_request, ReadRequest)
ORACLE_ROW(invoke, dk_invoke, InvokeRequest)

static const struct oracle oracles[PUBSUB_MESSAGES] = {
    [PUBSUB_PUBLISH] = ORACLE_OF(publish, publish_request),
    [PUBSUB_BULK_PUBLISH] = ORACLE_OF(bulk_publish, bulk_publish_request),
    [PUBSUB_PULL] = ORACLE_OF(pull, pull_messages_request),
    [PUBSUB_READ] = ORACLE_OF(read, read_request),
    [PUBSUB_INVOKE] = ORACLE_OF(invoke, invoke_request),
};

const char *pubsub_oracle_read(
    enum pubsub_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours) {
    union ours ours;
    return oracle_read(&oracles[kind], message, memory, &ours, ret_ours);
}
