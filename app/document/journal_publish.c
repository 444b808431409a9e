/*
 * The task that tells what was changed: reads the slots that wait, oldest change first, publishes
 * what is in them, and frees them.
 */
#include "document/journal_slots.h"
#include "document/metrics.h"
#include "document/state.h"

#include <stdio.h>
#include <string.h>

typedef DaprKit__Document__V1__JournalRecord record_message;

/* Slots as they were when they were picked. */
struct batch {
    uint32_t slots[DOCUMENT_JOURNAL_BATCH];
    struct journal_slot copies[DOCUMENT_JOURNAL_BATCH];
    size_t count;
    uint32_t epoch;
    char replica[JOURNAL_ID_BYTES];

    struct dk_state_item items[DOCUMENT_JOURNAL_BATCH];
    const record_message *records[DOCUMENT_JOURNAL_BATCH]; /* NULL: nothing new is there */
    bool is_told[DOCUMENT_JOURNAL_BATCH];
};

enum dk_error journal_publish(
    const struct document_scope *scope,
    const record_message *const *records,
    size_t count,
    bool *ret_failed) {
    enum { METADATA_COUNT = 4 };
    struct dk_daprd_message *messages = dk_call_take(scope->call, count * sizeof *messages);
    struct dk_pair *pairs = dk_call_take(scope->call, count * METADATA_COUNT * sizeof *pairs);

    if (messages == NULL || pairs == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < count; i++) {
        struct dk_pair *metadata = &pairs[i * METADATA_COUNT];
        const record_message *record = records[i];
        metadata[0] = (struct dk_pair){
            .key = DK_BYTES("partitionKey"), .value = dk_bytes_of(record->document_id)};
        metadata[1] = (struct dk_pair){
            .key = DK_BYTES("cloudevent.type"),
            .value = DK_BYTES("dapr_kit.document.v1.DocumentChanged")};
        /* The same each time it is published: what tells doubles apart. */
        metadata[2] = (struct dk_pair){
            .key = DK_BYTES("cloudevent.id"), .value = dk_bytes_of(record->change_id)};
        metadata[3] = (struct dk_pair){
            .key = DK_BYTES("cloudevent.traceparent"), .value = dk_bytes_of(record->traceparent)};
        messages[i] = (struct dk_daprd_message){
            .data = {.data = (const char *)record->event.data, .size = record->event.len},
            .content_type = DK_BYTES("application/json"),
            .metadata = {
                .items = metadata,
                .count = record->traceparent[0] == '\0' ? METADATA_COUNT - 1 : METADATA_COUNT}};
    }
    return dk_daprd_publish_many(
        scope->call, DOCUMENT_PUBSUB, DOCUMENT_TOPIC, messages, count, ret_failed);
}

/* ── picking ────────────────────────────────────────────────────────────────────────────────── */

static bool is_older(const struct journal_slot *slot, const struct journal_slot *other) {
    return slot->sequence < other->sequence;
}

/* The oldest that wait and were not looked at in this run: those up to `after` were. */
static void batch_pick(struct document_journal *journal, uint64_t after, struct batch *batch) {
    (void)pthread_mutex_lock(&journal->mutex);
    batch->count = 0;
    batch->epoch = journal->epoch;
    (void)snprintf(batch->replica, sizeof batch->replica, "%s", journal->replica);
    for (uint32_t i = 0; i < DOCUMENT_JOURNAL_SLOTS && journal->is_registered; i++) {
        const struct journal_slot *slot = &journal->slots[i];
        size_t place = batch->count;
        if (slot->state != JOURNAL_PENDING || slot->sequence <= after) {
            continue;
        }
        if (place == DOCUMENT_JOURNAL_BATCH) { /* full: does it push the youngest out? */
            place--;
            if (!is_older(slot, &batch->copies[place])) {
                continue;
            }
        } else {
            batch->count++;
        }
        for (; place > 0 && is_older(slot, &batch->copies[place - 1]); place--) {
            batch->copies[place] = batch->copies[place - 1];
            batch->slots[place] = batch->slots[place - 1];
        }
        batch->copies[place] = *slot;
        batch->slots[place] = i;
    }
    (void)pthread_mutex_unlock(&journal->mutex);
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

/* ret_is_fenced: another process has taken these slots over. */
static enum dk_error batch_read(
    const struct document_scope *scope, struct batch *batch, bool *ret_is_fenced) {
    struct document_key keys[DOCUMENT_JOURNAL_BATCH];

    for (size_t i = 0; i < batch->count; i++) {
        keys[i] = journal_key_slot(batch->replica, batch->slots[i]);
    }
    enum dk_error error = document_state_get_many(scope, keys, batch->count, batch->items);
    for (size_t i = 0; i < batch->count && error == DK_OK; i++) {
        const struct journal_slot *slot = &batch->copies[i];
        struct ProtobufCMessage *message = NULL;
        error = document_state_read(
            scope, &batch->items[i], &dapr_kit__document__v1__journal_record__descriptor, &message);
        const record_message *record = (const record_message *)message;
        batch->records[i] = NULL;
        batch->is_told[i] = false;
        if (error != DK_OK || record == NULL) {
            continue;
        }
        *ret_is_fenced = *ret_is_fenced || record->fenced;
        if (strcmp(record->change_id, slot->told_change_id) != 0) {
            batch->records[i] = record;
        }
    }
    return error;
}

/* Marks those that were published. */
static enum dk_error batch_publish(const struct document_scope *scope, struct batch *batch) {
    const record_message *records[DOCUMENT_JOURNAL_BATCH];
    bool failed[DOCUMENT_JOURNAL_BATCH] = {false};
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        if (batch->records[i] != NULL) {
            records[count++] = batch->records[i];
        }
    }
    const enum dk_error error = count == 0 ? DK_OK : journal_publish(scope, records, count, failed);
    for (size_t i = 0, at = 0; i < batch->count; i++) {
        if (batch->records[i] == NULL) {
            continue;
        }
        batch->is_told[i] = !failed[at++] && error == DK_OK;
        if (batch->is_told[i]) {
            document_metrics_told(journal_now_ms() - batch->copies[i].taken_ms);
        } else {
            document_metrics_untold();
        }
    }
    return error;
}

/* ── settling ───────────────────────────────────────────────────────────────────────────────── */

/* With the mutex held. */
static void slot_settle(struct journal_slot *slot, const struct batch *batch, size_t index) {
    const record_message *record = batch->records[index];
    const struct dk_bytes etag = batch->items[index].etag;
    const bool is_ours =
        record != NULL && strcmp(record->change_id, batch->copies[index].change_id) == 0;

    if (record != NULL && batch->is_told[index]) {
        (void)snprintf(slot->told_change_id, sizeof slot->told_change_id, "%s", record->change_id);
    }
    if (etag.size < sizeof slot->etag) {
        (void)snprintf(
            slot->etag, sizeof slot->etag, "%.*s", (int)etag.size, etag.size == 0 ? "" : etag.data);
    }
    const bool is_over = slot->unknown_until_ms != 0 && journal_now_ms() >= slot->unknown_until_ms;
    /* Told; or not made, and it will not be any more. */
    if (is_ours ? batch->is_told[index] : is_over) {
        slot->state = JOURNAL_FREE;
        document_metrics_backlog(-1);
    }
}

static void batch_settle(struct document_journal *journal, const struct batch *batch) {
    (void)pthread_mutex_lock(&journal->mutex);
    for (size_t i = 0; i < batch->count && journal->epoch == batch->epoch; i++) {
        slot_settle(&journal->slots[batch->slots[i]], batch, i);
    }
    (void)pthread_mutex_unlock(&journal->mutex);
}

/*
 * Until nothing waits, or the broker does not take it: then the next run, DOCUMENT_JOURNAL_RETRY_MS
 * later, begins with the oldest again. Bound: each change is looked at once in a run.
 */
void document_journal_publish(struct dk_call *call) {
    const struct document_scope scope = journal_scope(call);
    struct document_journal *journal = document_journal_of(&scope);
    struct batch *batch = NULL;
    uint64_t after = 0;
    bool is_fenced = false;
    enum dk_error error = DK_OK;

    if (journal == NULL) {
        return; /* the state store's outbox tells */
    }
    batch = dk_call_take(call, sizeof *batch);
    if (batch == NULL) {
        (void)document_no_memory(call);
        return;
    }
    while (error == DK_OK && !is_fenced && !dk_call_is_over(call)) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        batch_pick(journal, after, batch);
        if (batch->count == 0) {
            dk_call_memory_end(call, memory);
            return;
        }
        error = batch_read(&scope, batch, &is_fenced);
        if (error == DK_OK && !is_fenced) {
            error = batch_publish(&scope, batch);
        }
        if (error == DK_OK && !is_fenced) {
            batch_settle(journal, batch);
        }
        after = batch->copies[batch->count - 1].sequence;
        dk_call_memory_end(call, memory);
    }
    if (is_fenced) {
        journal_restart(journal, batch->epoch);
    }
}
