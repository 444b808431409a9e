/* Verify: an audit of some documents, of all page by page, or of contents nobody refers to. */
#include "document/audit.h"
#include "document/batch.h"
#include "document/index_list.h"
#include "document/list.h"
#include "document/methods.h"

#include <string.h>

enum { VERIFY_BYTES_MAX = 256 << 20 }; /* hashed in one call; then it goes on by its cursor */

typedef DaprKit__Document__V1__VerifyRequest pb_verify;
typedef DaprKit__Document__V1__VerifyAnswer pb_verified;

static enum dk_error verify_ids(struct document_audit *audit, const pb_verify *wanted) {
    enum dk_error error = DK_OK;

    if (wanted->n_ids > DOCUMENT_BATCH_MAX) {
        return dk_call_fail(
            audit->scope.call,
            DK_INVALID,
            "ids: %zu documents are above %d",
            wanted->n_ids,
            DOCUMENT_BATCH_MAX);
    }
    for (size_t i = 0; i < wanted->n_ids && error == DK_OK; i++) {
        error = document_id_check(audit->scope.call, "document", wanted->ids[i]);
    }
    for (size_t i = 0; i < wanted->n_ids && error == DK_OK; i++) {
        error = document_audit_document(audit, wanted->ids[i]);
    }
    return error;
}

static enum dk_error verify_page(
    struct document_audit *audit, const pb_verify *wanted, const char **ret_cursor) {
    const struct document_scope *scope = &audit->scope;
    const struct index_query query = {
        .prefix = "", .tag = "", .language = "", .include_deleted = true};
    const char *ids[DOCUMENT_LIST_MAX];
    struct index_position position = {.id = ""};
    size_t limit = 0, count = 0, done = 0;
    bool is_end = false;
    enum dk_error error = document_limit_of(scope->call, wanted->limit, &limit);

    if (error == DK_OK) {
        error = index_cursor_read(scope->call, scope->tenant, &query, wanted->cursor, &position);
    }
    if (error == DK_OK) {
        error = index_list(
            scope->call,
            scope->config->index_store,
            scope->tenant,
            &query,
            limit,
            &position,
            ids,
            &count,
            &is_end);
    }
    while (done < count && error == DK_OK && audit->bytes < VERIFY_BYTES_MAX) {
        error = document_audit_document(audit, ids[done++]);
    }
    if (error != DK_OK || (is_end && done == count)) {
        *ret_cursor = "";
        return error;
    }
    if (done < count) {
        position = (struct index_position){.id = ids[done - 1], .is_behind = true};
    }
    *ret_cursor = index_cursor_write(scope->call, scope->tenant, &query, position);
    return *ret_cursor == NULL ? DK_EXHAUSTED : DK_OK;
}

enum dk_error documents_verify(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const pb_verify *wanted = (const void *)request;
    pb_verified *verified = (void *)answer;
    struct document_audit audit = {0};
    const char *cursor = "";
    enum dk_error error = document_audit_open(
        &audit,
        call,
        wanted->shallow,
        wanted->orphans ? DOCUMENT_AUDIT_REFERENCES_MAX : DOCUMENT_AUDIT_CONTENTS_MAX);

    if (error != DK_OK) {
        return error;
    }
    if (wanted->orphans) {
        error = document_audit_orphans(&audit);
    } else if (wanted->n_ids > 0) {
        error = verify_ids(&audit, wanted);
    } else {
        error = verify_page(&audit, wanted, &cursor);
    }
    if (error == DK_OK) {
        error = document_audit_answer(&audit, verified);
    }
    verified->next_cursor = pb_text(cursor);
    return error;
}
