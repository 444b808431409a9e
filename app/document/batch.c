/*
 * BatchGet, BatchPut and BatchDelete. Heads are read in bulk. Changes are one transaction for each
 * document: daprd's outbox tells of one key with one projection, so there is no all or nothing.
 */
#include "document/batch.h"

#include "document/change.h"
#include "document/content.h"
#include "document/methods.h"
#include "document/state.h"

#include <string.h>

/* ── items ──────────────────────────────────────────────────────────────────────────────────── */

enum dk_error document_batch_items(
    struct dk_call *call, char *const *ids, size_t count, pb_batch_item ***ret_items) {
    if (count > DOCUMENT_BATCH_MAX) {
        return dk_call_fail(
            call, DK_INVALID, "batch: %zu documents are above %d", count, DOCUMENT_BATCH_MAX);
    }
    pb_batch_item **items = dk_call_take(call, (count + 1) * sizeof(pb_batch_item *));
    pb_batch_item *rows = dk_call_take(call, (count + 1) * sizeof *rows);
    if (items == NULL || rows == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        dapr_kit__document__v1__batch_item__init(&rows[i]);
        rows[i].id = ids[i];
        items[i] = &rows[i];
    }
    *ret_items = items;
    return DK_OK;
}

bool document_batch_fail(struct dk_call *call, enum dk_error error, pb_batch_item *item) {
    DaprKit__Document__V1__BatchError *said = dk_call_take(call, sizeof *said);
    char *message = dk_call_format(call, "%s", dk_call_fault(call)->text);

    if (said == NULL || message == NULL) {
        (void)document_no_memory(call);
        return false;
    }
    dapr_kit__document__v1__batch_error__init(said);
    said->code = pb_text(dk_error_name(error));
    said->message = message;
    item->error = said;
    item->document = NULL;
    return true;
}

enum dk_error document_batch_heads(
    const struct document_scope *scope,
    pb_batch_item *const *items,
    size_t count,
    struct document_head *ret_heads) {
    struct document_key *keys = dk_call_take(scope->call, (count + 1) * sizeof *keys);
    struct dk_state_item *found = dk_call_take(scope->call, (count + 1) * sizeof *found);
    size_t asked = 0;

    if (keys == NULL || found == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < count; i++) {
        const enum dk_error error = items[i]->error != NULL
                                        ? DK_OK
                                        : document_id_check(scope->call, "document", items[i]->id);
        if (error != DK_OK && !document_batch_fail(scope->call, error, items[i])) {
            return DK_EXHAUSTED;
        }
        if (items[i]->error == NULL) {
            keys[asked++] = document_key_head(scope, items[i]->id);
        }
    }
    enum dk_error error = document_state_get_many(scope, keys, asked, found);
    asked = 0;
    for (size_t i = 0; i < count && error == DK_OK; i++) {
        if (items[i]->error != NULL) {
            continue;
        }
        const enum dk_error read = document_head_of(scope, &found[asked++], &ret_heads[i]);
        if (read != DK_OK && !document_batch_fail(scope->call, read, items[i])) {
            error = DK_EXHAUSTED;
        }
    }
    return error;
}

/* Begins a batch: its scope, an item for each id, and the heads of those that are good. */
struct batch {
    struct document_scope scope;
    pb_batch_item **items;
    struct document_head *heads;
    size_t count;
};

static enum dk_error batch_open(
    struct dk_call *call, char *const *ids, size_t count, struct batch *batch) {
    enum dk_error error = document_scope_open(call, &batch->scope);

    if (error == DK_OK) {
        error = document_batch_items(call, ids, count, &batch->items);
    }
    if (error != DK_OK) {
        return error;
    }
    batch->count = count;
    batch->heads = dk_call_take(call, (count + 1) * sizeof *batch->heads);
    return batch->heads == NULL ? document_no_memory(call) : DK_OK;
}

/* Runs `one` for every item that has no error yet, and notes what it says. */
typedef enum dk_error batch_one_fn(
    const struct batch *batch, size_t index, void *context, pb_document *document);

static enum dk_error batch_run(const struct batch *batch, batch_one_fn *one, void *context) {
    struct dk_call *call = batch->scope.call;

    for (size_t i = 0; i < batch->count; i++) {
        pb_document *document = dk_call_take(call, sizeof *document);
        enum dk_error error = DK_OK;
        if (document == NULL) {
            return document_no_memory(call);
        }
        if (batch->items[i]->error != NULL) {
            continue;
        }
        dapr_kit__document__v1__document__init(document);
        if (dk_call_is_over(call)) {
            error = dk_call_fail(call, DK_CANCELLED, "batch: nobody waits for it any more");
        } else {
            error = one(batch, i, context, document);
        }
        batch->items[i]->document = document;
        if (error != DK_OK && !document_batch_fail(call, error, batch->items[i])) {
            return DK_EXHAUSTED;
        }
    }
    return DK_OK;
}

static void batch_answer(const struct batch *batch, struct ProtobufCMessage *answer) {
    DaprKit__Document__V1__BatchAnswer *filled = (void *)answer;

    filled->items = batch->items;
    filled->n_items = batch->count;
}

/* ── BatchGet ───────────────────────────────────────────────────────────────────────────────── */

struct getting {
    bool with_content;
    uint64_t bytes_left;
};

static enum dk_error get_one(
    const struct batch *batch, size_t index, void *context, pb_document *document) {
    struct getting *getting = context;
    const struct document_head *head = &batch->heads[index];
    enum dk_error error = document_head_check(&batch->scope, batch->items[index]->id, head, false);

    if (error != DK_OK) {
        return error;
    }
    *document = *head->record->document;
    document->etag = document_etag(&batch->scope, head->record);
    if (document->etag == NULL) {
        return DK_EXHAUSTED;
    }
    if (!getting->with_content || document->size > getting->bytes_left ||
        document->size > DOCUMENT_CHUNK_BYTES) {
        return DK_OK;
    }
    getting->bytes_left -= document->size;
    return document_content_fill(&batch->scope, head->record->is_text, document);
}

enum dk_error documents_batch_get(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__BatchGetRequest *wanted = (const void *)request;
    struct getting getting = {
        .with_content = wanted->with_content, .bytes_left = DOCUMENT_BATCH_CONTENT_BYTES_MAX};
    struct batch batch = {0};
    enum dk_error error = batch_open(call, wanted->ids, wanted->n_ids, &batch);

    if (error == DK_OK) {
        error = document_batch_heads(&batch.scope, batch.items, batch.count, batch.heads);
    }
    if (error == DK_OK) {
        error = batch_run(&batch, get_one, &getting);
    }
    if (error == DK_OK) {
        batch_answer(&batch, answer);
    }
    return error;
}

/* ── BatchDelete ────────────────────────────────────────────────────────────────────────────── */

static enum dk_error delete_one(
    const struct batch *batch, size_t index, void *context, pb_document *document) {
    (void)context;
    return document_delete(
        &batch->scope, batch->items[index]->id, "", &batch->heads[index], document);
}

enum dk_error documents_batch_delete(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__BatchDeleteRequest *wanted = (const void *)request;
    struct batch batch = {0};
    enum dk_error error = batch_open(call, wanted->ids, wanted->n_ids, &batch);

    if (error == DK_OK) {
        error = document_batch_heads(&batch.scope, batch.items, batch.count, batch.heads);
    }
    if (error == DK_OK) {
        error = batch_run(&batch, delete_one, NULL);
    }
    if (error == DK_OK) {
        batch_answer(&batch, answer);
    }
    return error;
}

/* ── BatchPut ───────────────────────────────────────────────────────────────────────────────── */

struct put_row {
    const char *if_match;
    struct document_input input;
    struct document_reference *content;
};

/* What is there already as it is to be is left alone, so that a batch may be sent again. */
static enum dk_error put_one(
    const struct batch *batch, size_t index, void *context, pb_document *document) {
    struct put_row *row = &((struct put_row *)context)[index];
    const struct document_scope *scope = &batch->scope;
    const struct document_head *head = &batch->heads[index];
    const char *id = batch->items[index]->id;
    const bool is_there = head->record != NULL && !head->record->document->deleted;

    if (is_there && row->if_match[0] == '\0' &&
        document_is_same(scope->call, head->record, &row->input, row->content)) {
        return document_answer(scope, head->record, document);
    }
    if (is_there || row->if_match[0] != '\0') {
        return document_replace(
            scope, id, row->if_match, head, &row->input, row->content, document);
    }
    return document_create_over(scope, id, head, &row->input, row->content, document);
}

static bool comes_twice(pb_batch_item *const *items, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(items[i]->id, items[index]->id) == 0) {
            return true;
        }
    }
    return false;
}

static enum dk_error row_make(
    struct dk_call *call,
    const DaprKit__Document__V1__BatchPut *wanted,
    pb_batch_item *const *items,
    size_t index,
    struct put_row *row) {
    enum dk_error error = DK_OK;

    row->if_match = wanted->if_match;
    row->input = DOCUMENT_INPUT(wanted, DAPR_KIT__DOCUMENT__V1__BATCH_PUT_);
    if (comes_twice(items, index)) {
        error = dk_call_fail(
            call, DK_INVALID, "document '%.150s': it comes twice in the batch", items[index]->id);
    }
    if (error == DK_OK) {
        error = document_input_check(call, &row->input);
    }
    if (error == DK_OK) {
        row->content = document_reference_of(call, &row->input);
        error = row->content == NULL ? DK_EXHAUSTED : DK_OK;
    }
    return error;
}

static enum dk_error rows_make(
    struct dk_call *call,
    const DaprKit__Document__V1__BatchPutRequest *wanted,
    const struct batch *batch,
    struct put_row *rows) {
    for (size_t i = 0; i < batch->count; i++) {
        const enum dk_error error = row_make(call, wanted->documents[i], batch->items, i, &rows[i]);
        if (error != DK_OK && !document_batch_fail(call, error, batch->items[i])) {
            return DK_EXHAUSTED;
        }
    }
    return DK_OK;
}

/* The ids of a batch, made where none is given; more than allowed are refused before. */
static enum dk_error ids_make(
    struct dk_call *call,
    const DaprKit__Document__V1__BatchPutRequest *wanted,
    char *ids[DOCUMENT_BATCH_MAX]) {
    for (size_t i = 0; i < wanted->n_documents && i < DOCUMENT_BATCH_MAX; i++) {
        ids[i] = wanted->documents[i]->id;
        if (ids[i][0] == '\0') {
            ids[i] = document_id_make(call);
        }
        if (ids[i] == NULL) {
            return DK_EXHAUSTED;
        }
    }
    return DK_OK;
}

enum dk_error documents_batch_put(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__BatchPutRequest *wanted = (const void *)request;
    struct put_row *rows = dk_call_take(call, DOCUMENT_BATCH_MAX * sizeof *rows);
    char *ids[DOCUMENT_BATCH_MAX] = {NULL};
    struct batch batch = {0};

    if (rows == NULL) {
        return document_no_memory(call);
    }
    enum dk_error error = ids_make(call, wanted, ids);
    if (error == DK_OK) {
        error = batch_open(call, ids, wanted->n_documents, &batch);
    }
    if (error == DK_OK) {
        error = rows_make(call, wanted, &batch, rows);
    }
    if (error == DK_OK) {
        error = document_batch_heads(&batch.scope, batch.items, batch.count, batch.heads);
    }
    if (error == DK_OK) {
        error = batch_run(&batch, put_one, rows);
    }
    if (error == DK_OK) {
        batch_answer(&batch, answer);
    }
    return error;
}
