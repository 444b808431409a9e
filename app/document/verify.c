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

/* "orphans-80": from hashes that begin with this byte. */
static enum dk_error verify_orphans(
    struct document_audit *audit, const pb_verify *wanted, const char **ret_cursor) {
    static const char name[] = "orphans-", digits[] = "0123456789abcdef";
    enum { BASE = 16 };
    const char *at = wanted->cursor;
    unsigned first = 0, next = 0;

    if (at[0] != '\0') {
        const bool is_ours =
            strlen(at) == sizeof name + 1 && strncmp(at, name, sizeof name - 1) == 0;
        const char *high = is_ours ? strchr(digits, at[sizeof name - 1]) : NULL;
        const char *low = is_ours ? strchr(digits, at[sizeof name]) : NULL;
        if (high == NULL || low == NULL) {
            return dk_call_fail(
                audit->scope.call,
                DK_INVALID,
                "cursor: '%.80s' is none of Verify's for orphans",
                at);
        }
        first = (unsigned)(high - digits) * BASE + (unsigned)(low - digits);
    }
    const enum dk_error error = document_audit_orphans(audit, first, &next);
    if (error == DK_OK && next < DOCUMENT_AUDIT_RANGES) {
        *ret_cursor = dk_call_format(audit->scope.call, "%s%02x", name, next);
    }
    return *ret_cursor == NULL ? document_no_memory(audit->scope.call) : error;
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
        error = verify_orphans(&audit, wanted, &cursor);
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
