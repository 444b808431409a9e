/*
 * Messages on their way to brokers, bindings and applications, by protobuf-c's structs.
 */
#include "wire/pbc/daprd_message.h"

#include <dapr/proto/runtime/v1/binding.pb-c.h>
#include <dapr/proto/runtime/v1/invoke.pb-c.h>
#include <dapr/proto/runtime/v1/pubsub.pb-c.h>
#include <dk/option.h>
#include <inttypes.h>
#include <stdio.h>

static const struct dk_bytes absent = {0};
static const struct dk_bytes raw_payload = DK_BYTES("rawPayload");

/* ── publishing ─────────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_publish(
    const struct dk__pbc_writing *writing,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *message) {
    Dapr__Proto__Runtime__V1__PublishEventRequest request =
        DAPR__PROTO__RUNTIME__V1__PUBLISH_EVENT_REQUEST__INIT;
    request.pubsub_name = dk__pbc_name(writing, "pubsub", dk_bytes_of(pubsub));
    request.topic =
        request.pubsub_name == NULL ? NULL : dk__pbc_name(writing, "topic", dk_bytes_of(topic));
    request.data_content_type =
        request.topic == NULL ? NULL : dk__pbc_text(writing, "content_type", message->content_type);
    if (request.data_content_type == NULL) {
        return absent;
    }
    request.data = dk__pbc_binary(message->data);
    request.n_metadata = message->metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__publish_event_request__metadata_entry__descriptor,
        "metadata",
        message->metadata);
    return request.metadata == NULL ? absent : dk__pbc_write(writing, &request.base);
}

/* NULL: noted. */
static Dapr__Proto__Runtime__V1__BulkPublishRequestEntry *entry_write(
    const struct dk__pbc_writing *writing, const struct dk_daprd_message *message, size_t index) {
    char name[24];
    Dapr__Proto__Runtime__V1__BulkPublishRequestEntry *entry = dk__pbc_take(writing, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__bulk_publish_request_entry__init(entry);
    (void)snprintf(name, sizeof name, "%zu", index);
    entry->entry_id = dk__pbc_text(writing, "entry_id", dk_bytes_of(name));
    entry->content_type = entry->entry_id == NULL
                              ? NULL
                              : dk__pbc_text(writing, "content_type", message->content_type);
    if (entry->content_type == NULL) {
        return NULL;
    }
    entry->event = dk__pbc_binary(message->data);
    entry->n_metadata = message->metadata.count;
    entry->metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__bulk_publish_request_entry__metadata_entry__descriptor,
        "metadata",
        message->metadata);
    return entry->metadata == NULL ? NULL : entry;
}

/* What daprd reads of a request alone, though a message says it: rawPayload. */
static enum dk_error common_metadata(
    const struct dk_daprd_message *messages,
    size_t count,
    struct dk_pair *pair,
    struct dk_pairs *ret_metadata,
    struct dk_fault *fault) {
    const struct dk_bytes raw =
        count == 0 ? absent : dk_pairs_find(messages[0].metadata, raw_payload);
    for (size_t i = 1; i < count; i++) {
        if (!dk_bytes_equal(raw, dk_pairs_find(messages[i].metadata, raw_payload))) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "rawPayload: differs between message 0 and message %zu; one bulk has one for all",
                i);
        }
    }
    *pair = (struct dk_pair){.key = raw_payload, .value = raw};
    *ret_metadata = (struct dk_pairs){.items = pair, .count = raw.data == NULL ? 0 : 1};
    return DK_OK;
}

struct dk_bytes dk__encode_daprd_publish_many(
    const struct dk__pbc_writing *writing,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count) {
    Dapr__Proto__Runtime__V1__BulkPublishRequest request =
        DAPR__PROTO__RUNTIME__V1__BULK_PUBLISH_REQUEST__INIT;
    struct dk_pair pair;
    struct dk_pairs metadata = {0};
    request.pubsub_name = dk__pbc_name(writing, "pubsub", dk_bytes_of(pubsub));
    request.topic =
        request.pubsub_name == NULL ? NULL : dk__pbc_name(writing, "topic", dk_bytes_of(topic));
    if (request.topic == NULL ||
        common_metadata(messages, count, &pair, &metadata, writing->fault) != DK_OK) {
        return absent;
    }
    request.n_metadata = metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__bulk_publish_request__metadata_entry__descriptor,
        "metadata",
        metadata);
    request.entries =
        request.metadata == NULL ? NULL : dk__pbc_take(writing, count * sizeof(*request.entries));
    if (request.entries == NULL) {
        return absent;
    }
    request.n_entries = count;
    for (size_t i = 0; i < count; i++) {
        request.entries[i] = entry_write(writing, &messages[i], i);
        if (request.entries[i] == NULL) {
            return absent;
        }
    }
    return dk__pbc_write(writing, &request.base);
}

enum dk_error dk__decode_daprd_publish_many(
    struct dk_bytes message,
    struct dk__arena *arena,
    size_t count,
    bool *ret_failed,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__BulkPublishResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__bulk_publish_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    bool *failed = dk__arena_take(arena, count);
    if (failed == NULL) {
        return dk__pbc_answer_full(fault);
    }
    for (size_t i = 0; i < response->n_failedentries; i++) {
        const char *name = response->failedentries[i]->entry_id;
        int64_t index = 0;
        if (!dk_integer_parse(dk_bytes_of(name), &index) || index < 0 || (uint64_t)index >= count) {
            return dk_fault_set(
                fault, DK_INTERNAL, "entry '%s' failed, which was not among %zu", name, count);
        }
        failed[index] = true;
    }
    if (count > 0) {
        memcpy(ret_failed, failed, count * sizeof *failed);
    }
    return DK_OK;
}

/* ── bindings ───────────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_binding(
    const struct dk__pbc_writing *writing,
    const char *binding,
    const char *operation,
    const struct dk_daprd_message *message) {
    Dapr__Proto__Runtime__V1__InvokeBindingRequest request =
        DAPR__PROTO__RUNTIME__V1__INVOKE_BINDING_REQUEST__INIT;
    request.name = dk__pbc_name(writing, "binding", dk_bytes_of(binding));
    request.operation =
        request.name == NULL ? NULL : dk__pbc_name(writing, "operation", dk_bytes_of(operation));
    if (request.operation == NULL) {
        return absent;
    }
    request.data = dk__pbc_binary(message->data);
    request.n_metadata = message->metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__invoke_binding_request__metadata_entry__descriptor,
        "metadata",
        message->metadata);
    return request.metadata == NULL ? absent : dk__pbc_write(writing, &request.base);
}

enum dk_error dk__decode_daprd_binding(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes *ret_answer,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__InvokeBindingResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__invoke_binding_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    *ret_answer = dk__pbc_bytes(response->data);
    return DK_OK;
}

/* ── applications ───────────────────────────────────────────────────────────────────────────── */

/* False: noted. */
static bool verb_write(
    const struct dk__pbc_writing *writing,
    const char *verb,
    Dapr__Proto__Common__V1__HTTPExtension__Verb *ret_verb) {
    const ProtobufCEnumValue *row =
        verb == NULL ? NULL
                     : protobuf_c_enum_descriptor_get_value_by_name(
                           &dapr__proto__common__v1__httpextension__verb__descriptor, verb);
    if (row == NULL || row->value == DAPR__PROTO__COMMON__V1__HTTPEXTENSION__VERB__NONE) {
        (void)dk_fault_set(
            writing->fault,
            DK_INVALID,
            "verb: '%s' is none of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH",
            verb == NULL ? "" : verb);
        return false;
    }
    *ret_verb = (Dapr__Proto__Common__V1__HTTPExtension__Verb)row->value;
    return true;
}

struct dk_bytes dk__encode_daprd_invoke(
    const struct dk__pbc_writing *writing, const struct dk_invocation *invocation) {
    Dapr__Proto__Runtime__V1__InvokeServiceRequest request =
        DAPR__PROTO__RUNTIME__V1__INVOKE_SERVICE_REQUEST__INIT;
    Dapr__Proto__Common__V1__InvokeRequest message = DAPR__PROTO__COMMON__V1__INVOKE_REQUEST__INIT;
    Dapr__Proto__Common__V1__HTTPExtension http = DAPR__PROTO__COMMON__V1__HTTPEXTENSION__INIT;
    Google__Protobuf__Any data = GOOGLE__PROTOBUF__ANY__INIT;
    struct dk_bytes path = dk_bytes_of(invocation->method), query = DK_BYTES("");
    const char *mark = path.size == 0 ? NULL : memchr(path.data, '?', path.size);
    if (mark != NULL) {
        query = dk_bytes_of(mark + 1);
        path.size = (size_t)(mark - path.data);
    }
    request.id = dk__pbc_name(writing, "app_id", dk_bytes_of(invocation->app_id));
    message.method = request.id == NULL ? NULL : dk__pbc_name(writing, "method", path);
    http.querystring = message.method == NULL ? NULL : dk__pbc_text(writing, "query", query);
    message.content_type = http.querystring == NULL
                               ? NULL
                               : dk__pbc_text(writing, "content_type", invocation->content_type);
    if (message.content_type == NULL || !verb_write(writing, invocation->verb, &http.verb)) {
        return absent;
    }
    data.value = dk__pbc_binary(invocation->body);
    message.data = &data;
    message.http_extension = &http;
    request.message = &message;
    return dk__pbc_write(writing, &request.base);
}

enum dk_error dk__decode_daprd_invoke(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_invocation_answer *ret_answer,
    struct dk_fault *fault) {
    const Dapr__Proto__Common__V1__InvokeResponse *response = dk__pbc_answer(
        &dapr__proto__common__v1__invoke_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    *ret_answer = (struct dk_invocation_answer){
        .body = DK_BYTES(""), .content_type = dk_bytes_of(response->content_type)};
    if (response->data != NULL) {
        ret_answer->body = dk__pbc_bytes(response->data->value);
    }
    return DK_OK;
}
