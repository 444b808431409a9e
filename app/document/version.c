/* Records of versions: written beside the head, read by Get, ListVersions and Diff. */
#include "document/version.h"

#include "document/head.h"
#include "document/methods.h"
#include "document/state.h"

#include <inttypes.h>
#include <string.h>

enum { VERSIONS_ANSWER_MAX = 100 };

enum dk_error document_versions_drop(
    const struct document_scope *scope, const char *id, uint64_t first, uint64_t end) {
    while (first < end) {
        struct document_key keys[DOCUMENT_SWEEP_MAX];
        size_t count = 0;
        while (count < DOCUMENT_SWEEP_MAX && first < end) {
            keys[count++] = document_key_version(scope, id, first++);
        }
        const enum dk_error error = document_state_drop(scope, keys, count);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

enum dk_error document_versions_leave(const struct document_scope *scope, const pb_head *from) {
    const char *id = from->document->id;
    const struct document_key key = document_key_version(scope, id, from->document->version);
    pb_document document = *from->document;
    pb_version record;

    /* Annotations are the head's alone; without them every writer writes the same bytes. */
    document.annotations = NULL;
    dapr_kit__document__v1__version_record__init(&record);
    record.document = &document;
    record.birth_id = from->birth_id;
    record.is_text = from->is_text;
    const struct dk_bytes value = dk_call_pack(scope->call, &record.base);
    if (value.data == NULL) {
        return DK_EXHAUSTED; /* noted */
    }
    const enum dk_error error =
        document_versions_drop(scope, id, from->swept_version, from->first_version);
    if (error != DK_OK) {
        return error;
    }
    return document_state_put(scope, &(struct document_put){.key = &key, .value = value});
}

enum dk_error document_version_of(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    const pb_head *head,
    pb_version **ret_record) {
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_read(
        scope, item, &dapr_kit__document__v1__version_record__descriptor, &message);

    if (error != DK_OK) {
        return error;
    }
    pb_version *record = (pb_version *)message;
    const bool is_of_it =
        record != NULL && record->document != NULL && strcmp(record->birth_id, head->birth_id) == 0;
    *ret_record = is_of_it ? record : NULL;
    return DK_OK;
}

enum dk_error document_version_read(
    const struct document_scope *scope,
    const pb_head *head,
    uint64_t version,
    const pb_document **ret_document,
    bool *ret_is_text) {
    const uint64_t newest = head->document->version;
    const char *id = head->document->id;
    pb_version *record = NULL;

    if (version == 0 || version == newest) {
        *ret_document = head->document;
        if (ret_is_text != NULL) {
            *ret_is_text = head->is_text;
        }
        return DK_OK;
    }
    if (version > newest || version < head->first_version) {
        return dk_call_fail(
            scope->call,
            DK_NOT_FOUND,
            "document '%s': version %" PRIu64 " is not kept; there are %" PRIu64 " to %" PRIu64,
            id,
            version,
            head->first_version,
            newest);
    }
    const struct document_key key = document_key_version(scope, id, version);
    struct dk_state_item item = {0};
    enum dk_error error =
        dk_daprd_get(scope->call, scope->config->store, document_key_bytes(&key), &item);
    if (error == DK_OK) {
        item.key = document_key_bytes(&key);
        error = document_version_of(scope, &item, head, &record);
    }
    if (error != DK_OK) {
        return error;
    }
    if (record == NULL) {
        return dk_call_fail(
            scope->call,
            DK_INTERNAL,
            "document '%s': version %" PRIu64 " is missing; Verify says more",
            id,
            version);
    }
    *ret_document = record->document;
    if (ret_is_text != NULL) {
        *ret_is_text = record->is_text;
    }
    return DK_OK;
}

/* ── ListVersions ───────────────────────────────────────────────────────────────────────────── */

/* The records of versions newest … newest - count + 1, which lie below the head. */
static enum dk_error list_records(
    const struct document_scope *scope,
    const pb_head *head,
    uint64_t newest,
    size_t count,
    pb_document **ret_documents) {
    const char *id = head->document->id;
    struct document_key *keys = dk_call_take(scope->call, (count + 1) * sizeof *keys);
    struct dk_state_item *items = dk_call_take(scope->call, (count + 1) * sizeof *items);

    if (keys == NULL || items == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = document_key_version(scope, id, newest - i);
    }
    enum dk_error error = document_state_get_many(scope, keys, count, items);
    for (size_t i = 0; i < count && error == DK_OK; i++) {
        pb_version *record = NULL;
        error = document_version_of(scope, &items[i], head, &record);
        if (error == DK_OK && record == NULL) {
            error = dk_call_fail(
                scope->call,
                DK_INTERNAL,
                "document '%s': version %" PRIu64 " is missing; Verify says more",
                id,
                newest - i);
        } else if (error == DK_OK) {
            ret_documents[i] = record->document;
        }
    }
    return error;
}

enum dk_error documents_list_versions(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__ListVersionsRequest *wanted = (const void *)request;
    DaprKit__Document__V1__ListVersionsAnswer *listed = (void *)answer;
    struct document_scope scope = {0};
    struct document_head head = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK && wanted->limit > VERSIONS_ANSWER_MAX) {
        error = dk_call_fail(
            call, DK_INVALID, "limit: %" PRIu32 " is above %d", wanted->limit, VERSIONS_ANSWER_MAX);
    }
    if (error == DK_OK) {
        error = document_head_want(&scope, wanted->id, true, &head);
    }
    if (error != DK_OK) {
        return error;
    }
    const uint64_t end = head.record->document->version + 1, first = head.record->first_version;
    uint64_t before = wanted->before == 0 || wanted->before > end ? end : wanted->before;
    const size_t limit = wanted->limit == 0 ? VERSIONS_ANSWER_MAX : wanted->limit;
    const uint64_t there = before > first ? before - first : 0;
    const size_t count = there < limit ? (size_t)there : limit;
    pb_document **documents = dk_call_take(call, (count + 1) * sizeof(pb_document *));
    if (documents == NULL) {
        return document_no_memory(call);
    }
    size_t filled = 0;
    if (count > 0 && before == end) { /* the newest is the head */
        documents[filled++] = head.record->document;
        head.record->document->etag = document_etag(&scope, head.record);
        if (head.record->document->etag == NULL) {
            return DK_EXHAUSTED;
        }
        before--;
    }
    error = list_records(&scope, head.record, before - 1, count - filled, &documents[filled]);
    if (error != DK_OK) {
        return error;
    }
    listed->versions = documents;
    listed->n_versions = count;
    if (count > 0 && documents[count - 1]->version > first) {
        listed->next_before = documents[count - 1]->version;
    }
    return DK_OK;
}
