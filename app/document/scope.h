#ifndef DOCUMENT_SCOPE_H
#define DOCUMENT_SCOPE_H

#include "document/messages.h"

#include <dk/app.h>
#include <dk/daprd.h>

/*
 * What every function of the service works in: one call, the tenant it is for, and the settings.
 *
 * Thread: the worker of the call. Owner: all memory is the call's, unless said otherwise.
 */

/* Components and topics of fixed names: the tables of a dk_app are constant. */
#define DOCUMENT_PUBSUB "pubsub"
#define DOCUMENT_TOPIC  "documents" /* what changed: dapr_kit.document.v1.DocumentChanged */
#define DOCUMENT_TOPIC_RESULTS \
    "compute.results" /* what was found: dapr_kit.compute.v1.ComputeResult */
#define DOCUMENT_TOPIC_RESULTS_DEAD "compute.results.dead" /* results that no try can take */
#define DOCUMENT_BINDING_INGEST     "ingest"

/* The program's own settings. */
struct document_config {
    const char *store;                    /* state store with transactions */
    int events;                           /* enum document_events */
    const char *export_binding;           /* output binding of Export */
    int64_t retention_ms;                 /* how long a deleted document can be restored */
    int64_t versions_max;                 /* of one document */
    const char *index_store;              /* the same store, without an outbox */
    int64_t quota_documents, quota_bytes; /* of one tenant */
    int64_t session_ttl_ms;               /* of a session that names none */
};
extern const struct dk_option document_options[];

/* Who tells of changes. */
enum document_events {
    DOCUMENT_EVENTS_JOURNAL, /* the service itself, see document/journal.h */
    DOCUMENT_EVENTS_OUTBOX,  /* daprd, by the outbox that the state store's component names */
};

struct document_journal;
struct index_writer;
struct quota;

/* What handlers share: dk_call_app. */
struct document_service {
    struct document_config config;
    struct document_journal *journal; /* NULL: DOCUMENT_EVENTS_OUTBOX */
    struct index_writer *index;
    struct quota *quota; /* NULL: none is held */
};

enum { DOCUMENT_TENANT_BYTES_MAX = 64, DOCUMENT_ID_BYTES_MAX = 128 };

struct document_scope {
    struct dk_call *call;
    const struct document_config *config;
    const char *tenant;
};

/* The scope of a call: its tenant from the header dk-tenant, "default" without it. Errors:
 * DK_INVALID for what is no tenant's name. */
enum dk_error document_scope_open(struct dk_call *call, struct document_scope *ret_scope);
/* The same for work that no caller's header speaks for: events, bindings. */
enum dk_error document_scope_of(
    struct dk_call *call, struct dk_bytes tenant, struct document_scope *ret_scope);

/* Says that the call's memory is used up. */
enum dk_error document_no_memory(struct dk_call *call);

/* Errors: DK_INVALID for what is no id: DOCUMENT_ID_BYTES_MAX of [A-Za-z0-9._~-], a letter or a
 * digit first, no "..". `what` names it: "document", "upload". */
enum dk_error document_id_check(struct dk_call *call, const char *what, const char *id);
/* 128 random bits in hexadecimal; NULL when there is no memory or no randomness, which it notes. */
char *document_id_make(struct dk_call *call);

/* Now, or `later_ms` after it; NULL: no memory, noted. */
pb_timestamp *document_time(struct dk_call *call, int64_t later_ms);
/* Whether a time has passed; an absent one has not. */
bool document_time_is_over(const pb_timestamp *time);

/*
 * The etag that the caller names: the field of its request, else HTTP's header "if-match" or
 * "if-none-match", without quotes. "": none, or "*". Errors: none.
 */
const char *document_condition(struct dk_call *call, const char *field, const char *header);

#endif /* DOCUMENT_SCOPE_H */
