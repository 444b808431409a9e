/* Calls that are made once, however often they are sent. */
#include "document/idempotency.h"

#include "document/hash.h"
#include "document/methods.h"
#include "document/session.h"
#include "document/state.h"

#include <dk/log.h>
#include <protobuf-c/protobuf-c.h>
#include <string.h>

typedef DaprKit__Document__V1__IdempotencyRecord pb_record;

enum { CHANGE_ID_BYTES = 16, TRIES_MAX = 3 };

/* One call with a key. */
struct once {
    struct document_scope scope;
    const char *name; /* the idempotency key */
    struct document_key key;
    struct document_hash fingerprint; /* of method and request */
    char *run_id;
    bool is_again; /* somebody has begun this before */
};

static bool is_key(struct dk_bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '|' ||
            name.data[i] == '/') {
            return false;
        }
    }
    return name.size > 0 && name.size <= IDEMPOTENCY_KEY_BYTES_MAX;
}

static struct dk_bytes key_header(const struct dk_call *call) {
    return dk_call_header(call, (struct dk_bytes)DK_BYTES("idempotency-key"));
}

/* The hash of texts, each with its NUL, and of bytes behind them. */
static bool texts_hash(
    const char *const *texts, size_t count, struct dk_bytes more, struct document_hash *ret_hash) {
    struct document_hasher *hasher = document_hasher_new();
    bool is_good = hasher != NULL;
    for (size_t i = 0; i < count && is_good; i++) {
        is_good = document_hasher_add(
            hasher, (struct dk_bytes){.data = texts[i], .size = strlen(texts[i]) + 1});
    }
    is_good = is_good && document_hasher_add(hasher, more);
    return hasher != NULL && document_hasher_end(hasher, ret_hash) && is_good;
}

static enum dk_error no_hash(struct dk_call *call) {
    return dk_call_fail(call, DK_EXHAUSTED, "idempotency-key: no memory for a hash");
}

/* The claim that the method on this thread runs for; NULL: none. It goes no further than from
 * document_once to document_change_id, with a method in between that knows of neither. */
static _Thread_local const char *run_id;

/* 128 bits that follow from the claim and `what`; random ones without a claim. */
static char *derived_id(const struct document_scope *scope, const char *run, const char *what) {
    if (run == NULL) {
        return document_id_make(scope->call);
    }
    const char *const texts[] = {scope->tenant, run, what};
    struct document_hash hash;
    char *id = dk_call_take(scope->call, 2 * CHANGE_ID_BYTES + 1);
    if (id == NULL || !texts_hash(texts, 3, (struct dk_bytes)DK_BYTES(""), &hash)) {
        (void)no_hash(scope->call);
        return NULL;
    }
    document_hex(hash.bytes, CHANGE_ID_BYTES, id);
    return id;
}

char *document_change_id(const struct document_scope *scope, const char *id) {
    return derived_id(scope, run_id, id);
}

char *document_new_id(const struct document_scope *scope, bool *ret_is_alone) {
    *ret_is_alone = run_id == NULL;
    return derived_id(scope, run_id, ""); /* no document has this id */
}

static enum dk_error once_begin(
    struct once *once, struct dk_call *call, const struct ProtobufCMessage *request) {
    const struct dk_bytes name = key_header(call);
    if (!is_key(name)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "idempotency-key: 1 to %d visible characters of ASCII without '|' and '/' are wanted",
            IDEMPOTENCY_KEY_BYTES_MAX);
    }
    const enum dk_error error = document_scope_open(call, &once->scope);
    if (error != DK_OK) {
        return error;
    }
    once->name = dk_call_format(call, "%.*s", (int)name.size, name.data);
    const struct dk_bytes packed = dk_call_pack(call, request);
    if (once->name == NULL || packed.data == NULL) {
        return document_no_memory(call);
    }
    once->key = document_key_idempotency(&once->scope, once->name);
    return texts_hash(&request->descriptor->name, 1, packed, &once->fingerprint) ? DK_OK
                                                                                 : no_hash(call);
}

/* Writes the record: a claim for so long when there is no answer. */
static enum dk_error once_save(
    const struct once *once,
    struct dk_bytes etag,
    bool is_first,
    struct dk_bytes answer,
    int64_t claim_s) {
    pb_record record;
    dapr_kit__document__v1__idempotency_record__init(&record);
    record.fingerprint.data = (uint8_t *)(uintptr_t)once->fingerprint.bytes;
    record.fingerprint.len = sizeof once->fingerprint.bytes;
    record.answer.data = (uint8_t *)(uintptr_t)answer.data;
    record.answer.len = answer.size;
    record.is_done = answer.data != NULL;
    record.run_id = once->run_id;
    record.claim_end_time = document_time(once->scope.call, claim_s * 1000);
    const struct document_put put = {
        .key = &once->key,
        .value = dk_call_pack(once->scope.call, &record.base),
        .etag = etag,
        .is_first = is_first,
        .ttl_s = IDEMPOTENCY_TTL_S};
    if (record.claim_end_time == NULL || put.value.data == NULL) {
        return DK_EXHAUSTED;
    }
    return document_state_put(&once->scope, &put);
}

/* An answer that was kept, in the place of a new one. */
static enum dk_error answer_recall(
    const struct once *once, struct dk_bytes kept, struct ProtobufCMessage *answer) {
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error =
        dk_call_unpack(once->scope.call, answer->descriptor, kept, &message);
    if (error == DK_INVALID) {
        return dk_call_fail(
            once->scope.call, DK_INTERNAL, "idempotency-key: the kept answer is unreadable");
    }
    if (error == DK_OK) {
        memcpy(answer, message, answer->descriptor->sizeof_message);
    }
    return error;
}

/* Claims the key, or says what became of it. *ret_is_done: `answer` is there. */
static enum dk_error once_claim(
    struct once *once, struct ProtobufCMessage *answer, bool *ret_is_done) {
    struct dk_call *call = once->scope.call;
    struct ProtobufCMessage *message = NULL;
    struct dk_bytes etag = {0};
    const enum dk_error error = document_state_get(
        &once->scope,
        &once->key,
        &dapr_kit__document__v1__idempotency_record__descriptor,
        &message,
        &etag);
    const pb_record *record = (pb_record *)message;
    if (error != DK_OK) {
        return error;
    }
    if (record == NULL) {
        once->run_id = document_id_make(call);
        return once->run_id == NULL ? DK_EXHAUSTED
                                    : once_save(
                                          once,
                                          (struct dk_bytes){0},
                                          true,
                                          (struct dk_bytes){0},
                                          IDEMPOTENCY_CLAIM_S);
    }
    if (record->fingerprint.len != sizeof once->fingerprint.bytes ||
        memcmp(record->fingerprint.data, once->fingerprint.bytes, record->fingerprint.len) != 0) {
        return dk_call_fail(
            call, DK_INVALID, "idempotency-key: '%s' was used for another request", once->name);
    }
    if (record->is_done) {
        const struct dk_bytes kept = {(const char *)record->answer.data, record->answer.len};
        *ret_is_done = true;
        return answer_recall(once, kept, answer);
    }
    if (!document_time_is_over(record->claim_end_time)) {
        return dk_call_fail(
            call,
            DK_ETAG_MISMATCH,
            "idempotency-key: a call with '%s' is under way; ask again later",
            once->name);
    }
    once->run_id = record->run_id;
    once->is_again = true;
    return once_save(once, etag, false, (struct dk_bytes){0}, IDEMPOTENCY_CLAIM_S);
}

/* The field of that name when it is a text; NULL: the message has none. */
static const char *text_field(const struct ProtobufCMessage *message, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING ||
        field->label == PROTOBUF_C_LABEL_REPEATED) {
        return NULL;
    }
    char *text = NULL;
    memcpy(&text, (const char *)message + field->offset, sizeof text);
    return text;
}

/* Whether the head of the request's document was written by an earlier run of this call. */
static enum dk_error once_look(
    const struct once *once,
    const struct ProtobufCMessage *request,
    struct ProtobufCMessage *answer,
    bool *ret_is_done) {
    const char *id = text_field(request, "id");
    struct document_head head = {0};
    if (!once->is_again || id == NULL || id[0] == '\0' ||
        answer->descriptor != &dapr_kit__document__v1__document__descriptor) {
        return DK_OK;
    }
    enum dk_error error = document_id_check(once->scope.call, "document", id);
    const char *change_id = error == DK_OK ? derived_id(&once->scope, once->run_id, id) : NULL;
    if (error == DK_OK) {
        error = change_id == NULL ? DK_EXHAUSTED : document_head_read(&once->scope, id, &head);
    }
    if (error != DK_OK || head.record == NULL || strcmp(head.record->change_id, change_id) != 0) {
        return error;
    }
    *ret_is_done = true;
    return document_answer(&once->scope, head.record, (pb_document *)answer);
}

/* Keeps the answer, or gives the claim up: the next one takes it over with its run_id. What goes
 * wrong here costs nothing but a later run, which finds its change made. */
static void once_end(const struct once *once, bool is_good, const struct ProtobufCMessage *answer) {
    const struct dk_bytes packed =
        is_good ? dk_call_pack(once->scope.call, answer) : (struct dk_bytes){0};
    const bool is_kept = packed.data != NULL && packed.size <= IDEMPOTENCY_ANSWER_BYTES_MAX;
    struct ProtobufCMessage *message = NULL;
    struct dk_bytes etag = {0};
    /* The claim was a first write: what follows it needs its etag, which a write does not tell. */
    enum dk_error error = document_state_get(
        &once->scope,
        &once->key,
        &dapr_kit__document__v1__idempotency_record__descriptor,
        &message,
        &etag);
    const pb_record *record = (pb_record *)message;
    if (error == DK_OK && record != NULL && strcmp(record->run_id, once->run_id) == 0) {
        error = once_save(once, etag, false, is_kept ? packed : (struct dk_bytes){0}, 0);
    }
    if (error != DK_OK) {
        dk_log(
            DK_LOG_WARN,
            "idempotency",
            "an answer could not be kept",
            "tenant=%s key=%s error=%s",
            once->scope.tenant,
            once->name,
            dk_error_name(error));
    }
}

enum dk_error document_once(
    struct dk_call *call,
    dk_method_fn *run,
    const struct ProtobufCMessage *request,
    struct ProtobufCMessage *answer) {
    struct once once = {0};
    bool is_done = false;
    if (key_header(call).data == NULL) {
        return run(call, request, answer);
    }
    enum dk_error error = once_begin(&once, call, request);
    if (error != DK_OK) {
        return error;
    }
    error = DK_ETAG_MISMATCH;
    for (int i = 0; i < TRIES_MAX && error == DK_ETAG_MISMATCH; i++) {
        error = once_claim(&once, answer, &is_done);
    }
    if (error != DK_OK || is_done) {
        return error;
    }
    error = once_look(&once, request, answer, &is_done);
    if (error == DK_OK && !is_done) {
        run_id = once.run_id;
        error = run(call, request, answer);
        run_id = NULL;
    }
    once_end(&once, error == DK_OK, answer);
    return error;
}

#define ONCE(name)                                                     \
    enum dk_error documents_##name##_once(                             \
        struct dk_call *call,                                          \
        const struct ProtobufCMessage *request,                        \
        struct ProtobufCMessage *answer) {                             \
        return document_once(call, documents_##name, request, answer); \
    }

ONCE(create)
ONCE(replace)
ONCE(patch)
ONCE(delete)
ONCE(restore)
ONCE(set_tags)
ONCE(batch_put)
ONCE(batch_delete)
ONCE(begin_upload)
ONCE(complete_upload)
ONCE(open_session)
