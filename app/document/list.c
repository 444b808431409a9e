/* List: ids from the index, heads from the state, conditions held against the heads. */
#include "document/list.h"

#include "document/methods.h"
#include "document/state.h"

#include <inttypes.h>
#include <string.h>

enum dk_error document_limit_of(struct dk_call *call, uint32_t limit, size_t *ret_limit) {
    if (limit > DOCUMENT_LIST_MAX) {
        return dk_call_fail(
            call, DK_INVALID, "limit: %" PRIu32 " is above %d", limit, DOCUMENT_LIST_MAX);
    }
    *ret_limit = limit == 0 ? DOCUMENT_LIST_MAX : limit;
    return DK_OK;
}

enum dk_error document_pick_begin(
    const struct document_scope *scope,
    const struct index_query *query,
    const char *cursor,
    struct document_pick *ret_pick) {
    *ret_pick = (struct document_pick){.query = *query};
    return index_cursor_read(scope->call, scope->tenant, query, cursor, &ret_pick->position);
}

static bool has_tag(const pb_document *document, const char *tag) {
    for (size_t i = 0; i < document->n_tags; i++) {
        if (strcmp(document->tags[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_language(const pb_document *document, const char *code) {
    return document->annotations != NULL && document->annotations->language != NULL &&
           strcmp(document->annotations->language->code, code) == 0;
}

static bool fits(const struct index_query *query, const pb_document *document) {
    if (query->is_deleted ? !document->deleted : document->deleted && !query->include_deleted) {
        return false;
    }
    if (!query->is_deleted && document_time_is_over(document->purge_time)) {
        return false; /* it only waits for its purge */
    }
    return (query->tag[0] == '\0' || has_tag(document, query->tag)) &&
           (query->language[0] == '\0' || has_language(document, query->language));
}

/* Appends the heads of those ids that fit. */
static enum dk_error heads_add(
    const struct document_scope *scope,
    const struct index_query *query,
    const char *const *ids,
    size_t id_count,
    struct document_head *heads,
    size_t *count) {
    struct document_key keys[DOCUMENT_LIST_MAX];
    struct dk_state_item *items = dk_call_take(scope->call, (id_count + 1) * sizeof *items);
    if (items == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < id_count; i++) {
        keys[i] = document_key_head(scope, ids[i]);
    }
    enum dk_error error = document_state_get_many(scope, keys, id_count, items);
    for (size_t i = 0; error == DK_OK && i < id_count; i++) {
        struct document_head head = {0};
        error = document_head_of(scope, &items[i], &head);
        if (error == DK_OK && head.record != NULL && fits(query, head.record->document)) {
            heads[(*count)++] = head;
        }
    }
    return error;
}

enum dk_error document_pick_next(
    const struct document_scope *scope,
    struct document_pick *pick,
    size_t limit,
    struct document_head *ret_heads,
    size_t *ret_count) {
    const char *ids[DOCUMENT_LIST_MAX];
    enum dk_error error = DK_OK;
    *ret_count = 0;
    for (int round = 0;
         error == DK_OK && round < DOCUMENT_LIST_ROUNDS_MAX && !pick->is_end && *ret_count < limit;
         round++) {
        size_t id_count = 0;
        error = index_list(
            scope->call,
            scope->config->index_store,
            scope->tenant,
            &pick->query,
            limit - *ret_count,
            &pick->position,
            ids,
            &id_count,
            &pick->is_end);
        if (error == DK_OK) {
            error = heads_add(scope, &pick->query, ids, id_count, ret_heads, ret_count);
        }
    }
    return error;
}

const char *document_pick_cursor(
    const struct document_scope *scope, const struct document_pick *pick) {
    return pick->is_end
               ? ""
               : index_cursor_write(scope->call, scope->tenant, &pick->query, pick->position);
}

static enum dk_error answer_fill(
    const struct document_scope *scope,
    const struct document_head *heads,
    size_t count,
    DaprKit__Document__V1__ListAnswer *answer) {
    pb_document **documents = dk_call_take(scope->call, (count + 1) * sizeof(void *));
    pb_document *copies = dk_call_take(scope->call, (count + 1) * sizeof *copies);
    if (documents == NULL || copies == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = *heads[i].record->document;
        copies[i].etag = document_etag(scope, heads[i].record);
        if (copies[i].etag == NULL) {
            return DK_EXHAUSTED;
        }
        documents[i] = &copies[i];
    }
    answer->documents = documents;
    answer->n_documents = count;
    return DK_OK;
}

enum dk_error documents_list(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__ListRequest *wanted = (const void *)request;
    DaprKit__Document__V1__ListAnswer *list = (void *)answer;
    const struct index_query query = {
        .prefix = wanted->prefix,
        .tag = wanted->tag,
        .language = wanted->language,
        .include_deleted = wanted->include_deleted};
    struct document_head heads[DOCUMENT_LIST_MAX];
    struct document_scope scope;
    struct document_pick pick;
    size_t limit = 0, count = 0;
    enum dk_error error = document_scope_open(call, &scope);
    if (error == DK_OK) {
        error = document_limit_of(call, wanted->limit, &limit);
    }
    if (error == DK_OK) {
        error = document_pick_begin(&scope, &query, wanted->cursor, &pick);
    }
    if (error == DK_OK) {
        error = document_pick_next(&scope, &pick, limit, heads, &count);
    }
    if (error == DK_OK) {
        error = answer_fill(&scope, heads, count, list);
    }
    if (error != DK_OK) {
        return error;
    }
    const char *cursor = document_pick_cursor(&scope, &pick);
    list->next_cursor = cursor == NULL ? NULL : dk_call_format(call, "%s", cursor);
    return list->next_cursor == NULL ? document_no_memory(call) : DK_OK;
}
