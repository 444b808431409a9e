/* Export: documents out through the output binding, one message for each, its key the id. */
#include "document/batch.h"
#include "document/content.h"
#include "document/input.h"
#include "document/list.h"
#include "document/methods.h"

#include <string.h>

_Static_assert((int)DOCUMENT_LIST_MAX <= (int)DOCUMENT_BATCH_MAX, "a list is a batch");

struct export {
    struct document_scope scope;
    bool without_content;
    pb_batch_item **items;
    struct document_head heads[DOCUMENT_BATCH_MAX];
    size_t count;
};

/* The document as Get would answer it; content above one call is left out. */
static enum dk_error head_export(const struct export *export, const pb_head *head) {
    const struct document_scope *scope = &export->scope;
    pb_document document = *head->document;
    document.etag = document_etag(scope, head);
    if (document.etag == NULL) {
        return DK_EXHAUSTED;
    }
    if (!export->without_content && document.size <= DOCUMENT_CONTENT_CALL_BYTES_MAX) {
        const enum dk_error error = document_content_fill(scope, head->is_text, &document);
        if (error != DK_OK) {
            return error;
        }
    }
    const struct dk_pair metadata[] = {
        {.key = DK_BYTES("partitionKey"), .value = dk_bytes_of(document.id)},
        {.key = DK_BYTES("dk-tenant"), .value = dk_bytes_of(scope->tenant)},
    };
    const struct dk_daprd_message message = {
        .data = dk_call_write_json(scope->call, &document.base),
        .metadata = {.items = metadata, .count = sizeof metadata / sizeof metadata[0]}};
    if (message.data.data == NULL) {
        return DK_EXHAUSTED;
    }
    return dk_daprd_invoke_binding(
        scope->call, scope->config->export_binding, "create", &message, NULL);
}

/* Writes out what is there. One that cannot be written is told of and does not hold up the others. */
static enum dk_error export_run(
    struct export *export, DaprKit__Document__V1__ExportAnswer *answer) {
    struct dk_call *call = export->scope.call;
    answer->failed = dk_call_take(call, (export->count + 1) * sizeof(pb_batch_item *));
    if (answer->failed == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < export->count; i++) {
        pb_batch_item *item = export->items[i];
        enum dk_error error = DK_OK;
        if (item->error == NULL) {
            const struct dk_call_memory memory = dk_call_memory_begin(call);
            error = document_head_check(&export->scope, item->id, &export->heads[i], false);
            if (error == DK_OK) {
                error = head_export(export, export->heads[i].record);
            }
            dk_call_memory_end(call, memory);
        }
        if (error != DK_OK && !document_batch_fail(call, error, item)) {
            return DK_EXHAUSTED;
        }
        if (item->error != NULL) {
            answer->failed[answer->n_failed++] = item;
        } else {
            answer->exported++;
        }
    }
    return DK_OK;
}

static enum dk_error ids_take(
    struct export *export, const DaprKit__Document__V1__ExportRequest *wanted) {
    enum dk_error error =
        document_batch_items(export->scope.call, wanted->ids, wanted->n_ids, &export->items);
    if (error == DK_OK) {
        export->count = wanted->n_ids;
        error = document_batch_heads(&export->scope, export->items, export->count, export->heads);
    }
    return error;
}

static enum dk_error pick_take(
    struct export *export,
    const DaprKit__Document__V1__ExportRequest *wanted,
    const char **ret_cursor) {
    const struct document_scope *scope = &export->scope;
    const struct index_query query = {
        .prefix = wanted->prefix, .tag = wanted->tag, .language = wanted->language};
    char *ids[DOCUMENT_LIST_MAX];
    struct document_pick pick;
    size_t limit = 0;
    enum dk_error error = document_limit_of(scope->call, wanted->limit, &limit);
    if (error == DK_OK) {
        error = document_pick_begin(scope, &query, wanted->cursor, &pick);
    }
    if (error == DK_OK) {
        error = document_pick_next(scope, &pick, limit, export->heads, &export->count);
    }
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < export->count; i++) {
        ids[i] = export->heads[i].record->document->id;
    }
    *ret_cursor = document_pick_cursor(scope, &pick);
    return document_batch_items(scope->call, ids, export->count, &export->items);
}

enum dk_error documents_export(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__ExportRequest *wanted = (const void *)request;
    DaprKit__Document__V1__ExportAnswer *exported = (void *)answer;
    struct export export = {.without_content = wanted->without_content};
    const char *cursor = "";
    enum dk_error error = document_scope_open(call, &export.scope);
    if (error == DK_OK) {
        error = wanted->n_ids > 0 ? ids_take(&export, wanted) : pick_take(&export, wanted, &cursor);
    }
    if (error == DK_OK) {
        error = export_run(&export, exported);
    }
    if (error != DK_OK) {
        return error;
    }
    exported->next_cursor = cursor == NULL ? NULL : dk_call_format(call, "%s", cursor);
    return exported->next_cursor == NULL ? document_no_memory(call) : DK_OK;
}
