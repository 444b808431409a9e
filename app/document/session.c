/*
 * Sessions: something a caller keeps for as long as somebody looks. The store's TTL takes them away;
 * each look puts it off by writing the record again.
 *
 * A look changes the store's etag, so the one that callers see is the record's own, made anew by
 * changes of the data alone.
 */
#include "document/session.h"
#include "document/methods.h"
#include "document/state.h"

#include <inttypes.h>
#include <protobuf-c/protobuf-c.h>
#include <string.h>

typedef DaprKit__Document__V1__SessionRecord pb_session;

struct held {
    struct document_key key;
    pb_session *record;
    struct dk_bytes etag; /* the store's */
};

static enum dk_error data_check(struct dk_call *call, const pb_struct *data) {
    const size_t bytes = data == NULL ? 0 : protobuf_c_message_get_packed_size(&data->base);
    if (bytes > SESSION_DATA_BYTES_MAX) {
        return dk_call_fail(
            call, DK_INVALID, "data: %zu bytes are above %d", bytes, SESSION_DATA_BYTES_MAX);
    }
    return DK_OK;
}

static enum dk_error session_save(
    const struct document_scope *scope, const struct held *held, bool is_first) {
    const struct document_put put = {
        .key = &held->key,
        .value = dk_call_pack(scope->call, &held->record->base),
        .etag = held->etag,
        .is_first = is_first,
        .ttl_s = (int64_t)held->record->ttl_seconds};
    return put.value.data == NULL ? DK_EXHAUSTED : document_state_put(scope, &put);
}

static enum dk_error session_read(
    const struct document_scope *scope, const char *id, struct held *ret_held) {
    struct ProtobufCMessage *message = NULL;
    enum dk_error error = document_id_check(scope->call, "session", id);
    if (error != DK_OK) {
        return error;
    }
    *ret_held = (struct held){.key = document_key_session(scope, id)};
    error = document_state_get(
        scope,
        &ret_held->key,
        &dapr_kit__document__v1__session_record__descriptor,
        &message,
        &ret_held->etag);
    ret_held->record = (pb_session *)message;
    if (error == DK_OK &&
        (message == NULL || document_time_is_over(ret_held->record->expire_time))) {
        return dk_call_fail(scope->call, DK_NOT_FOUND, "session '%s': there is none", id);
    }
    return error;
}

/* From now on it has its whole time again. */
static enum dk_error session_touch(const struct document_scope *scope, pb_session *record) {
    record->expire_time = document_time(scope->call, (int64_t)record->ttl_seconds * 1000);
    return record->expire_time == NULL ? DK_EXHAUSTED : DK_OK;
}

static void session_answer(const pb_session *record, struct ProtobufCMessage *answer) {
    DaprKit__Document__V1__Session *session = (void *)answer;
    session->id = record->id;
    session->etag = record->change_id;
    session->data = record->data;
    session->ttl_seconds = record->ttl_seconds;
    session->expire_time = record->expire_time;
}

enum dk_error documents_open_session(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__OpenSessionRequest *wanted = (const void *)request;
    pb_session *record = dk_call_take(call, sizeof *record);
    struct document_scope scope;
    if (record == NULL) {
        return document_no_memory(call);
    }
    enum dk_error error = data_check(call, wanted->data);
    if (error == DK_OK) {
        error = document_scope_open(call, &scope);
    }
    if (error == DK_OK && wanted->ttl_seconds > SESSION_TTL_S_MAX) {
        error = dk_call_fail(
            call,
            DK_INVALID,
            "ttl_seconds: %" PRIu64 " is above %d",
            wanted->ttl_seconds,
            SESSION_TTL_S_MAX);
    }
    if (error != DK_OK) {
        return error;
    }
    dapr_kit__document__v1__session_record__init(record);
    record->id = document_id_make(call);
    record->change_id = document_id_make(call);
    record->data = wanted->data;
    record->ttl_seconds = wanted->ttl_seconds != 0 ? wanted->ttl_seconds
                                                   : (uint64_t)scope.config->session_ttl_ms / 1000;
    if (record->id == NULL || record->change_id == NULL) {
        return DK_EXHAUSTED;
    }
    error = session_touch(&scope, record);
    if (error == DK_OK) {
        const struct held held = {
            .key = document_key_session(&scope, record->id), .record = record};
        error = session_save(&scope, &held, true);
    }
    if (error == DK_OK) {
        session_answer(record, answer);
    }
    return error;
}

enum dk_error documents_get_session(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__GetSessionRequest *wanted = (const void *)request;
    struct document_scope scope;
    struct held held = {0};
    enum dk_error error = document_scope_open(call, &scope);
    if (error == DK_OK) {
        error = session_read(&scope, wanted->id, &held);
    }
    if (error == DK_OK) {
        error = session_touch(&scope, held.record);
    }
    if (error != DK_OK) {
        return error;
    }
    error = session_save(&scope, &held, false);
    /* A stale etag: somebody looked, changed or closed it at this moment; ours came just before. */
    if (error == DK_OK || error == DK_ETAG_MISMATCH) {
        session_answer(held.record, answer);
        return DK_OK;
    }
    return error;
}

/* A look in between costs another try; another change is the caller's to know of. */
static enum dk_error session_put(
    const struct document_scope *scope,
    const DaprKit__Document__V1__PutSessionRequest *wanted,
    const char *if_match,
    struct held *held) {
    enum dk_error error = DK_ETAG_MISMATCH;
    for (int i = 0; i < SESSION_TRIES_MAX && error == DK_ETAG_MISMATCH; i++) {
        error = session_read(scope, wanted->id, held);
        if (error != DK_OK) {
            return error;
        }
        if (if_match[0] != '\0' && strcmp(if_match, held->record->change_id) != 0) {
            return dk_call_fail(
                scope->call,
                DK_ETAG_MISMATCH,
                "session '%s': etag '%.80s' is stale, it is at '%s'",
                wanted->id,
                if_match,
                held->record->change_id);
        }
        held->record->data = wanted->data;
        held->record->change_id = document_id_make(scope->call);
        error = held->record->change_id == NULL ? DK_EXHAUSTED : session_touch(scope, held->record);
        if (error == DK_OK) {
            error = session_save(scope, held, false);
        }
    }
    return error;
}

enum dk_error documents_put_session(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__PutSessionRequest *wanted = (const void *)request;
    const char *if_match = document_condition(call, wanted->if_match, "if-match");
    struct document_scope scope;
    struct held held = {0};
    enum dk_error error = data_check(call, wanted->data);
    if (error == DK_OK) {
        error = document_scope_open(call, &scope);
    }
    if (error == DK_OK) {
        error = session_put(&scope, wanted, if_match, &held);
    }
    if (error == DK_OK) {
        session_answer(held.record, answer);
    }
    return error;
}

enum dk_error documents_close_session(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__CloseSessionRequest *wanted = (const void *)request;
    struct document_scope scope;
    enum dk_error error = document_scope_open(call, &scope);
    (void)answer;
    if (error == DK_OK) {
        error = document_id_check(call, "session", wanted->id);
    }
    if (error != DK_OK) {
        return error;
    }
    const struct document_key key = document_key_session(&scope, wanted->id);
    return document_state_drop(&scope, &key, 1);
}
