/*
 * The task that keeps a process' journal its own, and looks after those whose process has died.
 *
 *     lease ends ─▶ another process: each slot ─ fence it, by its etag ─▶ publish what was in it
 *                                                        └ refused: its process lives, begin again
 *     all slots done ─▶ the replica leaves the registry
 *
 * A process that was only slow, not dead, finds its slots fenced: its next change is refused by the
 * store, and it begins anew as another replica. What it had committed before was seen by the fence.
 */
#include "document/journal_slots.h"
#include "document/state.h"

#include <dk/log.h>
#include <inttypes.h>
#include <string.h>

typedef DaprKit__Document__V1__JournalRecord record_message;
typedef DaprKit__Document__V1__JournalRegistry registry_message;
typedef DaprKit__Document__V1__JournalProgress progress_message;

enum {
    REGISTRY_TRIES_MAX = 20, /* others register at the same time */
    FENCE_TRIES_MAX = 5,
    FENCE_TTL_S = 86400, /* no process sleeps longer than that and goes on */
};

/* ── the registry ───────────────────────────────────────────────────────────────────────────── */

static enum dk_error registry_read(
    const struct document_scope *scope, registry_message *ret_registry, struct dk_bytes *ret_etag) {
    const struct document_key key = journal_key_registry();
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_get(
        scope, &key, &dapr_kit__document__v1__journal_registry__descriptor, &message, ret_etag);

    if (error == DK_OK && message != NULL) {
        *ret_registry = *(const registry_message *)message;
    } else if (error == DK_OK) {
        dapr_kit__document__v1__journal_registry__init(ret_registry);
    }
    return error;
}

static bool registry_has(const registry_message *registry, const char *replica) {
    for (size_t i = 0; i < registry->n_replicas; i++) {
        if (strcmp(registry->replicas[i], replica) == 0) {
            return true;
        }
    }
    return false;
}

/* The registry with `replica` in it, or without. */
static enum dk_error registry_write(
    const struct document_scope *scope,
    const registry_message *registry,
    struct dk_bytes etag,
    const char *replica,
    bool is_in) {
    const struct document_key key = journal_key_registry();
    registry_message next;
    char **replicas = dk_call_take(scope->call, (registry->n_replicas + 1) * sizeof *replicas);

    if (replicas == NULL) {
        return document_no_memory(scope->call);
    }
    dapr_kit__document__v1__journal_registry__init(&next);
    next.replicas = replicas;
    for (size_t i = 0; i < registry->n_replicas; i++) {
        if (strcmp(registry->replicas[i], replica) != 0) {
            replicas[next.n_replicas++] = registry->replicas[i];
        }
    }
    if (is_in) {
        replicas[next.n_replicas++] = pb_text(replica);
    }
    const struct dk_bytes value = dk_call_pack(scope->call, &next.base);
    if (value.data == NULL) {
        return DK_EXHAUSTED; /* noted */
    }
    return document_state_put(
        scope,
        &(struct document_put){
            .key = &key, .value = value, .etag = etag, .is_first = etag.size == 0});
}

static enum dk_error registry_set(
    const struct document_scope *scope, const char *replica, bool is_in) {
    enum dk_error error = DK_ETAG_MISMATCH;

    for (int try = 0; try < REGISTRY_TRIES_MAX && error == DK_ETAG_MISMATCH; try++) {
        registry_message registry;
        struct dk_bytes etag = {0};
        error = registry_read(scope, &registry, &etag);
        if (error != DK_OK || registry_has(&registry, replica) == is_in) {
            return error;
        }
        if (is_in && registry.n_replicas >= DOCUMENT_JOURNAL_REPLICAS_MAX) {
            return dk_call_fail(
                scope->call,
                DK_EXHAUSTED,
                "journal: %d processes are registered, which is the most",
                DOCUMENT_JOURNAL_REPLICAS_MAX);
        }
        error = registry_write(scope, &registry, etag, replica, is_in);
    }
    return error;
}

/* ── the lease ──────────────────────────────────────────────────────────────────────────────── */

static enum dk_error lease_write(const struct document_scope *scope, const char *replica) {
    const struct document_key key = journal_key_lease(replica);

    return document_state_put(
        scope,
        &(struct document_put){
            .key = &key, .value = dk_bytes_of(replica), .ttl_s = DOCUMENT_JOURNAL_LEASE_S});
}

/* The lease first: who is in the registry without one counts as dead. */
enum dk_error journal_register(const struct document_scope *scope, const char *replica) {
    const enum dk_error error = lease_write(scope, replica);

    return error != DK_OK ? error : registry_set(scope, replica, true);
}

/* Every change before the oldest that is not told has been told. */
static uint64_t told_sequence(struct document_journal *journal) {
    uint64_t told = journal->sequence;

    for (uint32_t i = 0; i < DOCUMENT_JOURNAL_SLOTS; i++) {
        const struct journal_slot *slot = &journal->slots[i];
        if (slot->state != JOURNAL_FREE && slot->sequence <= told) {
            told = slot->sequence - 1;
        }
    }
    return told;
}

static enum dk_error lease_renew(
    const struct document_scope *scope, const char *replica, uint64_t told) {
    const struct document_key key = journal_key_progress(replica);
    progress_message progress;
    enum dk_error error = lease_write(scope, replica);

    dapr_kit__document__v1__journal_progress__init(&progress);
    progress.told_sequence = told;
    if (error != DK_OK || told == 0) {
        return error;
    }
    const struct dk_bytes value = dk_call_pack(scope->call, &progress.base);
    if (value.data == NULL) {
        return DK_EXHAUSTED; /* noted */
    }
    return document_state_put(scope, &(struct document_put){.key = &key, .value = value});
}

/* ── taking over ────────────────────────────────────────────────────────────────────────────── */

/* Marks a group of slots, those that were never written too, unless somebody writes meanwhile. */
static enum dk_error group_fence(
    const struct document_scope *scope,
    const struct document_key *keys,
    const struct dk_state_item *items,
    record_message *const *records,
    size_t count) {
    static const struct dk_pair ttl = {
        .key = DK_BYTES(DK_TTL_IN_SECONDS), .value = DK_BYTES("86400")};
    _Static_assert(FENCE_TTL_S == 86400, "as the text above says");
    struct dk_state_step steps[DOCUMENT_JOURNAL_BATCH];
    size_t step_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (records[i]->fenced) {
            continue; /* by one that died while it took over */
        }
        record_message fenced = *records[i];
        fenced.fenced = true;
        const struct dk_bytes value = dk_call_pack(scope->call, &fenced.base);
        if (value.data == NULL) {
            return DK_EXHAUSTED; /* noted */
        }
        steps[step_count++] = (struct dk_state_step){
            .item = {
                .key = document_key_bytes(&keys[i]),
                .value = value,
                .etag = items[i].value.data == NULL ? (struct dk_bytes){0} : items[i].etag,
                .metadata = {.items = &ttl, .count = 1},
                .concurrency = DK_FIRST_WRITE}};
    }
    return step_count == 0
               ? DK_OK
               : dk_daprd_transact(scope->call, scope->config->store, steps, step_count);
}

static enum dk_error group_read(
    const struct document_scope *scope,
    const struct document_key *keys,
    size_t count,
    struct dk_state_item *items,
    record_message **records) {
    enum dk_error error = document_state_get_many(scope, keys, count, items);

    for (size_t i = 0; i < count && error == DK_OK; i++) {
        struct ProtobufCMessage *message = NULL;
        error = document_state_read(
            scope, &items[i], &dapr_kit__document__v1__journal_record__descriptor, &message);
        if (error == DK_OK && message == NULL) {
            message = dk_call_take(scope->call, sizeof(record_message));
            if (message == NULL) {
                return document_no_memory(scope->call);
            }
            dapr_kit__document__v1__journal_record__init((record_message *)message);
        }
        records[i] = (record_message *)message;
    }
    return error;
}

static enum dk_error group_publish(
    const struct document_scope *scope,
    record_message *const *records,
    size_t count,
    uint64_t told) {
    const record_message *untold[DOCUMENT_JOURNAL_BATCH];
    bool failed[DOCUMENT_JOURNAL_BATCH] = {false};
    size_t untold_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (records[i]->change_id[0] != '\0' && records[i]->sequence > told) {
            untold[untold_count++] = records[i];
        }
    }
    enum dk_error error =
        untold_count == 0 ? DK_OK : journal_publish(scope, untold, untold_count, failed);
    for (size_t i = 0; i < untold_count && error == DK_OK; i++) {
        if (failed[i]) {
            error = dk_call_fail(
                scope->call,
                DK_UNAVAILABLE,
                "journal: the event of document '%s' could not be published",
                untold[i]->document_id);
        }
    }
    return error;
}

static enum dk_error group_take_over(
    const struct document_scope *scope, const char *replica, uint32_t first, uint64_t told) {
    struct document_key keys[DOCUMENT_JOURNAL_BATCH];
    struct dk_state_item items[DOCUMENT_JOURNAL_BATCH];
    record_message *records[DOCUMENT_JOURNAL_BATCH] = {NULL};
    enum dk_error error = DK_OK;

    for (uint32_t i = 0; i < DOCUMENT_JOURNAL_BATCH; i++) {
        keys[i] = journal_key_slot(replica, first + i);
    }
    for (int try = 0; try < FENCE_TRIES_MAX; try++) {
        error = group_read(scope, keys, DOCUMENT_JOURNAL_BATCH, items, records);
        if (error == DK_OK) {
            error = group_fence(scope, keys, items, records, DOCUMENT_JOURNAL_BATCH);
        }
        if (error == DK_OK || dk_call_is_over(scope->call)) {
            break; /* else it may have been written meanwhile: look again */
        }
    }
    return error != DK_OK ? error : group_publish(scope, records, DOCUMENT_JOURNAL_BATCH, told);
}

static enum dk_error take_over(const struct document_scope *scope, const char *replica) {
    const struct document_key key = journal_key_progress(replica);
    struct ProtobufCMessage *message = NULL;
    enum dk_error error = document_state_get(
        scope, &key, &dapr_kit__document__v1__journal_progress__descriptor, &message, NULL);
    const uint64_t told = message == NULL ? 0 : ((progress_message *)message)->told_sequence;

    dk_log(DK_LOG_INFO, "document", "taking over a journal", "replica=%s", replica);
    for (uint32_t first = 0; first < DOCUMENT_JOURNAL_SLOTS && error == DK_OK;
         first += DOCUMENT_JOURNAL_BATCH) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        error = group_take_over(scope, replica, first, told);
        dk_call_memory_end(scope->call, memory);
    }
    if (error == DK_OK) {
        error = registry_set(scope, replica, false);
    }
    return error != DK_OK ? error : document_state_drop(scope, &key, 1);
}

static enum dk_error take_over_if_dead(const struct document_scope *scope, const char *replica) {
    const struct document_key key = journal_key_lease(replica);
    struct dk_state_item lease = {0};
    const enum dk_error error =
        dk_daprd_get(scope->call, scope->config->store, document_key_bytes(&key), &lease);

    return error != DK_OK || lease.value.data != NULL ? error : take_over(scope, replica);
}

/* ── the task ───────────────────────────────────────────────────────────────────────────────── */

void document_journal_keep(struct dk_call *call) {
    const struct document_scope scope = journal_scope(call);
    struct document_journal *journal = document_journal_of(&scope);
    registry_message registry;
    char replica[JOURNAL_ID_BYTES] = "";

    if (journal == NULL) {
        return; /* the state store's outbox tells */
    }
    (void)pthread_mutex_lock(&journal->mutex);
    const uint32_t epoch = journal->epoch;
    const uint64_t told = told_sequence(journal);
    if (journal->is_registered) {
        memcpy(replica, journal->replica, sizeof replica);
    }
    (void)pthread_mutex_unlock(&journal->mutex);
    if (replica[0] != '\0' && lease_renew(&scope, replica, told) != DK_OK) {
        return; /* noted */
    }
    if (registry_read(&scope, &registry, NULL) != DK_OK) {
        return;
    }
    if (replica[0] != '\0' && !registry_has(&registry, replica)) {
        journal_restart(journal, epoch);
        return;
    }
    for (size_t i = 0; i < registry.n_replicas && !dk_call_is_over(call); i++) {
        if (strcmp(registry.replicas[i], replica) != 0 &&
            take_over_if_dead(&scope, registry.replicas[i]) != DK_OK) {
            return;
        }
    }
}
