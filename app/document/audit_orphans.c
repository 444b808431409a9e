/*
 * Contents that nobody refers to: first what all versions of all documents refer to, then the
 * catalogs of what was ever written. Where references do not fit in memory, those of half as many
 * hashes are looked at, and a later call goes on with the others. Documents are found by the index: one that it does
 * not have yet, because it is being made or its event is still under way, may have its content
 * reported; asked again when the index has it, it is not.
 */
#include "document/audit.h"
#include "document/content.h"
#include "document/index_list.h"
#include "document/state.h"
#include "document/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { IDS_MAX = 100, SMALL_CATALOGS = 256 /* of a first byte */ };

/* First bytes of the hashes that are looked at: `first` to `end` - 1. */
struct range {
    unsigned first, end;
    bool is_full; /* there is no room for all that are referred to */
};

static enum dk_error refer(
    struct document_audit *audit, struct range *range, const pb_document *document) {
    struct document_hash hash;

    if (document_hash_parse(document->content_sha256, &hash) && hash.bytes[0] >= range->first &&
        hash.bytes[0] < range->end &&
        document_hash_set_add(&audit->seen, &hash) == DOCUMENT_HASH_SET_FULL) {
        range->is_full = true;
    }
    return DK_OK;
}

static enum dk_error versions_refer(
    struct document_audit *audit, struct range *range, const pb_head *head) {
    const uint64_t newest = head->document->version;
    uint64_t version = head->first_version;
    enum dk_error error = refer(audit, range, head->document);

    while (version < newest && error == DK_OK && !range->is_full) {
        struct document_key keys[DOCUMENT_STATE_GROUP];
        struct dk_state_item items[DOCUMENT_STATE_GROUP];
        size_t count = 0;
        for (; count < DOCUMENT_STATE_GROUP && version + count < newest; count++) {
            keys[count] = document_key_version(&audit->scope, head->document->id, version + count);
        }
        error = document_state_get_many(&audit->scope, keys, count, items);
        for (size_t i = 0; i < count && error == DK_OK; i++) {
            pb_version *record = NULL;
            error = document_version_of(&audit->scope, &items[i], head, &record);
            if (error == DK_OK && record != NULL) {
                error = refer(audit, range, record->document);
            }
        }
        version += count;
    }
    return error;
}

static enum dk_error document_refers(
    struct document_audit *audit, struct range *range, const char *id) {
    const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
    struct document_head head = {0};
    enum dk_error error = document_head_read(&audit->scope, id, &head);

    if (error == DK_OK && head.record != NULL) {
        audit->documents++;
        error = versions_refer(audit, range, head.record);
    }
    dk_call_memory_end(audit->scope.call, memory);
    return error;
}

/* Some ids from where the last ones ended. What is listed goes with its memory, so the place to go
 * on from is copied. */
static enum dk_error some_refer(
    struct document_audit *audit,
    struct range *range,
    const struct index_query *query,
    struct index_position *position,
    char place[DOCUMENT_ID_BYTES_MAX + 1],
    bool *ret_is_end) {
    const struct document_scope *scope = &audit->scope;
    const char *ids[IDS_MAX];
    size_t count = 0;
    enum dk_error error = index_list(
        scope->call,
        scope->config->index_store,
        scope->tenant,
        query,
        IDS_MAX,
        position,
        ids,
        &count,
        ret_is_end);

    for (size_t i = 0; i < count && error == DK_OK; i++) {
        error = document_refers(audit, range, ids[i]);
    }
    if (error == DK_OK) {
        (void)snprintf(place, DOCUMENT_ID_BYTES_MAX + 1, "%s", position->id);
        position->id = place;
    }
    return error;
}

static enum dk_error all_refer(struct document_audit *audit, struct range *range) {
    const struct index_query query = {
        .prefix = "", .tag = "", .language = "", .include_deleted = true};
    struct index_position position = {.id = ""};
    char place[DOCUMENT_ID_BYTES_MAX + 1] = "";
    enum dk_error error = DK_OK;
    bool is_end = false;

    while (!is_end && error == DK_OK && !range->is_full) {
        char last[DOCUMENT_ID_BYTES_MAX + 1];
        (void)snprintf(last, sizeof last, "%s", place);
        position.id = last;
        const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
        error = some_refer(audit, range, &query, &position, place, &is_end);
        dk_call_memory_end(audit->scope.call, memory);
    }
    return error;
}

static enum dk_error catalog_check(struct document_audit *audit, const pb_catalog *catalog) {
    enum dk_error error = DK_OK;

    for (size_t i = 0; i < catalog->n_content_sha256 && error == DK_OK; i++) {
        char sha256[DOCUMENT_HASH_TEXT_BYTES];
        struct document_hash hash;
        pb_content *record = NULL;
        if (catalog->content_sha256[i].len != sizeof hash.bytes) {
            continue;
        }
        memcpy(hash.bytes, catalog->content_sha256[i].data, sizeof hash.bytes);
        audit->contents++;
        if (document_hash_set_has(&audit->seen, &hash)) {
            continue;
        }
        document_hex(hash.bytes, sizeof hash.bytes, sha256);
        const struct document_key key = document_key_content(&audit->scope, sha256);
        error = document_content_record(&audit->scope, sha256, &record);
        if (error == DK_OK) {
            document_audit_note(
                audit,
                (struct document_finding){
                    .kind = PB_PROBLEM(ORPHAN_CONTENT), .id = "", .key = &key},
                record != NULL ? "no document that the index knows refers to it; it has %" PRIu64
                                 " bytes"
                               : "no document that the index knows refers to it, and it was not "
                                 "written to the end%.0" PRIu64,
                record != NULL ? record->size : 0);
        }
    }
    return error;
}

static enum dk_error catalog_item_check(
    struct document_audit *audit, const struct dk_state_item *item) {
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_read(
        &audit->scope, item, &dapr_kit__document__v1__content_catalog__descriptor, &message);

    return error != DK_OK || message == NULL ? error
                                             : catalog_check(audit, (const pb_catalog *)message);
}

/* The catalogs of one first byte: the one of contents in chunks, and those of small ones. */
static enum dk_error catalogs_check(struct document_audit *audit, unsigned byte) {
    enum dk_error error = DK_OK;

    for (unsigned at = 0; at <= SMALL_CATALOGS && error == DK_OK; at += DOCUMENT_STATE_GROUP) {
        const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
        struct document_key keys[DOCUMENT_STATE_GROUP];
        struct dk_state_item items[DOCUMENT_STATE_GROUP];
        char sha256[8];
        size_t count = 0;
        for (; count < DOCUMENT_STATE_GROUP && at + count < SMALL_CATALOGS; count++) {
            (void)snprintf(sha256, sizeof sha256, "%02x%02x", byte, (unsigned)(at + count) & 255U);
            keys[count] = document_key_catalog_small(&audit->scope, sha256);
        }
        if (count == 0) { /* behind the last group */
            (void)snprintf(sha256, sizeof sha256, "%02x", byte);
            keys[count++] = document_key_catalog(&audit->scope, sha256);
        }
        error = document_state_get_many(&audit->scope, keys, count, items);
        for (size_t i = 0; i < count && error == DK_OK; i++) {
            error = catalog_item_check(audit, &items[i]);
        }
        dk_call_memory_end(audit->scope.call, memory);
    }
    return error;
}

enum dk_error document_audit_orphans(
    struct document_audit *audit, unsigned first, unsigned *ret_next) {
    struct range range = {.first = first, .end = DOCUMENT_AUDIT_RANGES};
    enum dk_error error = all_refer(audit, &range);

    while (error == DK_OK && range.is_full) {
        if (range.end - range.first == 1) {
            return dk_call_fail(
                audit->scope.call,
                DK_TOO_LARGE,
                "verify: the tenant refers to more than %zu contents whose hashes begin with "
                "'%02x'",
                audit->seen.capacity / 2,
                range.first);
        }
        range.end = range.first + (range.end - range.first) / 2;
        range.is_full = false;
        document_hash_set_clear(&audit->seen);
        audit->documents = 0;
        error = all_refer(audit, &range);
    }
    for (unsigned byte = range.first; byte < range.end && error == DK_OK; byte++) {
        error = catalogs_check(audit, byte);
    }
    *ret_next = range.end;
    return error;
}
