/* Get and GetContent. */
#include "document/content.h"
#include "document/head.h"
#include "document/input.h"
#include "document/methods.h"
#include "document/version.h"

#include <inttypes.h>
#include <string.h>

/* ── Get ────────────────────────────────────────────────────────────────────────────────────── */

static void not_modified(const pb_head *head, char *etag, pb_document *answer) {
    answer->id = head->document->id;
    answer->version = head->document->version;
    answer->etag = etag;
    answer->not_modified = true;
}

static enum dk_error get(
    const struct document_scope *scope,
    const DaprKit__Document__V1__GetRequest *wanted,
    const pb_head *head,
    pb_document *answer) {
    const char *known = document_condition(scope->call, wanted->if_none_match, "if-none-match");
    const bool is_newest = wanted->version == 0 || wanted->version == head->document->version;
    char *etag = document_etag(scope, head);
    const pb_document *document = NULL;
    bool is_text = false;

    if (etag == NULL) {
        return DK_EXHAUSTED;
    }
    if (is_newest && strcmp(known, etag) == 0) {
        not_modified(head, etag, answer);
        return DK_OK;
    }
    enum dk_error error = document_version_read(scope, head, wanted->version, &document, &is_text);
    if (error != DK_OK) {
        return error;
    }
    if (is_newest) {
        error = document_answer(scope, head, answer);
    } else {
        *answer = *document;
    }
    if (error != DK_OK || wanted->without_content ||
        document->size > DOCUMENT_CONTENT_CALL_BYTES_MAX) {
        return error;
    }
    return document_content_fill(scope, is_text, answer);
}

enum dk_error documents_get(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__GetRequest *wanted = (const void *)request;
    struct document_scope scope = {0};
    struct document_head head = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK) {
        error = document_head_want(&scope, wanted->id, wanted->include_deleted, &head);
    }
    return error != DK_OK ? error : get(&scope, wanted, head.record, (pb_document *)answer);
}

/* ── GetContent ─────────────────────────────────────────────────────────────────────────────── */

enum dk_error documents_get_content(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__GetContentRequest *wanted = (const void *)request;
    DaprKit__Document__V1__ContentRange *range = (void *)answer;
    const pb_document *document = NULL;
    struct document_scope scope = {0};
    struct document_head head = {0};
    struct dk_bytes bytes = {0};
    enum dk_error error = wanted->tenant[0] == '\0'
                              ? document_scope_open(call, &scope)
                              : document_scope_of(call, dk_bytes_of(wanted->tenant), &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK && wanted->length > DOCUMENT_CHUNK_BYTES) {
        error = dk_call_fail(
            call,
            DK_INVALID,
            "length: %" PRIu64 " is above %d",
            wanted->length,
            DOCUMENT_CHUNK_BYTES);
    }
    if (error == DK_OK) {
        error = document_head_want(&scope, wanted->id, wanted->include_deleted, &head);
    }
    if (error == DK_OK) {
        error = document_version_read(&scope, head.record, wanted->version, &document, NULL);
    }
    if (error == DK_OK && wanted->offset > document->size) {
        error = dk_call_fail(
            call,
            DK_INVALID,
            "offset: %" PRIu64 " is behind the content's %" PRIu64 " bytes",
            wanted->offset,
            document->size);
    }
    if (error == DK_OK) {
        error = document_content_read(
            &scope,
            document->content_sha256,
            wanted->offset,
            wanted->length == 0 ? DOCUMENT_CHUNK_BYTES : (size_t)wanted->length,
            &bytes);
    }
    if (error != DK_OK) {
        return error;
    }
    range->data = pb_bytes(bytes);
    range->offset = wanted->offset;
    range->size = document->size;
    range->version = document->version;
    range->content_sha256 = document->content_sha256;
    range->content_type = document->content_type;
    return DK_OK;
}
