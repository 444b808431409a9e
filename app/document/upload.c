/* BeginUpload, PutPart, CompleteUpload and AbortUpload. */
#include "document/upload.h"

#include "document/change.h"
#include "document/methods.h"
#include "document/quota.h"
#include "document/state.h"

#include <inttypes.h>
#include <string.h>

enum { MS_PER_S = 1000 };

enum dk_error document_upload_read(
    const struct document_scope *scope, const char *upload_id, pb_upload **ret_upload) {
    const struct document_key key = document_key_upload(scope, upload_id);
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_get(
        scope, &key, &dapr_kit__document__v1__upload_record__descriptor, &message, NULL);

    if (error != DK_OK) {
        return error;
    }
    pb_upload *upload = (pb_upload *)message;
    if (upload == NULL || upload->request == NULL || upload->parts > DOCUMENT_CHUNKS_MAX) {
        (void)dk_call_fail(
            scope->call,
            DK_NOT_FOUND,
            "upload '%s': there is none, or its time is over",
            upload_id);
        return DK_NOT_FOUND;
    }
    *ret_upload = upload;
    return DK_OK;
}

/* What a call of an upload begins with. */
static enum dk_error upload_open(
    struct dk_call *call,
    const char *upload_id,
    struct document_scope *ret_scope,
    pb_upload **ret_upload) {
    enum dk_error error = document_scope_open(call, ret_scope);

    if (error == DK_OK) {
        error = document_id_check(call, "upload", upload_id);
    }
    return error != DK_OK ? error : document_upload_read(ret_scope, upload_id, ret_upload);
}

/* What the content of the upload is to be part of. Its fields are checked in BeginUpload. */
static struct document_input input_of(const pb_upload *upload) {
    const DaprKit__Document__V1__BeginUploadRequest *request = upload->request;

    return document_input_of(
        request->title,
        request->attributes,
        request->tags,
        request->n_tags,
        request->content_type,
        (struct dk_bytes)DK_BYTES(""),
        NULL);
}

/* The document as it stands may be changed by the upload; *ret_head is zeroed when there is none.
 * What the upload itself has made is allowed too. */
static enum dk_error target_check(
    const struct document_scope *scope, const pb_upload *upload, struct document_head *ret_head) {
    const DaprKit__Document__V1__BeginUploadRequest *request = upload->request;
    struct document_head head = {0};
    enum dk_error error = document_head_read(scope, request->id, &head);

    *ret_head = (struct document_head){0};
    if (error != DK_OK) {
        return error;
    }
    if (head.record != NULL && document_time_is_over(head.record->document->purge_time)) {
        error = document_head_purge(scope, &head);
        head = (struct document_head){0};
    }
    if (error != DK_OK) {
        return error;
    }
    const bool is_there = head.record != NULL && !head.record->document->deleted;
    if (head.record != NULL && strcmp(head.record->change_id, upload->upload_id) == 0) {
        error = DK_OK;
    } else if (request->if_match[0] == '\0' && head.record != NULL) {
        error = dk_call_fail(
            scope->call,
            DK_ETAG_MISMATCH,
            is_there ? "document '%s': the id is taken; if_match names what is to be replaced"
                     : "document '%s': the id is a deleted document's; Restore brings it back",
            request->id);
    } else if (request->if_match[0] != '\0' && !is_there) {
        error =
            dk_call_fail(scope->call, DK_NOT_FOUND, "document '%s': there is none", request->id);
    } else if (request->if_match[0] != '\0') {
        error = document_etag_check(scope, request->if_match, head.record);
    }
    *ret_head = head;
    return error;
}

/* ── BeginUpload ────────────────────────────────────────────────────────────────────────────── */

static enum dk_error size_check(
    struct dk_call *call, const DaprKit__Document__V1__BeginUploadRequest *wanted) {
    if (wanted->size > DOCUMENT_CONTENT_BYTES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "size: %" PRIu64 " bytes are above %d",
            wanted->size,
            DOCUMENT_CONTENT_BYTES_MAX);
    }
    if (wanted->content_sha256[0] != '\0' && !document_hash_parse(wanted->content_sha256, NULL)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "content_sha256: '%.80s' is no hash of 64 hexadecimal digits",
            wanted->content_sha256);
    }
    return DK_OK;
}

/* The request with everything that was left open, as the record keeps it. */
static enum dk_error request_complete(
    struct dk_call *call, DaprKit__Document__V1__BeginUploadRequest *request) {
    pb_upload upload = {.request = request};
    struct document_input input = input_of(&upload);
    enum dk_error error = document_input_check(call, &input);

    if (error == DK_OK) {
        error = size_check(call, request);
    }
    request->if_match = pb_text(document_condition(call, request->if_match, "if-match"));
    request->tags = input.tags;
    request->n_tags = input.tag_count;
    request->content_type = pb_text(input.content_type);
    if (request->id[0] == '\0') {
        char *id = document_id_make(call);
        error = id == NULL ? DK_EXHAUSTED : error;
        request->id = id;
    }
    return error != DK_OK ? error : document_id_check(call, "document", request->id);
}

/* Claims what the document will take, before anything is kept for it. */
static enum dk_error quota_claim(
    const struct document_scope *scope, const pb_upload *upload, const struct document_head *head) {
    pb_document next;

    dapr_kit__document__v1__document__init(&next);
    next.id = upload->request->id;
    next.size = head->record == NULL ? 0 : head->record->document->size;
    next.version = head->record == NULL ? 1 : head->record->document->version + 1;
    return document_quota_take(scope, &next, upload->upload_id, upload->request->size);
}

enum dk_error documents_begin_upload(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    DaprKit__Document__V1__BeginUploadRequest wanted =
        *(const DaprKit__Document__V1__BeginUploadRequest *)(const void *)request;
    DaprKit__Document__V1__Upload *begun = (void *)answer;
    struct document_scope scope = {0};
    struct document_head head = {0};
    pb_upload upload;
    enum dk_error error = document_scope_open(call, &scope);

    dapr_kit__document__v1__upload_record__init(&upload);
    upload.request = &wanted;
    if (error == DK_OK) {
        error = request_complete(call, &wanted);
    }
    if (error != DK_OK) {
        return error;
    }
    upload.upload_id = document_id_make(call);
    upload.expire_time = document_time(call, (int64_t)DOCUMENT_UPLOAD_TTL_S * MS_PER_S);
    upload.parts = (uint32_t)document_chunk_count(wanted.size);
    if (upload.upload_id == NULL || upload.expire_time == NULL) {
        return DK_EXHAUSTED;
    }
    error = target_check(&scope, &upload, &head);
    if (error == DK_OK) {
        error = quota_claim(&scope, &upload, &head);
        document_quota_give_back(&scope, wanted.id, upload.upload_id); /* it takes nothing yet */
    }
    if (error != DK_OK) {
        return error;
    }
    const struct document_key key = document_key_upload(&scope, upload.upload_id);
    const struct dk_bytes value = dk_call_pack(call, &upload.base);
    if (value.data == NULL) {
        return DK_EXHAUSTED;
    }
    error = document_state_put(
        &scope,
        &(struct document_put){
            .key = &key, .value = value, .is_first = true, .ttl_s = DOCUMENT_UPLOAD_TTL_S});
    begun->upload_id = upload.upload_id;
    begun->id = wanted.id;
    begun->part_bytes = DOCUMENT_CHUNK_BYTES;
    begun->parts = upload.parts;
    begun->expire_time = upload.expire_time;
    return error;
}

/* ── PutPart ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error part_check(
    struct dk_call *call,
    const DaprKit__Document__V1__PutPartRequest *wanted,
    const pb_upload *upload,
    struct document_hash *ret_hash) {
    const struct dk_bytes bytes = {
        .data = (const char *)wanted->data.data, .size = wanted->data.len};
    struct document_hash given;

    if (wanted->number == 0 || wanted->number > upload->parts) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "number: %" PRIu32 " is no part; there are 1 to %" PRIu32,
            wanted->number,
            upload->parts);
    }
    const size_t size = document_chunk_size(upload->request->size, wanted->number - 1);
    if (bytes.size != size) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "data: part %" PRIu32 " has %zu bytes, %zu are wanted",
            wanted->number,
            bytes.size,
            size);
    }
    if (!document_hash_parse(wanted->sha256, &given)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "sha256: '%.80s' is no hash of 64 hexadecimal digits; that of the part is wanted",
            wanted->sha256);
    }
    if (!document_hash_of(bytes, ret_hash)) {
        return document_no_memory(call);
    }
    if (memcmp(given.bytes, ret_hash->bytes, sizeof given.bytes) != 0) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "sha256: part %" PRIu32 " does not have the hash that was given; send it again",
            wanted->number);
    }
    return DK_OK;
}

enum dk_error documents_put_part(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__PutPartRequest *wanted = (const void *)request;
    DaprKit__Document__V1__Part *part = (void *)answer;
    struct document_scope scope = {0};
    struct document_hash hash;
    pb_upload *upload = NULL;
    pb_content record;
    enum dk_error error = upload_open(call, wanted->upload_id, &scope, &upload);

    if (error == DK_OK) {
        error = part_check(call, wanted, upload, &hash);
    }
    if (error != DK_OK) {
        return error;
    }
    dapr_kit__document__v1__content_record__init(&record);
    ProtobufCBinaryData hashes[] = {{.len = sizeof hash.bytes, .data = hash.bytes}};
    record.size = wanted->data.len;
    record.data = wanted->data;
    record.n_chunk_sha256 = 1;
    record.chunk_sha256 = hashes;
    const struct dk_bytes value = dk_call_pack(call, &record.base);
    const struct document_key key = document_key_part(&scope, wanted->upload_id, wanted->number);
    if (value.data == NULL) {
        return DK_EXHAUSTED;
    }
    part->number = wanted->number;
    part->size = wanted->data.len;
    part->sha256 = wanted->sha256;
    return document_state_put(
        &scope,
        &(struct document_put){.key = &key, .value = value, .ttl_s = DOCUMENT_UPLOAD_TTL_S});
}

/* ── CompleteUpload ─────────────────────────────────────────────────────────────────────────── */

static enum dk_error parts_drop(const struct document_scope *scope, const pb_upload *upload) {
    struct document_key keys[DOCUMENT_CHUNKS_MAX];

    for (uint32_t number = 1; number <= upload->parts; number++) {
        keys[number - 1] = document_key_part(scope, upload->upload_id, number);
    }
    return document_state_drop(scope, keys, upload->parts);
}

/* The one change, under the id of the upload. */
static enum dk_error commit(
    const struct document_scope *scope,
    const pb_upload *upload,
    const struct document_head *head,
    struct document_reference *content,
    pb_document *answer) {
    struct document_input input = input_of(upload);
    struct document_next *next = NULL;
    enum dk_error error = document_next_make(
        scope,
        upload->request->id,
        head,
        head->record == NULL ? PB_CHANGE(CREATED) : PB_CHANGE(UPDATED),
        &next);

    if (error != DK_OK) {
        document_quota_give_back(scope, upload->request->id, upload->upload_id);
        return error;
    }
    next->head.change_id = upload->upload_id;
    if (head->record == NULL) {
        next->head.birth_id = upload->upload_id;
    }
    document_input_apply(&input, &next->document);
    error = document_refer(scope, next, content);
    if (error == DK_OK) {
        error = document_head_write(scope, head, next);
    }
    return error != DK_OK ? error : document_answer(scope, &next->head, answer);
}

enum dk_error documents_complete_upload(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__CompleteUploadRequest *wanted = (const void *)request;
    struct document_reference *content = dk_call_take(call, sizeof *content);
    struct document_scope scope = {0};
    struct document_head head = {0};
    pb_upload *upload = NULL;

    if (content == NULL) {
        return document_no_memory(call);
    }
    enum dk_error error = upload_open(call, wanted->upload_id, &scope, &upload);
    if (error == DK_OK) {
        error = target_check(&scope, upload, &head);
    }
    if (error != DK_OK) {
        return error;
    }
    if (head.record != NULL && strcmp(head.record->change_id, upload->upload_id) == 0) {
        error = document_answer(&scope, head.record, (pb_document *)answer); /* done before */
    } else {
        error = quota_claim(&scope, upload, &head);
        if (error != DK_OK) {
            return error;
        }
        error = document_upload_assemble(&scope, upload, content->sha256);
        content->size = upload->request->size;
        content->is_kept = true;
        if (error == DK_OK) {
            error = commit(&scope, upload, &head, content, (pb_document *)answer);
        } else {
            document_quota_give_back(&scope, upload->request->id, upload->upload_id);
        }
    }
    if (error == DK_OK) {
        (void)parts_drop(&scope, upload); /* they go by themselves in the end */
    }
    return error;
}

/* ── AbortUpload ────────────────────────────────────────────────────────────────────────────── */

enum dk_error documents_abort_upload(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__AbortUploadRequest *wanted = (const void *)request;
    struct document_scope scope = {0};
    pb_upload *upload = NULL;
    enum dk_error error = upload_open(call, wanted->upload_id, &scope, &upload);

    (void)answer; /* it has nothing to say */
    if (error == DK_OK) {
        error = parts_drop(&scope, upload);
    }
    if (error != DK_OK) {
        return error;
    }
    const struct document_key key = document_key_upload(&scope, wanted->upload_id);
    return document_state_drop(&scope, &key, 1);
}
