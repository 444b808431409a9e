#include "support/codec_memory.h"
#include "wire/pbc/daprd_message.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/binding.pb-c.h>
#include <dapr/proto/runtime/v1/invoke.pb-c.h>
#include <dapr/proto/runtime/v1/pubsub.pb-c.h>

static struct codec_memory memory;
static struct dk__pbc_writing writing;

static void setup(void) {
    codec_memory_begin(&memory);
    writing = (struct dk__pbc_writing){.arena = &memory.arena, .fault = &memory.fault};
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_message, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static const struct dk_pair raw[] = {
    {DK_BYTES("rawPayload"), DK_BYTES("true")}, {DK_BYTES("partitionKey"), DK_BYTES("p")}};

static void *unpacked(const ProtobufCMessageDescriptor *descriptor, struct dk_bytes bytes) {
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", memory.fault.text);
    void *message =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, message, NULL));
    return message;
}

static void refused(struct dk_bytes bytes, const char *words) {
    cr_assert(eq(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(int, memory.fault.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(memory.fault.text, words), NULL), "%s", memory.fault.text);
    memory.fault = (struct dk_fault){.error = DK_OK};
}

Test(daprd_message, an_event_carries_data_type_and_metadata) {
    const struct dk_daprd_message message = {
        .data = B("a\0b"), .content_type = B("application/json"), .metadata = {raw, 2}};

    Dapr__Proto__Runtime__V1__PublishEventRequest *request = unpacked(
        &dapr__proto__runtime__v1__publish_event_request__descriptor,
        dk__encode_daprd_publish(&writing, "pubsub", "topic", &message));

    cr_assert(eq(str, request->pubsub_name, "pubsub"));
    cr_assert(eq(str, request->topic, "topic"));
    cr_assert(eq(sz, request->data.len, 3));
    cr_assert(eq(str, request->data_content_type, "application/json"));
    cr_assert(eq(sz, request->n_metadata, 2));
    cr_assert(eq(str, request->metadata[1]->value, "p"));
    dapr__proto__runtime__v1__publish_event_request__free_unpacked(request, NULL);
}

Test(daprd_message, many_events_are_named_by_their_index_and_raw_is_said_for_all) {
    const struct dk_daprd_message messages[] = {
        {.data = B("0"), .metadata = {raw, 2}}, {.data = B("1"), .metadata = {raw, 1}}};

    Dapr__Proto__Runtime__V1__BulkPublishRequest *request = unpacked(
        &dapr__proto__runtime__v1__bulk_publish_request__descriptor,
        dk__encode_daprd_publish_many(&writing, "pubsub", "topic", messages, 2));

    cr_assert(eq(sz, request->n_entries, 2));
    cr_assert(eq(str, request->entries[0]->entry_id, "0"));
    cr_assert(eq(str, request->entries[1]->entry_id, "1"));
    cr_assert(eq(sz, request->entries[0]->n_metadata, 2));
    cr_assert(eq(sz, request->n_metadata, 1));
    cr_assert(eq(str, request->metadata[0]->key, "rawPayload"));
    dapr__proto__runtime__v1__bulk_publish_request__free_unpacked(request, NULL);
}

Test(daprd_message, events_that_do_not_agree_on_raw_are_refused) {
    const struct dk_daprd_message messages[] = {{.metadata = {raw, 1}}, {.data = B("1")}};

    refused(
        dk__encode_daprd_publish_many(&writing, "pubsub", "topic", messages, 2),
        "rawPayload: differs between message 0 and message 1");
}

Test(daprd_message, names_that_are_missing_are_refused) {
    const struct dk_daprd_message message = {.data = B("0")};
    const struct dk_invocation invocation = {.verb = "GET", .method = "m"};

    refused(dk__encode_daprd_publish(&writing, "", "t", &message), "pubsub: is missing");
    refused(dk__encode_daprd_publish(&writing, "p", "", &message), "topic: is missing");
    refused(dk__encode_daprd_publish_many(&writing, "p", NULL, &message, 1), "topic: is missing");
    refused(dk__encode_daprd_binding(&writing, "", "create", &message), "binding: is missing");
    refused(dk__encode_daprd_binding(&writing, "b", "", &message), "operation: is missing");
    refused(dk__encode_daprd_invoke(&writing, &invocation), "app_id: is missing");
}

static enum dk_error decode_failed(const char *name, size_t count, bool *failed) {
    Dapr__Proto__Runtime__V1__BulkPublishResponse response =
        DAPR__PROTO__RUNTIME__V1__BULK_PUBLISH_RESPONSE__INIT;
    Dapr__Proto__Runtime__V1__BulkPublishResponseFailedEntry entry =
        DAPR__PROTO__RUNTIME__V1__BULK_PUBLISH_RESPONSE_FAILED_ENTRY__INIT;
    Dapr__Proto__Runtime__V1__BulkPublishResponseFailedEntry *list[] = {&entry};
    char bytes[256];
    entry.entry_id = (char *)name;
    entry.error = "broker away";
    response.failedentries = list;
    response.n_failedentries = 1;
    const size_t size =
        dapr__proto__runtime__v1__bulk_publish_response__pack(&response, (uint8_t *)bytes);
    return dk__decode_daprd_publish_many(
        (struct dk_bytes){bytes, size}, &memory.arena, count, failed, &memory.fault);
}

Test(daprd_message, entries_that_failed_are_marked) {
    bool failed[3] = {true, true, false};

    cr_assert(eq(int, decode_failed("2", 3, failed), DK_OK));

    cr_assert(not(failed[0]));
    cr_assert(not(failed[1]));
    cr_assert(failed[2]);
}

Test(daprd_message, an_entry_that_was_not_sent_is_an_error_of_the_sidecar) {
    static const char *const names[] = {"3", "-1", "x", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool failed[3] = {false};

        cr_assert(eq(int, decode_failed(names[i], 3, failed), DK_INTERNAL), "%s", names[i]);

        cr_assert(ne(ptr, strstr(memory.fault.text, "among 3"), NULL), "%s", memory.fault.text);
        memory.fault = (struct dk_fault){.error = DK_OK};
    }
}

Test(daprd_message, a_binding_is_named_with_its_operation) {
    const struct dk_daprd_message message = {.data = B("data"), .metadata = {raw, 1}};
    struct dk_bytes answer;

    Dapr__Proto__Runtime__V1__InvokeBindingRequest *request = unpacked(
        &dapr__proto__runtime__v1__invoke_binding_request__descriptor,
        dk__encode_daprd_binding(&writing, "export", "create", &message));
    const enum dk_error error =
        dk__decode_daprd_binding(B("\x0a\x02ok"), &memory.arena, &answer, &memory.fault);

    cr_assert(eq(str, request->name, "export"));
    cr_assert(eq(str, request->operation, "create"));
    cr_assert(eq(sz, request->data.len, 4));
    cr_assert(eq(sz, request->n_metadata, 1));
    cr_assert(eq(int, error, DK_OK));
    cr_assert(dk_bytes_equal(answer, B("ok")));
    dapr__proto__runtime__v1__invoke_binding_request__free_unpacked(request, NULL);
}

Test(daprd_message, an_invocation_parts_method_and_query) {
    const struct dk_invocation invocation = {
        .app_id = "documents",
        .verb = "PATCH",
        .method = "documents/7?tag=a%20b",
        .body = B("{}"),
        .content_type = B("application/json")};

    Dapr__Proto__Runtime__V1__InvokeServiceRequest *request = unpacked(
        &dapr__proto__runtime__v1__invoke_service_request__descriptor,
        dk__encode_daprd_invoke(&writing, &invocation));

    cr_assert(eq(str, request->id, "documents"));
    cr_assert(eq(str, request->message->method, "documents/7"));
    cr_assert(eq(str, request->message->http_extension->querystring, "tag=a%20b"));
    cr_assert(eq(int, request->message->http_extension->verb, 9));
    cr_assert(eq(str, request->message->content_type, "application/json"));
    cr_assert(eq(sz, request->message->data->value.len, 2));
    dapr__proto__runtime__v1__invoke_service_request__free_unpacked(request, NULL);
}

Test(daprd_message, a_verb_that_nobody_knows_is_refused) {
    static const char *const verbs[] = {"get", "NONE", "", NULL, "FETCH"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct dk_invocation invocation = {.app_id = "a", .verb = verbs[i], .method = "m"};

        refused(dk__encode_daprd_invoke(&writing, &invocation), "is none of GET, HEAD");
    }
}

Test(daprd_message, an_invocation_without_data_is_answered_empty) {
    struct dk_invocation_answer answer;

    const enum dk_error error =
        dk__decode_daprd_invoke(B(""), &memory.arena, &answer, &memory.fault);

    cr_assert(eq(int, error, DK_OK));
    cr_assert(ne(ptr, (void *)answer.body.data, NULL));
    cr_assert(eq(sz, answer.body.size, 0));
}
