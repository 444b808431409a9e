/* The messages of pub/sub and bindings: written by protobuf-c and read by us, and the other way. */
#include "wire/nanopb/binding.h"
#include "wire/nanopb/pubsub.h"
#include "wire/nanopb/subscription.h"

#include "support/codec_memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/components/v1/bindings.pb-c.h>
#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <string.h>

#define PB(name) Dapr__Proto__Components__V1__##name

static struct codec_memory memory;

static void setup(void) {
    codec_memory_begin(&memory);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(pubsub_messages, .init = setup, .fini = teardown);

/* As protobuf-c writes it. */
static struct dk_bytes packed(const void *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *bytes = dk__arena_take_bytes(&memory.arena, size);
    cr_assert(ne(ptr, bytes, NULL));
    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct dk_bytes){bytes, size};
}

static void *take(void *arena, size_t size) {
    return dk__arena_take(arena, size);
}

static void give_back(void *arena, void *bytes) {
    (void)arena, (void)bytes; /* with the arena */
}

/* Reads what the chain holds, and nothing may be left over. */
static void *read_as(const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCAllocator allocator = {take, give_back, &memory.arena};
    const struct dk_bytes bytes = codec_memory_written(&memory);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, message, NULL));
    cr_assert(eq(uint, message->n_unknown_fields, 0));
    return message;
}

#define READ(name) read_as(&dapr__proto__components__v1__##name##__descriptor)

static ProtobufCBinaryData data_of(const char *text) {
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
}

static bool is(struct dk_bytes bytes, const char *text) {
    return dk_bytes_equal(bytes, dk_bytes_of(text));
}

static bool is_data(ProtobufCBinaryData data, struct dk_bytes bytes) {
    return dk_bytes_equal((struct dk_bytes){(const char *)data.data, data.len}, bytes);
}

static const struct dk_pair pairs[] = {
    {DK_BYTES("ttl"), DK_BYTES("5")},
    {DK_BYTES("empty"), DK_BYTES("")},
};
static const struct dk_pairs two_pairs = {.items = pairs, .count = 2};

/* ── publishing ─────────────────────────────────────────────────────────────────────────────── */

Test(pubsub_messages, publish_has_all_its_fields) {
    PB(PublishRequest__MetadataEntry) entry = {0};
    PB(PublishRequest__MetadataEntry) * entries[] = {&entry};
    PB(PublishRequest) request;
    struct dk_publish ours;
    dapr__proto__components__v1__publish_request__init(&request);
    dapr__proto__components__v1__publish_request__metadata_entry__init(&entry);
    entry.key = "k", entry.value = "v";
    request.data = data_of("event"), request.pubsub_name = "broker", request.topic = "orders";
    request.content_type = "text/plain", request.n_metadata = 1, request.metadata = entries;

    cr_assert(
        eq(int, dk__decode_publish(packed(&request), &memory.arena, &ours, &memory.fault), DK_OK));

    cr_assert(is(ours.data, "event"));
    cr_assert(is(ours.pubsub_name, "broker"));
    cr_assert(is(ours.topic, "orders"));
    cr_assert(is(ours.content_type, "text/plain"));
    cr_assert(is(dk_pairs_find(ours.metadata, dk_bytes_of("k")), "v"));
}

Test(pubsub_messages, publish_without_a_topic_says_so) {
    PB(PublishRequest) request;
    struct dk_publish ours;
    dapr__proto__components__v1__publish_request__init(&request);
    request.data = data_of("event");

    cr_assert(
        eq(int,
           dk__decode_publish(packed(&request), &memory.arena, &ours, &memory.fault),
           DK_INVALID));

    cr_assert(eq(str, memory.fault.text, "topic: is empty"));
}

Test(pubsub_messages, bulk_publish_has_every_entry_in_order) {
    PB(BulkMessageEntry) first, second;
    PB(BulkMessageEntry) * entries[] = {&first, &second};
    PB(BulkPublishRequest) request;
    struct dk_bulk_publish ours;
    dapr__proto__components__v1__bulk_message_entry__init(&first);
    dapr__proto__components__v1__bulk_message_entry__init(&second);
    dapr__proto__components__v1__bulk_publish_request__init(&request);
    first.entry_id = "1", first.event = data_of("a"), first.content_type = "text/plain";
    second.entry_id = "2", second.event = data_of("b");
    request.topic = "orders", request.n_entries = 2, request.entries = entries;

    cr_assert(
        eq(int,
           dk__decode_bulk_publish(packed(&request), &memory.arena, &ours, &memory.fault),
           DK_OK));

    cr_assert(eq(sz, ours.count, 2));
    cr_assert(is(ours.entries[0].entry_id, "1"));
    cr_assert(is(ours.entries[0].data, "a"));
    cr_assert(is(ours.entries[0].content_type, "text/plain"));
    cr_assert(is(ours.entries[1].entry_id, "2"));
    cr_assert(is(ours.topic, "orders"));
}

Test(pubsub_messages, an_entry_without_its_id_is_named) {
    PB(BulkMessageEntry) first, second;
    PB(BulkMessageEntry) * entries[] = {&first, &second};
    PB(BulkPublishRequest) request;
    struct dk_bulk_publish ours;
    dapr__proto__components__v1__bulk_message_entry__init(&first);
    dapr__proto__components__v1__bulk_message_entry__init(&second);
    dapr__proto__components__v1__bulk_publish_request__init(&request);
    first.entry_id = "1";
    request.topic = "orders", request.n_entries = 2, request.entries = entries;

    cr_assert(
        eq(int,
           dk__decode_bulk_publish(packed(&request), &memory.arena, &ours, &memory.fault),
           DK_INVALID));

    cr_assert(eq(str, memory.fault.text, "entries[1].entry_id: is empty"));
}

Test(pubsub_messages, failed_entries_are_a_list) {
    cr_assert(dk__encode_failed_entry(&memory.chain, dk_bytes_of("1"), dk_bytes_of("too large")));
    cr_assert(dk__encode_failed_entry(&memory.chain, dk_bytes_of("7"), dk_bytes_of("")));

    const PB(BulkPublishResponse) *response = READ(bulk_publish_response);
    cr_assert(eq(sz, response->n_failed_entries, 2));
    cr_assert(eq(str, response->failed_entries[0]->entry_id, "1"));
    cr_assert(eq(str, response->failed_entries[0]->error, "too large"));
    cr_assert(eq(str, response->failed_entries[1]->entry_id, "7"));
}

/* ── streams ────────────────────────────────────────────────────────────────────────────────── */

static struct dk__pull_request pull_of(const PB(PullMessagesRequest) * request) {
    struct dk__pull_request ours;
    cr_assert(
        eq(int, dk__decode_pull(packed(request), &memory.arena, &ours, &memory.fault), DK_OK));
    return ours;
}

Test(pubsub_messages, a_pull_begins_with_its_topic) {
    PB(Topic__MetadataEntry) entry = {0};
    PB(Topic__MetadataEntry) * entries[] = {&entry};
    PB(Topic) topic;
    PB(PullMessagesRequest) request;
    dapr__proto__components__v1__topic__metadata_entry__init(&entry);
    dapr__proto__components__v1__topic__init(&topic);
    dapr__proto__components__v1__pull_messages_request__init(&request);
    entry.key = "rawPayload", entry.value = "true";
    topic.name = "orders", topic.n_metadata = 1, topic.metadata = entries;
    request.topic = &topic;

    const struct dk__pull_request ours = pull_of(&request);

    cr_assert(is(ours.topic, "orders"));
    cr_assert(is(dk_pairs_find(ours.metadata, dk_bytes_of("rawPayload")), "true"));
    cr_assert(eq(ptr, (void *)ours.error.data, NULL));
}

Test(pubsub_messages, an_ack_has_no_topic_and_no_error) {
    PB(PullMessagesRequest) request;
    dapr__proto__components__v1__pull_messages_request__init(&request);
    request.ack_message_id = "65537";

    const struct dk__pull_request ours = pull_of(&request);

    cr_assert(eq(ptr, (void *)ours.topic.data, NULL));
    cr_assert(is(ours.message_id, "65537"));
    cr_assert(eq(ptr, (void *)ours.error.data, NULL));
}

/* An error without words is an error all the same. */
Test(pubsub_messages, a_nack_has_an_error_with_or_without_words) {
    PB(AckMessageError) error;
    PB(PullMessagesRequest) request;
    dapr__proto__components__v1__ack_message_error__init(&error);
    dapr__proto__components__v1__pull_messages_request__init(&request);
    request.ack_message_id = "65537", request.ack_error = &error;

    cr_assert(ne(ptr, (void *)pull_of(&request).error.data, NULL));
    cr_assert(eq(sz, pull_of(&request).error.size, 0));

    error.message = "no";
    cr_assert(is(pull_of(&request).error, "no"));
}

Test(pubsub_messages, a_read_ack_has_the_answer_or_the_error) {
    PB(AckResponseError) error;
    PB(ReadRequest) request;
    struct dk__read_request ours;
    dapr__proto__components__v1__ack_response_error__init(&error);
    dapr__proto__components__v1__read_request__init(&request);
    request.message_id = "65537", request.response_data = data_of("answer");

    cr_assert(
        eq(int, dk__decode_read(packed(&request), &memory.arena, &ours, &memory.fault), DK_OK));
    cr_assert(is(ours.message_id, "65537"));
    cr_assert(is(ours.response, "answer"));
    cr_assert(eq(ptr, (void *)ours.error.data, NULL));

    request.response_error = &error;
    cr_assert(
        eq(int, dk__decode_read(packed(&request), &memory.arena, &ours, &memory.fault), DK_OK));
    cr_assert(ne(ptr, (void *)ours.error.data, NULL));
}

Test(pubsub_messages, ids_and_words_that_are_no_utf8_are_refused) {
    static const struct dk_bytes bad_id = DK_BYTES("\x12\x01\xff");
    static const struct dk_bytes bad_words = DK_BYTES("\x12\x01\x31\x1a\x03\x0a\x01\xff");
    struct dk__pull_request ours;

    cr_assert(eq(int, dk__decode_pull(bad_id, &memory.arena, &ours, &memory.fault), DK_INVALID));
    cr_assert(eq(str, memory.fault.text, "ack_message_id: is not UTF-8"));
    memory.fault = (struct dk_fault){0};
    cr_assert(eq(int, dk__decode_pull(bad_words, &memory.arena, &ours, &memory.fault), DK_INVALID));
    cr_assert(eq(str, memory.fault.text, "ack_error.message: is not UTF-8"));
}

static const struct dk_message full = {
    .data = DK_BYTES("\0ev\xff"), .content_type = DK_BYTES("text/plain"), .metadata = two_pairs};

static bool encoded(const struct dk__message_numbers *numbers, struct dk_bytes topic) {
    static const struct dk_bytes id = DK_BYTES("65537");
    const size_t size = dk__message_size(numbers, topic, id, &full);
    return dk__encode_message(&memory.chain, numbers, topic, id, &full, size);
}

Test(pubsub_messages, a_pulled_message_has_all_its_fields) {
    const struct dk_bytes topic = DK_BYTES("orders"), id = DK_BYTES("65537");

    cr_assert(encoded(&dk__pull_numbers, topic));

    cr_assert(eq(sz, memory.chain.bytes, dk__message_size(&dk__pull_numbers, topic, id, &full)));
    const PB(PullMessagesResponse) *response = READ(pull_messages_response);
    cr_assert(is_data(response->data, full.data));
    cr_assert(eq(str, response->topic_name, "orders"));
    cr_assert(eq(str, response->content_type, "text/plain"));
    cr_assert(eq(str, response->id, "65537"));
    cr_assert(eq(sz, response->n_metadata, 2));
    cr_assert(eq(str, response->metadata[0]->key, "ttl"));
    cr_assert(eq(str, response->metadata[0]->value, "5"));
    cr_assert(eq(str, response->metadata[1]->key, "empty"));
    cr_assert(eq(str, response->metadata[1]->value, ""));
}

Test(pubsub_messages, a_read_message_has_all_its_fields) {
    const struct dk_bytes topic = DK_BYTES("not told"), id = DK_BYTES("65537");

    cr_assert(encoded(&dk__read_numbers, topic));

    cr_assert(eq(sz, memory.chain.bytes, dk__message_size(&dk__read_numbers, topic, id, &full)));
    const PB(ReadResponse) *response = READ(read_response);
    cr_assert(is_data(response->data, full.data));
    cr_assert(eq(str, response->content_type, "text/plain"));
    cr_assert(eq(str, response->message_id, "65537"));
    cr_assert(eq(sz, response->n_metadata, 2));
}

Test(pubsub_messages, a_message_that_does_not_fit_changes_nothing) {
    const struct dk_bytes id = DK_BYTES("65537");
    const size_t size = dk__message_size(&dk__read_numbers, id, id, &full);
    memory.chain.bytes_max = size - 1;
    cr_assert(not(encoded(&dk__read_numbers, id)));
    cr_assert(eq(sz, memory.chain.bytes, 0));

    memory.chain.bytes_max = size;
    cr_assert(encoded(&dk__read_numbers, id));
}

/* ── output bindings ────────────────────────────────────────────────────────────────────────── */

Test(pubsub_messages, invoke_has_all_its_fields) {
    PB(InvokeRequest__MetadataEntry) entry = {0};
    PB(InvokeRequest__MetadataEntry) * entries[] = {&entry};
    PB(InvokeRequest) request;
    struct dk_invoke ours;
    dapr__proto__components__v1__invoke_request__init(&request);
    dapr__proto__components__v1__invoke_request__metadata_entry__init(&entry);
    entry.key = "partitionKey", entry.value = "a";
    request.data = data_of("event"), request.operation = "create";
    request.n_metadata = 1, request.metadata = entries;

    cr_assert(
        eq(int, dk__decode_invoke(packed(&request), &memory.arena, &ours, &memory.fault), DK_OK));

    cr_assert(is(ours.data, "event"));
    cr_assert(is(ours.operation, "create"));
    cr_assert(is(dk_pairs_find(ours.metadata, dk_bytes_of("partitionKey")), "a"));
}

Test(pubsub_messages, an_output_has_all_its_fields) {
    const struct dk_output output = {
        .data = DK_BYTES("answer"), .metadata = two_pairs, .content_type = DK_BYTES("text/plain")};

    cr_assert(dk__encode_output(&memory.chain, &output));

    const PB(InvokeResponse) *response = READ(invoke_response);
    cr_assert(is_data(response->data, output.data));
    cr_assert(eq(str, response->content_type, "text/plain"));
    cr_assert(eq(sz, response->n_metadata, 2));
    cr_assert(eq(str, response->metadata[0]->key, "ttl"));
}
