#ifndef DOCUMENT_JOURNAL_SLOTS_H
#define DOCUMENT_JOURNAL_SLOTS_H

#include "document/journal.h"
#include "document/key.h"

#include <pthread.h>

/*
 * What the files of the journal share: the slots in memory, and the keys behind them.
 */
enum { JOURNAL_ID_BYTES = 33, JOURNAL_ETAG_BYTES = 64 };

enum journal_state {
    JOURNAL_FREE,
    JOURNAL_TAKEN,   /* its transaction is under way */
    JOURNAL_PENDING, /* to be looked at, and published when something is there */
};

struct journal_slot {
    enum journal_state state;
    uint64_t sequence;
    int64_t taken_ms;                      /* monotonic */
    char change_id[JOURNAL_ID_BYTES];      /* of the change that took it last */
    char told_change_id[JOURNAL_ID_BYTES]; /* of the change that was published last */
    char etag[JOURNAL_ETAG_BYTES];         /* the store's; "": nothing was written there yet */
    /* Not certain whether the change was made: until then it may still appear. Monotonic. 0: it was. */
    int64_t unknown_until_ms;
};

struct document_journal {
    pthread_mutex_t mutex;    /* of all below */
    pthread_mutex_t entrance; /* held while the process registers; taken before `mutex` */
    uint32_t epoch;           /* counts the replicas that this process has been */
    bool is_registered;
    char replica[JOURNAL_ID_BYTES];
    uint64_t sequence;
    struct journal_slot slots[DOCUMENT_JOURNAL_SLOTS];
};

/* "journal/<replica>/<slot>", "journal/<replica>/lease", … No tenant has a part in them. */
struct document_key journal_key_slot(const char *replica, uint32_t slot);
struct document_key journal_key_lease(const char *replica);
struct document_key journal_key_progress(const char *replica);
struct document_key journal_key_registry(void);

/* The scope of work that belongs to no tenant. */
struct document_scope journal_scope(struct dk_call *call);

/* Publishes records, all non-NULL, in their order; ret_failed as dk_daprd_publish_many. */
enum dk_error journal_publish(
    const struct document_scope *scope,
    const DaprKit__Document__V1__JournalRecord *const *records,
    size_t count,
    bool *ret_failed);

/* Begins as another replica, with empty slots: this one's were taken over. */
void journal_restart(struct document_journal *journal, uint32_t epoch);

/* Puts the process' lease and its name in the registry. Errors: those of dk/daprd.h. */
enum dk_error journal_register(const struct document_scope *scope, const char *replica);

/* Milliseconds of a clock that only goes forward. */
int64_t journal_now_ms(void);

#endif /* DOCUMENT_JOURNAL_SLOTS_H */
