/* What an audit notes, and what it looks at in one document. */
#include "document/audit.h"

#include "document/index_store.h"
#include "document/state.h"
#include "document/version.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum dk_error document_audit_open(
    struct document_audit *audit, struct dk_call *call, bool is_shallow, size_t contents_max) {
    const enum dk_error error = document_scope_open(call, &audit->scope);

    if (error != DK_OK) {
        return error;
    }
    audit->is_shallow = is_shallow;
    audit->rows = dk_call_take(call, DOCUMENT_AUDIT_PROBLEMS_MAX * sizeof *audit->rows);
    audit->seen.slots = dk_call_take(call, contents_max * sizeof *audit->seen.slots);
    audit->seen.is_taken = dk_call_take(call, contents_max * sizeof *audit->seen.is_taken);
    audit->seen.capacity = contents_max;
    if (audit->rows == NULL || audit->seen.slots == NULL || audit->seen.is_taken == NULL) {
        return document_no_memory(call);
    }
    return DK_OK;
}

void document_audit_note(
    struct document_audit *audit, struct document_finding finding, const char *format, ...) {
    va_list words;

    if (audit->count == DOCUMENT_AUDIT_PROBLEMS_MAX) {
        audit->left_out++;
        return;
    }
    struct document_audit_row *row = &audit->rows[audit->count++];
    dapr_kit__document__v1__problem__init(&row->problem);
    (void)snprintf(row->id, sizeof row->id, "%s", finding.id);
    (void)snprintf(row->key, sizeof row->key, "%s", finding.key == NULL ? "" : finding.key->text);
    va_start(words, format);
    (void)vsnprintf(row->message, sizeof row->message, format, words);
    va_end(words);
    row->problem.kind = (DaprKit__Document__V1__Problem__Kind)finding.kind;
    row->problem.document_id = row->id;
    row->problem.version = finding.version;
    row->problem.key = row->key;
    row->problem.message = row->message;
}

enum dk_error document_audit_answer(
    const struct document_audit *audit, DaprKit__Document__V1__VerifyAnswer *answer) {
    answer->problems = dk_call_take(audit->scope.call, (audit->count + 1) * sizeof(pb_problem *));
    if (answer->problems == NULL) {
        return document_no_memory(audit->scope.call);
    }
    for (size_t i = 0; i < audit->count; i++) {
        answer->problems[i] = &audit->rows[i].problem;
    }
    answer->n_problems = audit->count;
    answer->problems_left_out = audit->left_out;
    answer->documents = audit->documents;
    answer->versions = audit->versions;
    answer->contents = audit->contents;
    answer->bytes = audit->bytes;
    return DK_OK;
}

/* ── versions ───────────────────────────────────────────────────────────────────────────────── */

/* A record that is not what its key says is a problem, not an error. */
static enum dk_error record_check(
    struct document_audit *audit,
    const pb_head *head,
    uint64_t version,
    const struct document_key *key,
    const struct dk_state_item *item) {
    const char *id = head->document->id;
    const struct document_finding bad = {
        .kind = PB_PROBLEM(VERSION_UNREADABLE), .id = id, .version = version, .key = key};
    pb_version *record = NULL;

    if (item->value.data == NULL) {
        document_audit_note(
            audit,
            (struct document_finding){
                .kind = PB_PROBLEM(VERSION_MISSING), .id = id, .version = version, .key = key},
            "the head promises this version, and there is no record of it");
        return DK_OK;
    }
    audit->versions++;
    if (document_version_of(&audit->scope, item, head, &record) != DK_OK) {
        document_audit_note(audit, bad, "it is no record of a version");
        return DK_OK;
    }
    if (record == NULL || record->document->version != version ||
        strcmp(record->document->id, id) != 0) {
        document_audit_note(audit, bad, "it is of another version or document");
        return DK_OK;
    }
    return document_audit_content(audit, id, record->document);
}

static enum dk_error versions_check(struct document_audit *audit, const pb_head *head) {
    const uint64_t newest = head->document->version;
    uint64_t version = head->first_version;
    enum dk_error error = DK_OK;

    while (version < newest && error == DK_OK) {
        const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
        struct document_key keys[DOCUMENT_STATE_GROUP];
        struct dk_state_item items[DOCUMENT_STATE_GROUP];
        size_t count = 0;
        for (; count < DOCUMENT_STATE_GROUP && version + count < newest; count++) {
            keys[count] = document_key_version(&audit->scope, head->document->id, version + count);
        }
        error = document_state_get_many(&audit->scope, keys, count, items);
        for (size_t i = 0; i < count && error == DK_OK; i++) {
            error = record_check(audit, head, version + i, &keys[i], &items[i]);
        }
        version += count;
        dk_call_memory_end(audit->scope.call, memory);
    }
    return error;
}

/* A record of the version that the head still is was written for a change that did not come. */
static enum dk_error orphan_check(struct document_audit *audit, const pb_head *head) {
    const uint64_t newest = head->document->version;
    const struct document_key key = document_key_version(&audit->scope, head->document->id, newest);
    struct dk_state_item item = {0};
    const enum dk_error error = document_state_get_many(&audit->scope, &key, 1, &item);

    if (error == DK_OK && item.value.data != NULL) {
        document_audit_note(
            audit,
            (struct document_finding){
                .kind = PB_PROBLEM(ORPHAN_VERSION),
                .id = head->document->id,
                .version = newest,
                .key = &key},
            "a change was begun and did not come, or is under way; the next one writes it again");
    }
    return error;
}

/* ── index ──────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error index_check(struct document_audit *audit, const pb_head *head) {
    const struct document_scope *scope = &audit->scope;
    const char *id = head->document->id;
    const DaprKit__Document__V1__IndexEntry *entry = NULL;
    struct index_store store = {0};
    enum dk_error error =
        index_store_open(&store, scope->call, scope->config->index_store, scope->tenant, 1);

    if (error == DK_OK && store.facets[0].tree.count > 0) {
        struct index_tree *tree = &store.facets[0].tree;
        const struct index_place place = {.tree = tree, .position = index_tree_seek(tree, id)};
        error = index_store_load(&store, &place, 1, NULL, 0, NULL);
        entry = error == DK_OK ? index_tree_find(tree, id) : NULL;
    }
    if (error == DK_ETAG_MISMATCH) {
        return DK_OK; /* it is being written: whatever it says now, it will not be so */
    }
    if (error != DK_OK) {
        return error;
    }
    if (entry == NULL || entry->version != head->document->version ||
        entry->revision != head->revision || strcmp(entry->birth_id, head->birth_id) != 0) {
        document_audit_note(
            audit,
            (struct document_finding){
                .kind = PB_PROBLEM(INDEX_STALE), .id = id, .version = head->document->version},
            entry == NULL ? "the index does not have it yet"
                          : "the index has version %" PRIu64 ".%" PRIu64 ", the head %" PRIu64
                            ".%" PRIu64,
            entry == NULL ? 0 : entry->version,
            entry == NULL ? 0 : entry->revision,
            head->document->version,
            head->revision);
    }
    return DK_OK;
}

/* ── a document ─────────────────────────────────────────────────────────────────────────────── */

static enum dk_error head_check(struct document_audit *audit, const pb_head *head) {
    const pb_document *document = head->document;
    enum dk_error error = DK_OK;

    audit->versions++;
    if (document_time_is_over(document->purge_time)) {
        document_audit_note(
            audit,
            (struct document_finding){
                .kind = PB_PROBLEM(PURGE_DUE), .id = document->id, .version = document->version},
            "it is deleted, and its time to be restored is over");
    }
    error = document_audit_content(audit, document->id, document);
    if (error == DK_OK) {
        error = versions_check(audit, head);
    }
    if (error == DK_OK) {
        error = orphan_check(audit, head);
    }
    return error != DK_OK ? error : index_check(audit, head);
}

static enum dk_error document_check(struct document_audit *audit, const char *id) {
    const struct document_key key = document_key_head(&audit->scope, id);
    const struct document_finding bad = {
        .kind = PB_PROBLEM(HEAD_UNREADABLE), .id = id, .key = &key};
    struct dk_state_item item = {0};
    struct document_head head = {0};
    const enum dk_error error = document_state_get_many(&audit->scope, &key, 1, &item);

    if (error != DK_OK) {
        return error;
    }
    audit->documents++;
    if (item.value.data == NULL) {
        document_audit_note(audit, bad, "there is no such document");
    } else if (document_head_of(&audit->scope, &item, &head) != DK_OK) {
        document_audit_note(audit, bad, "it is no record of a head");
    } else if (
        strcmp(head.record->document->id, id) != 0 ||
        strcmp(head.record->document->tenant, audit->scope.tenant) != 0) {
        document_audit_note(audit, bad, "it is the head of another document");
    } else {
        return head_check(audit, head.record);
    }
    return DK_OK;
}

enum dk_error document_audit_document(struct document_audit *audit, const char *id) {
    const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
    const enum dk_error error = document_check(audit, id);

    dk_call_memory_end(audit->scope.call, memory);
    return error;
}
