#ifndef DOCUMENT_JOURNAL_H
#define DOCUMENT_JOURNAL_H

#include "document/head.h"

/*
 * The service's own transactional outbox: no change without its event, no event without its change,
 * at least once, in the order of each document, without delay. docs/decisions/0005 has the reasons.
 *
 *     a change ─▶ take a slot ─▶ transaction: head + slot ─▶ settle ─▶ wakes the publisher
 *     publisher, a task: reads the slots that wait, publishes them many at once, frees them
 *     keeper, a task: renews the process' lease; takes over journals whose lease has ended
 *
 * A slot is a key of the state store that belongs to one process. What is in it was committed, and is
 * published by its process, or, when that has died, by any other that sees its lease end.
 *
 * Thread: any worker; the state is guarded. Owner: one for a process, in struct document_service.
 * Bound:  DOCUMENT_JOURNAL_SLOTS changes that are not told yet; one more is DK_EXHAUSTED.
 */
enum {
    DOCUMENT_JOURNAL_SLOTS = 1024,
    DOCUMENT_JOURNAL_BATCH = 32,   /* events of one publishing; each has 64 KiB of text at most */
    DOCUMENT_JOURNAL_LEASE_S = 30, /* after a crash others take over when it has ended */
    DOCUMENT_JOURNAL_KEEP_MS = 10000,
    DOCUMENT_JOURNAL_RETRY_MS = 1000, /* between tries to publish */
    DOCUMENT_JOURNAL_REPLICAS_MAX = 256,
};

struct document_journal;

/* NULL: no memory. */
struct document_journal *document_journal_new(void);
/* Accepts NULL. No worker uses it any more. */
void document_journal_free(struct document_journal *journal);

/* The service's journal; NULL: daprd's outbox tells. */
struct document_journal *document_journal_of(const struct document_scope *scope);

/* A slot for one change, and what its transaction writes there. */
struct document_ticket {
    uint32_t slot, epoch;
    struct dk_state_item item; /* in the call's memory */
};

/*
 * Takes a free slot for the change that `next` is, whose event is `event`. The first one of a process
 * registers it. Errors: DK_EXHAUSTED when none is free: the broker does not take events; those of
 * dk/daprd.h.
 */
enum dk_error document_journal_take(
    const struct document_scope *scope,
    const struct document_next *next,
    struct dk_bytes event,
    struct document_ticket *ret_ticket);

/* What became of the transaction. Each ticket is settled once. */
enum document_outcome {
    DOCUMENT_MADE,
    DOCUMENT_NOT_MADE,
    DOCUMENT_UNKNOWN, /* perhaps, perhaps later: the slot itself will tell */
};
void document_journal_settle(
    const struct document_scope *scope,
    const struct document_ticket *ticket,
    enum document_outcome outcome);

/* The two tasks. */
void document_journal_publish(struct dk_call *call);
void document_journal_keep(struct dk_call *call);

#endif /* DOCUMENT_JOURNAL_H */
