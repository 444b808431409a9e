/*
 * Create, Replace, Delete, Restore and SetTags. A content is written once the head has been read and
 * the change allowed, and before the head is written.
 */
#include "document/change.h"

#include "document/content.h"
#include "document/idempotency.h"
#include "document/methods.h"
#include "document/quota.h"

#include <string.h>

/* ── one change ─────────────────────────────────────────────────────────────────────────────── */

static enum dk_error stands_check(
    const struct document_scope *scope,
    const struct document_edit *edit,
    const struct document_head *head) {
    const bool wants_deleted = edit->change == PB_CHANGE(RESTORED);

    if (wants_deleted && !head->record->document->deleted) {
        return dk_call_fail(
            scope->call, DK_ETAG_MISMATCH, "document '%s': it is not deleted", edit->id);
    }
    return document_etag_check(scope, edit->if_match, head->record);
}

static enum dk_error change_once(
    const struct document_scope *scope,
    const struct document_edit *edit,
    const struct document_head *known,
    pb_document *answer) {
    struct document_next *next = NULL;
    struct document_head head = {0};
    enum dk_error error = DK_OK;

    if (known != NULL) {
        head = *known;
    } else {
        error = document_head_read(scope, edit->id, &head);
    }
    if (error == DK_OK) {
        error = document_head_check(scope, edit->id, &head, edit->change == PB_CHANGE(RESTORED));
    }

    if (error == DK_OK) {
        error = stands_check(scope, edit, &head);
    }
    if (error == DK_OK) {
        error = document_next_make(scope, edit->id, &head, edit->change, &next);
    }
    if (error == DK_OK) {
        error = edit->run(scope, next, edit->context);
    }
    if (error == DK_OK) {
        error = document_head_write(scope, &head, next);
    }
    return error != DK_OK ? error : document_answer(scope, &next->head, answer);
}

enum dk_error document_change(
    const struct document_scope *scope, const struct document_edit *edit, pb_document *answer) {
    enum dk_error error = DK_OK;

    for (int try = 0; try < DOCUMENT_TRIES_MAX; try++) {
        error = change_once(scope, edit, try == 0 ? edit->head : NULL, answer);
        if (error != DK_ETAG_MISMATCH || edit->if_match[0] != '\0' ||
            dk_call_is_over(scope->call)) {
            break;
        }
    }
    return error;
}

struct document_reference *document_reference_of(
    struct dk_call *call, const struct document_input *input) {
    struct document_reference *reference = dk_call_take(call, sizeof *reference);
    struct document_hash hash;

    if (reference == NULL) {
        (void)document_no_memory(call);
        return NULL;
    }
    if (!document_hash_of(input->content, &hash)) {
        (void)dk_call_fail(call, DK_EXHAUSTED, "document: the hash could not be computed");
        return NULL;
    }
    document_hex(hash.bytes, sizeof hash.bytes, reference->sha256);
    reference->size = input->content.size;
    reference->is_text = input->is_text;
    reference->bytes = input->content;
    return reference;
}

enum dk_error document_refer(
    const struct document_scope *scope,
    struct document_next *next,
    struct document_reference *content) {
    pb_document *document = &next->document;

    enum dk_error error = document_quota_take(scope, document, next->head.change_id, content->size);
    if (error != DK_OK) {
        return error;
    }
    next->content_changed = strcmp(document->content_sha256, content->sha256) != 0;
    if (next->content_changed && !content->is_kept) {
        error = document_content_save(scope, content->sha256, content->bytes);
        if (error != DK_OK) {
            document_quota_give_back(scope, document->id, next->head.change_id);
            return error;
        }
        content->is_kept = true; /* in the next try too */
    }
    if (next->content_changed) {
        document->annotations = NULL;
        next->text = content->is_text ? content->bytes : (struct dk_bytes){0};
    }
    document->content_sha256 = content->sha256;
    document->size = content->size;
    next->head.is_text = content->is_text;
    return DK_OK;
}

/* ── create ─────────────────────────────────────────────────────────────────────────────────── */

bool document_is_same(
    struct dk_call *call,
    const pb_head *head,
    const struct document_input *input,
    const struct document_reference *content) {
    const pb_document *document = head->document;

    return !document->deleted && strcmp(document->content_sha256, content->sha256) == 0 &&
           head->is_text == content->is_text && document_input_equals(call, input, document);
}

/* What to make of an id that somebody has. DK_OK with ret_is_free: it could be purged. */
static enum dk_error taken(
    const struct document_scope *scope,
    const struct document_head *head,
    const struct document_input *input,
    const struct document_reference *content,
    pb_document *answer,
    bool *ret_is_free) {
    const pb_document *document = head->record->document;

    *ret_is_free = false;
    if (document_time_is_over(document->purge_time)) {
        *ret_is_free = true;
        return document_head_purge(scope, head);
    }
    if (document->version == 1 && document_is_same(scope->call, head->record, input, content)) {
        return document_answer(scope, head->record, answer);
    }
    return dk_call_fail(
        scope->call,
        DK_ETAG_MISMATCH,
        document->deleted ? "document '%s': the id is a deleted document's; Restore brings it back"
                          : "document '%s': the id is taken",
        document->id);
}

enum dk_error document_create_over(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *head,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer) {
    static const struct document_head none;
    struct document_next *next = NULL;
    bool is_free = true;
    enum dk_error error = DK_OK;

    if (head->record != NULL) {
        error = taken(scope, head, input, content, answer, &is_free);
    }
    if (error != DK_OK || !is_free) {
        return error;
    }
    error = document_next_make(scope, id, &none, PB_CHANGE(CREATED), &next);
    if (error != DK_OK) {
        return error;
    }
    document_input_apply(input, &next->document);
    error = document_refer(scope, next, content);
    if (error == DK_OK) {
        error = document_head_write(scope, &none, next);
    }
    return error != DK_OK ? error : document_answer(scope, &next->head, answer);
}

enum dk_error document_create(
    const struct document_scope *scope,
    const char *id,
    bool is_made,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer) {
    struct document_head head = {0};
    const enum dk_error error = is_made ? DK_OK : document_head_read(scope, id, &head);

    return error != DK_OK ? error : document_create_over(scope, id, &head, input, content, answer);
}

enum dk_error documents_create(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__CreateRequest *wanted = (const void *)request;
    struct document_input input = DOCUMENT_INPUT(wanted, DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST_);
    struct document_scope scope;
    const char *id = wanted->id;
    bool is_made = false;
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK && id[0] == '\0') {
        id = document_new_id(&scope, &is_made);
    }
    if (error == DK_OK) {
        error = id == NULL ? DK_EXHAUSTED : document_id_check(call, "document", id);
    }
    if (error == DK_OK) {
        error = document_input_check(call, &input);
    }
    if (error != DK_OK) {
        return error;
    }
    struct document_reference *content = document_reference_of(call, &input);
    return content == NULL
               ? DK_EXHAUSTED
               : document_create(&scope, id, is_made, &input, content, (pb_document *)answer);
}

/* ── replace ────────────────────────────────────────────────────────────────────────────────── */

struct replacement {
    const struct document_input *input;
    struct document_reference *content;
};

static enum dk_error replace(
    const struct document_scope *scope, struct document_next *next, void *context) {
    const struct replacement *replacement = context;

    document_input_apply(replacement->input, &next->document);
    return document_refer(scope, next, replacement->content);
}

enum dk_error document_replace(
    const struct document_scope *scope,
    const char *id,
    const char *if_match,
    const struct document_head *head,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer) {
    struct replacement replacement = {.input = input, .content = content};

    return document_change(
        scope,
        &(struct document_edit){
            .id = id,
            .if_match = if_match,
            .change = PB_CHANGE(UPDATED),
            .run = replace,
            .context = &replacement,
            .head = head},
        answer);
}

enum dk_error documents_replace(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__ReplaceRequest *wanted = (const void *)request;
    struct document_input input = DOCUMENT_INPUT(wanted, DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST_);
    const char *if_match = document_condition(call, wanted->if_match, "if-match");
    struct document_scope scope = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK) {
        error = document_input_check(call, &input);
    }
    if (error != DK_OK) {
        return error;
    }
    struct document_reference *content = document_reference_of(call, &input);
    return content == NULL
               ? DK_EXHAUSTED
               : document_replace(
                     &scope, wanted->id, if_match, NULL, &input, content, (pb_document *)answer);
}

/* ── delete, restore, tags ──────────────────────────────────────────────────────────────────── */

static enum dk_error change_by(
    struct dk_call *call, struct document_edit edit, struct ProtobufCMessage *answer) {
    struct document_scope scope = {0};
    enum dk_error error = document_scope_open(call, &scope);

    edit.if_match = document_condition(call, edit.if_match, "if-match");
    if (error == DK_OK) {
        error = document_id_check(call, "document", edit.id);
    }
    return error != DK_OK ? error : document_change(&scope, &edit, (pb_document *)answer);
}

static enum dk_error mark_deleted(
    const struct document_scope *scope, struct document_next *next, void *context) {
    (void)context;
    next->document.deleted = true;
    next->document.purge_time = document_time(scope->call, scope->config->retention_ms);
    return next->document.purge_time == NULL ? DK_EXHAUSTED : DK_OK;
}

enum dk_error document_delete(
    const struct document_scope *scope,
    const char *id,
    const char *if_match,
    const struct document_head *head,
    pb_document *answer) {
    return document_change(
        scope,
        &(struct document_edit){
            .id = id,
            .if_match = if_match,
            .change = PB_CHANGE(DELETED),
            .run = mark_deleted,
            .head = head},
        answer);
}

enum dk_error documents_delete(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__DeleteRequest *wanted = (const void *)request;
    struct document_scope scope = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    return error != DK_OK ? error
                          : document_delete(
                                &scope,
                                wanted->id,
                                document_condition(call, wanted->if_match, "if-match"),
                                NULL,
                                (pb_document *)answer);
}

static enum dk_error mark_restored(
    const struct document_scope *scope, struct document_next *next, void *context) {
    (void)scope;
    (void)context;
    next->document.deleted = false;
    next->document.purge_time = NULL;
    return DK_OK;
}

enum dk_error documents_restore(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__RestoreRequest *wanted = (const void *)request;

    return change_by(
        call,
        (struct document_edit){
            .id = wanted->id,
            .if_match = wanted->if_match,
            .change = PB_CHANGE(RESTORED),
            .run = mark_restored},
        answer);
}

struct tag_list {
    char **tags;
    size_t count;
};

static enum dk_error put_tags(
    const struct document_scope *scope, struct document_next *next, void *context) {
    const struct tag_list *list = context;

    (void)scope;
    next->document.tags = list->tags;
    next->document.n_tags = list->count;
    return DK_OK;
}

enum dk_error documents_set_tags(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__SetTagsRequest *wanted = (const void *)request;
    struct tag_list list = {.tags = wanted->tags, .count = wanted->n_tags};
    const enum dk_error error = document_tags_check(call, &list.tags, &list.count);

    if (error != DK_OK) {
        return error;
    }
    return change_by(
        call,
        (struct document_edit){
            .id = wanted->id,
            .if_match = wanted->if_match,
            .change = PB_CHANGE(TAGGED),
            .run = put_tags,
            .context = &list},
        answer);
}
