/*
 * The one write of a change, and everything that must stand before it.
 *
 *     drop versions the head no longer keeps ─▶ save the version it leaves ─▶ transaction: head, event
 *                                                                                │ failed
 *     done ◀── ours ── look at the head: whose change does it carry? ◀───────────┘
 */
#include "document/head.h"

#include "document/idempotency.h"
#include "document/journal.h"
#include "document/metrics.h"
#include "document/quota.h"
#include "document/state.h"
#include "document/version.h"

#include <inttypes.h>
#include <protobuf-c/protobuf-c.h>
#include <string.h>

enum { EVENT_TEXT_BYTES_MAX = 64 * 1024 }; /* DocumentChanged.text */

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

enum dk_error document_head_of(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    struct document_head *ret_head) {
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_read(
        scope, item, &dapr_kit__document__v1__head_record__descriptor, &message);

    if (error != DK_OK) {
        return error;
    }
    pb_head *record = (pb_head *)message;
    if (record != NULL && record->document == NULL) {
        return dk_call_fail(
            scope->call,
            DK_INTERNAL,
            "%s: key '%.*s' holds a head without its document",
            scope->config->store,
            (int)item->key.size,
            item->key.data);
    }
    *ret_head = (struct document_head){.record = record, .etag = item->etag};
    return DK_OK;
}

enum dk_error document_head_read(
    const struct document_scope *scope, const char *id, struct document_head *ret_head) {
    const struct document_key key = document_key_head(scope, id);
    struct dk_state_item item = {0};
    const enum dk_error error =
        dk_daprd_get(scope->call, scope->config->store, document_key_bytes(&key), &item);

    if (error != DK_OK) {
        return error;
    }
    item.key = document_key_bytes(&key);
    return document_head_of(scope, &item, ret_head);
}

enum dk_error document_head_check(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *head,
    bool include_deleted) {
    if (head->record == NULL || document_time_is_over(head->record->document->purge_time)) {
        return dk_call_fail(scope->call, DK_NOT_FOUND, "document '%s': there is none", id);
    }
    if (head->record->document->deleted && !include_deleted) {
        return dk_call_fail(scope->call, DK_NOT_FOUND, "document '%s': it is deleted", id);
    }
    return DK_OK;
}

enum dk_error document_head_want(
    const struct document_scope *scope,
    const char *id,
    bool include_deleted,
    struct document_head *ret_head) {
    struct document_head head = {0};
    enum dk_error error = document_head_read(scope, id, &head);

    if (error == DK_OK) {
        error = document_head_check(scope, id, &head, include_deleted);
    }
    if (error == DK_OK) {
        *ret_head = head;
    }
    return error;
}

/* ── etags ──────────────────────────────────────────────────────────────────────────────────── */

char *document_etag(const struct document_scope *scope, const pb_head *head) {
    char *etag = dk_call_format(scope->call, "%s.%" PRIu64, head->change_id, head->revision);

    if (etag == NULL) {
        (void)document_no_memory(scope->call);
    }
    return etag;
}

bool document_etag_matches(const char *etag, const pb_head *head) {
    const size_t size = strlen(head->change_id);

    return etag[0] == '\0' ||
           (strncmp(etag, head->change_id, size) == 0 && (etag[size] == '.' || etag[size] == '\0'));
}

enum dk_error document_etag_check(
    const struct document_scope *scope, const char *etag, const pb_head *head) {
    if (document_etag_matches(etag, head)) {
        return DK_OK;
    }
    return dk_call_fail(
        scope->call,
        DK_ETAG_MISMATCH,
        "document '%s': etag '%.80s' is stale, it is at '%s.%" PRIu64 "', version %" PRIu64,
        head->document->id,
        etag,
        head->change_id,
        head->revision,
        head->document->version);
}

/* ── the next head ──────────────────────────────────────────────────────────────────────────── */

static struct document_next *next_new(const struct document_scope *scope) {
    struct document_next *next = dk_call_take(scope->call, sizeof *next);

    if (next == NULL) {
        (void)document_no_memory(scope->call);
        return NULL;
    }
    dapr_kit__document__v1__head_record__init(&next->head);
    dapr_kit__document__v1__document__init(&next->document);
    next->head.document = &next->document;
    return next;
}

/* What no version may have changed yet: all of it. */
static void next_copy(struct document_next *next, const pb_head *from) {
    next->head = *from;
    next->document = *from->document;
    next->head.document = &next->document;
}

/* Versions from here on are kept; a change lets go of SWEEP_MAX at most. */
static uint64_t first_kept(const struct document_scope *scope, const pb_head *head) {
    const uint64_t kept_max = (uint64_t)scope->config->versions_max;
    const uint64_t version = head->document->version;
    const uint64_t wanted = version > kept_max ? version - kept_max + 1 : 1;
    const uint64_t reachable = head->first_version + DOCUMENT_SWEEP_MAX;

    if (wanted <= head->first_version) {
        return head->first_version;
    }
    return wanted < reachable ? wanted : reachable;
}

static char *text_copy(const struct document_scope *scope, const char *text) {
    char *copy = dk_call_format(scope->call, "%s", text);

    if (copy == NULL) {
        (void)document_no_memory(scope->call);
    }
    return copy;
}

enum dk_error document_next_make(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *from,
    pb_change change,
    struct document_next **ret_next) {
    struct document_next *next = next_new(scope);
    char *change_id = document_change_id(scope, id);
    pb_timestamp *now = document_time(scope->call, 0);

    if (next == NULL || change_id == NULL || now == NULL) {
        return DK_EXHAUSTED;
    }
    if (from->record != NULL) {
        next_copy(next, from->record);
        next->head.swept_version = from->record->first_version;
    } else {
        next->document.id = text_copy(scope, id);
        next->document.tenant = text_copy(scope, scope->tenant);
        if (next->document.id == NULL || next->document.tenant == NULL) {
            return DK_EXHAUSTED;
        }
        next->document.created_time = now;
        next->head.birth_id = change_id;
        next->head.first_version = next->head.swept_version = 1;
    }
    next->document.version++;
    next->document.updated_time = now;
    next->head.change_id = change_id;
    next->head.revision = 0;
    next->head.first_version = first_kept(scope, &next->head);
    next->change = change;
    *ret_next = next;
    return DK_OK;
}

enum dk_error document_revision_make(
    const struct document_scope *scope,
    const struct document_head *from,
    struct document_next **ret_next) {
    struct document_next *next = next_new(scope);

    if (next == NULL) {
        return DK_EXHAUSTED;
    }
    next_copy(next, from->record);
    next->head.revision++;
    next->change = PB_CHANGE(ANNOTATED);
    *ret_next = next;
    return DK_OK;
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes event_of(
    const struct document_scope *scope, const struct document_next *next) {
    const pb_document *document = &next->document;
    pb_changed event;

    dapr_kit__document__v1__document_changed__init(&event);
    event.tenant = document->tenant;
    event.id = document->id;
    event.version = document->version;
    event.change = next->change;
    event.time = document->updated_time;
    event.content_type = document->content_type;
    event.size = document->size;
    event.content_sha256 = document->content_sha256;
    event.content_changed = next->content_changed;
    event.n_tags = document->n_tags;
    event.tags = document->tags;
    if (next->text.data != NULL && next->text.size <= EVENT_TEXT_BYTES_MAX) {
        event.text = dk_call_format(scope->call, "%.*s", (int)next->text.size, next->text.data);
        if (event.text == NULL) {
            (void)document_no_memory(scope->call);
            return (struct dk_bytes){0};
        }
    }
    return dk_call_write_json(scope->call, &event.base);
}

/* The event by daprd's outbox. The projection stands first: a store without an outbox would take it
 * for a value of the same key, and the head that follows then still has the last word. */
static enum dk_error transact_outbox(
    const struct document_scope *scope,
    const struct document_next *next,
    struct dk_state_item head,
    struct dk_bytes event) {
    const struct dk_pair projection[] = {
        {.key = DK_BYTES("outbox.projection"), .value = DK_BYTES("true")},
        {.key = DK_BYTES("contentType"), .value = DK_BYTES("application/json")},
    };
    /* They become attributes of the event. */
    const struct dk_pair attributes[] = {
        {.key = DK_BYTES("type"), .value = DK_BYTES("dapr_kit.document.v1.DocumentChanged")},
        {.key = DK_BYTES("subject"), .value = dk_bytes_of(next->document.id)},
    };
    head.metadata = (struct dk_pairs){.items = attributes, .count = 2};
    const struct dk_state_step steps[] = {
        {.item = {.key = head.key, .value = event, .metadata = {.items = projection, .count = 2}}},
        {.item = head},
    };

    return dk_daprd_transact(scope->call, scope->config->store, steps, 2);
}

/* ret_is_asked: without it nothing was asked of the store, so nothing was made. */
static enum dk_error transact(
    const struct document_scope *scope,
    const struct document_head *from,
    const struct document_next *next,
    struct document_ticket *ret_ticket,
    bool *ret_is_asked) {
    const struct document_key key = document_key_head(scope, next->document.id);
    const struct dk_bytes event = event_of(scope, next);
    const struct dk_state_item head = {
        .key = document_key_bytes(&key),
        .value = dk_call_pack(scope->call, &next->head.base),
        .etag = from->record == NULL ? (struct dk_bytes){0} : from->etag,
        .concurrency = DK_FIRST_WRITE,
    };

    if (event.data == NULL || head.value.data == NULL) {
        return DK_EXHAUSTED; /* noted */
    }
    if (document_journal_of(scope) == NULL) {
        *ret_is_asked = true;
        return transact_outbox(scope, next, head, event);
    }
    enum dk_error error = document_journal_take(scope, next, event, ret_ticket);
    if (error == DK_OK) {
        const struct dk_state_step steps[] = {{.item = head}, {.item = ret_ticket->item}};
        *ret_is_asked = true;
        error = dk_daprd_transact(scope->call, scope->config->store, steps, 2);
    }
    return error;
}

/* daprd says INTERNAL for a stale etag in a transaction, and an answer may be lost: only the head
 * knows. `error` stays what it was when the head is still the one that was read. */
static enum dk_error look(
    const struct document_scope *scope,
    const struct document_head *from,
    const struct document_next *next,
    enum dk_error error) {
    const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
    struct document_head head = {0};
    enum dk_error seen = document_head_read(scope, next->document.id, &head);

    if (seen == DK_OK) {
        const bool is_there = head.record != NULL;
        const bool is_ours = is_there &&
                             strcmp(head.record->change_id, next->head.change_id) == 0 &&
                             head.record->revision >= next->head.revision;
        const bool is_as_read = is_there
                                    ? from->record != NULL && dk_bytes_equal(head.etag, from->etag)
                                    : from->record == NULL;
        if (is_ours) {
            seen = DK_OK;
        } else if (is_as_read) {
            seen = error;
        } else {
            seen = dk_call_fail(
                scope->call,
                DK_ETAG_MISMATCH,
                "document '%s': somebody else changed it meanwhile",
                next->document.id);
        }
    }
    dk_call_memory_end(scope->call, memory);
    return seen;
}

/* A head that somebody else has written is never the one that a transaction wants. Any other failure
 * may still turn out to be a success: the slot will tell. */
static enum document_outcome outcome_of(enum dk_error error) {
    if (error == DK_OK) {
        return DOCUMENT_MADE;
    }
    return error == DK_ETAG_MISMATCH ? DOCUMENT_NOT_MADE : DOCUMENT_UNKNOWN;
}

enum dk_error document_head_write(
    const struct document_scope *scope,
    const struct document_head *from,
    const struct document_next *next) {
    enum dk_error error = DK_OK;

    if (from->record != NULL && next->change != PB_CHANGE(ANNOTATED)) {
        error = document_versions_leave(scope, from->record);
    }
    struct document_ticket ticket = {0};
    bool is_asked = false;
    if (error == DK_OK) {
        error = transact(scope, from, next, &ticket, &is_asked);
    }
    if (error != DK_OK && is_asked) {
        error = look(scope, from, next, error);
    }
    if (ticket.item.key.data != NULL) {
        document_journal_settle(scope, &ticket, outcome_of(error));
    }
    /* After any other error nobody knows whether it was made. */
    if (error == DK_ETAG_MISMATCH || !is_asked) {
        document_quota_give_back(scope, next->document.id, next->head.change_id);
    }
    document_metrics_changed(next->change, error);
    return error;
}

enum dk_error document_head_purge(
    const struct document_scope *scope, const struct document_head *head) {
    const char *id = head->record->document->id;
    const struct document_key key = document_key_head(scope, id);
    const struct dk_state_item item = {
        .key = document_key_bytes(&key), .etag = head->etag, .concurrency = DK_FIRST_WRITE};
    const enum dk_error error = document_versions_drop(
        scope, id, head->record->swept_version, head->record->document->version + 1);

    return error != DK_OK ? error : dk_daprd_delete(scope->call, scope->config->store, &item, 1);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

enum dk_error document_answer(
    const struct document_scope *scope, const pb_head *head, pb_document *answer) {
    char *etag = document_etag(scope, head);

    if (etag == NULL) {
        return DK_EXHAUSTED;
    }
    *answer = *head->document;
    answer->etag = etag;
    const char *quoted = dk_call_format(scope->call, "\"%s\"", etag);
    if (quoted == NULL) {
        return document_no_memory(scope->call);
    }
    /* An answer is good without it: gRPC callers have the field. */
    (void)dk_call_set_header(scope->call, (struct dk_bytes)DK_BYTES("etag"), dk_bytes_of(quoted));
    return DK_OK;
}
