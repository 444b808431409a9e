/*
 * Housekeeping: tenants from the index, their deleted documents from its facet, each by its head.
 *
 *     ids of the facet "deleted" ─▶ heads ─▶ due? ─▶ versions and head go ─▶ the index looks again
 *                                     └── none: somebody ended between those two ─────▲
 */
#include "document/purge.h"

#include "document/index_store.h"
#include "document/index_write.h"
#include "document/list.h"
#include "document/state.h"

#include <dk/log.h>
#include <stdio.h>
#include <string.h>

struct purge {
    struct document_scope scope;
    struct index_writer *index;
    struct document_purged *purged;
    size_t left;
};

/* True when the document is no more: the index should look. One that somebody restores or purges at
 * this moment is left to them. */
static bool is_gone(struct purge *purge, const struct dk_state_item *item) {
    struct document_head head = {0};
    enum dk_error error = document_head_of(&purge->scope, item, &head);
    if (error == DK_OK && head.record == NULL) {
        return true;
    }
    if (error == DK_OK && (!head.record->document->deleted ||
                           !document_time_is_over(head.record->document->purge_time))) {
        return false;
    }
    if (error == DK_OK) {
        error = document_head_purge(&purge->scope, &head);
    }
    if (error == DK_OK) {
        purge->purged->purged++;
    } else if (error != DK_ETAG_MISMATCH) {
        purge->purged->failed++;
    }
    return error == DK_OK;
}

/* The next ids of the facet. */
static enum dk_error part_purge(struct purge *purge, struct document_pick *pick) {
    const struct document_scope *scope = &purge->scope;
    const char *ids[DOCUMENT_LIST_MAX];
    struct document_key keys[DOCUMENT_LIST_MAX];
    struct dk_state_item items[DOCUMENT_LIST_MAX] = {0};
    const size_t limit = purge->left < DOCUMENT_LIST_MAX ? purge->left : DOCUMENT_LIST_MAX;
    size_t count = 0, gone = 0;
    enum dk_error error = index_list(
        scope->call,
        scope->config->index_store,
        scope->tenant,
        &pick->query,
        limit,
        &pick->position,
        ids,
        &count,
        &pick->is_end);
    for (size_t i = 0; error == DK_OK && i < count; i++) {
        keys[i] = document_key_head(scope, ids[i]);
    }
    if (error == DK_OK) {
        error = document_state_get_many(scope, keys, count, items);
    }
    for (size_t i = 0; error == DK_OK && i < count; i++) {
        if (is_gone(purge, &items[i])) {
            ids[gone++] = ids[i];
        }
    }
    purge->left -= count;
    return error == DK_OK ? index_refresh(purge->index, scope->call, scope->tenant, ids, gone)
                          : error;
}

static enum dk_error tenant_purge(struct purge *purge, const char *tenant) {
    struct dk_call *call = purge->scope.call;
    char id[DOCUMENT_ID_BYTES_MAX + 1];
    struct document_pick pick = {
        .query = {.prefix = "", .tag = "", .language = "", .is_deleted = true},
        .position = {.id = ""}};
    enum dk_error error = document_scope_of(call, dk_bytes_of(tenant), &purge->scope);
    while (error == DK_OK && !pick.is_end && purge->left > 0 && !dk_call_is_over(call)) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        error = part_purge(purge, &pick);
        (void)snprintf(id, sizeof id, "%s", pick.position.id); /* it outlives this part's memory */
        dk_call_memory_end(call, memory);
        pick.position.id = id;
    }
    return error;
}

enum dk_error document_purge(struct dk_call *call, struct document_purged *ret_purged) {
    const struct document_service *service = dk_call_app(call);
    struct purge purge = {
        .scope = {.call = call},
        .index = service->index,
        .purged = ret_purged,
        .left = PURGE_DOCUMENTS_MAX};
    char **tenants = NULL;
    size_t count = 0;
    *ret_purged = (struct document_purged){0};
    enum dk_error error = index_tenants(call, service->config.index_store, &tenants, &count);
    for (size_t i = 0; error == DK_OK && i < count && purge.left > 0; i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        error = tenant_purge(&purge, tenants[i]);
        dk_call_memory_end(call, memory);
        ret_purged->tenants++;
    }
    return error;
}

void document_purge_task(struct dk_call *call) {
    struct document_purged purged;
    const enum dk_error error = document_purge(call, &purged);
    dk_log(
        error == DK_OK && purged.failed == 0 ? DK_LOG_INFO : DK_LOG_WARN,
        "purge",
        "deleted documents were looked through",
        "tenants=%zu purged=%zu failed=%zu error=%s",
        purged.tenants,
        purged.purged,
        purged.failed,
        dk_error_name(error));
}
