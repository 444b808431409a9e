/*
 * The slots of the journal in memory: who has one, and what became of it.
 */
#include "document/journal.h"

#include "document/journal_slots.h"
#include "document/metrics.h"
#include "document/tasks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer than any call, its deadline and daprd's together: then what was not made will not be. */
enum { UNKNOWN_MS = 120000 };

int64_t journal_now_ms(void) {
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct document_journal *document_journal_of(const struct document_scope *scope) {
    const struct document_service *service = dk_call_app(scope->call);

    return service->journal;
}

struct document_scope journal_scope(struct dk_call *call) {
    const struct document_service *service = dk_call_app(call);

    return (struct document_scope){.call = call, .config = &service->config, .tenant = ""};
}

/* ── keys ───────────────────────────────────────────────────────────────────────────────────── */

static struct document_key key_of(const char *replica, const char *name) {
    struct document_key key;

    (void)snprintf(key.text, sizeof key.text, "journal/%s/%s", replica, name);
    return key;
}

struct document_key journal_key_slot(const char *replica, uint32_t slot) {
    char number[16];

    (void)snprintf(number, sizeof number, "%" PRIu32, slot);
    return key_of(replica, number);
}

struct document_key journal_key_lease(const char *replica) {
    return key_of(replica, "lease");
}

struct document_key journal_key_progress(const char *replica) {
    return key_of(replica, "progress");
}

struct document_key journal_key_registry(void) {
    return (struct document_key){"journal/replicas"};
}

/* ── life ───────────────────────────────────────────────────────────────────────────────────── */

struct document_journal *document_journal_new(void) {
    struct document_journal *journal = calloc(1, sizeof *journal);

    if (journal == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&journal->mutex, NULL) != 0) {
        free(journal);
        return NULL;
    }
    if (pthread_mutex_init(&journal->entrance, NULL) != 0) {
        (void)pthread_mutex_destroy(&journal->mutex);
        free(journal);
        return NULL;
    }
    return journal;
}

void document_journal_free(struct document_journal *journal) {
    if (journal == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&journal->entrance);
    (void)pthread_mutex_destroy(&journal->mutex);
    free(journal);
}

void journal_restart(struct document_journal *journal, uint32_t epoch) {
    (void)pthread_mutex_lock(&journal->mutex);
    if (journal->epoch == epoch) { /* else somebody has done it */
        for (size_t i = 0; i < DOCUMENT_JOURNAL_SLOTS; i++) {
            document_metrics_backlog(journal->slots[i].state == JOURNAL_FREE ? 0 : -1);
        }
        journal->epoch++;
        journal->is_registered = false;
        journal->sequence = 0;
        memset(journal->slots, 0, sizeof journal->slots);
    }
    (void)pthread_mutex_unlock(&journal->mutex);
}

/* One worker registers, the others wait for it. */
static enum dk_error enter(const struct document_scope *scope, struct document_journal *journal) {
    enum dk_error error = DK_OK;

    (void)pthread_mutex_lock(&journal->entrance);
    (void)pthread_mutex_lock(&journal->mutex);
    const bool is_registered = journal->is_registered;
    (void)pthread_mutex_unlock(&journal->mutex);
    if (!is_registered) {
        const char *replica = document_id_make(scope->call);
        error = replica == NULL ? DK_EXHAUSTED : journal_register(scope, replica);
        if (error == DK_OK) {
            (void)pthread_mutex_lock(&journal->mutex);
            (void)snprintf(journal->replica, sizeof journal->replica, "%s", replica);
            journal->is_registered = true;
            (void)pthread_mutex_unlock(&journal->mutex);
        }
    }
    (void)pthread_mutex_unlock(&journal->entrance);
    return error;
}

/* ── a change ───────────────────────────────────────────────────────────────────────────────── */

/* With the mutex held. NULL: none is free, or nobody has registered. */
static struct journal_slot *slot_take(struct document_journal *journal, const char *change_id) {
    /* The lowest ones again and again: fewer keys to look at when another takes over. */
    for (uint32_t i = 0; i < DOCUMENT_JOURNAL_SLOTS && journal->is_registered; i++) {
        struct journal_slot *slot = &journal->slots[i];
        if (slot->state == JOURNAL_FREE) {
            slot->state = JOURNAL_TAKEN;
            slot->taken_ms = journal_now_ms();
            slot->sequence = ++journal->sequence;
            slot->unknown_until_ms = 0;
            (void)snprintf(slot->change_id, sizeof slot->change_id, "%s", change_id);
            return slot;
        }
    }
    return NULL;
}

static enum dk_error ticket_make(
    const struct document_scope *scope,
    const struct document_next *next,
    struct dk_bytes event,
    const char *replica,
    const struct journal_slot *taken,
    struct document_ticket *ticket) {
    const struct document_key key = journal_key_slot(replica, ticket->slot);
    const struct dk_bytes trace =
        dk_call_header(scope->call, (struct dk_bytes)DK_BYTES("traceparent"));
    DaprKit__Document__V1__JournalRecord record;

    dapr_kit__document__v1__journal_record__init(&record);
    record.change_id = pb_text(taken->change_id);
    record.sequence = taken->sequence;
    record.document_id = next->document.id;
    record.event = pb_bytes(event);
    record.traceparent = trace.size == 0
                             ? pb_text("")
                             : dk_call_format(scope->call, "%.*s", (int)trace.size, trace.data);
    ticket->item = (struct dk_state_item){
        .key = dk_bytes_of(dk_call_format(scope->call, "%s", key.text)),
        .etag = dk_bytes_of(dk_call_format(scope->call, "%s", taken->etag)),
        .concurrency = DK_FIRST_WRITE,
    };
    if (record.traceparent == NULL || ticket->item.key.data == NULL ||
        ticket->item.etag.data == NULL) {
        return document_no_memory(scope->call);
    }
    if (ticket->item.etag.size == 0) {
        ticket->item.etag = (struct dk_bytes){0}; /* it must be new */
    }
    ticket->item.value = dk_call_pack(scope->call, &record.base);
    return ticket->item.value.data == NULL ? DK_EXHAUSTED : DK_OK; /* noted */
}

enum dk_error document_journal_take(
    const struct document_scope *scope,
    const struct document_next *next,
    struct dk_bytes event,
    struct document_ticket *ret_ticket) {
    struct document_journal *journal = document_journal_of(scope);
    struct journal_slot taken = {0};
    char replica[JOURNAL_ID_BYTES];
    struct document_ticket ticket = {0};
    enum dk_error error = enter(scope, journal);

    if (error != DK_OK) {
        return error;
    }
    /* An annotation has the change_id of its change; a slot needs one that nobody had. */
    const char *change_id = document_id_make(scope->call);
    if (change_id == NULL) {
        return DK_EXHAUSTED;
    }
    (void)pthread_mutex_lock(&journal->mutex);
    const struct journal_slot *slot = slot_take(journal, change_id);
    if (slot != NULL) {
        taken = *slot;
        ticket.slot = (uint32_t)(slot - journal->slots);
        ticket.epoch = journal->epoch;
        (void)snprintf(replica, sizeof replica, "%s", journal->replica);
    }
    (void)pthread_mutex_unlock(&journal->mutex);
    if (slot != NULL) {
        document_metrics_backlog(1);
    } else {
        return dk_call_fail(
            scope->call,
            DK_EXHAUSTED,
            "journal: %d changes wait to be published, and the broker takes none; try again later",
            DOCUMENT_JOURNAL_SLOTS);
    }
    error = ticket_make(scope, next, event, replica, &taken, &ticket);
    if (error != DK_OK) {
        document_journal_settle(scope, &ticket, DOCUMENT_NOT_MADE);
        return error;
    }
    *ret_ticket = ticket;
    return DK_OK;
}

void document_journal_settle(
    const struct document_scope *scope,
    const struct document_ticket *ticket,
    enum document_outcome outcome) {
    struct document_journal *journal = document_journal_of(scope);

    (void)pthread_mutex_lock(&journal->mutex);
    if (ticket->epoch == journal->epoch) { /* else the slots were another's meanwhile */
        struct journal_slot *slot = &journal->slots[ticket->slot];
        slot->state = outcome == DOCUMENT_NOT_MADE ? JOURNAL_FREE : JOURNAL_PENDING;
        document_metrics_backlog(outcome == DOCUMENT_NOT_MADE ? -1 : 0);
        slot->unknown_until_ms = outcome == DOCUMENT_UNKNOWN ? journal_now_ms() + UNKNOWN_MS : 0;
    }
    (void)pthread_mutex_unlock(&journal->mutex);
    if (outcome != DOCUMENT_NOT_MADE) {
        dk_call_wake(scope->call, &document_tasks[DOCUMENT_TASK_PUBLISH]);
    }
}
