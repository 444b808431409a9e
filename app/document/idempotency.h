#ifndef DOCUMENT_IDEMPOTENCY_H
#define DOCUMENT_IDEMPOTENCY_H

#include "document/head.h"

/*
 * Idempotency keys: a caller that names one in the header idempotency-key may send the same call
 * again for IDEMPOTENCY_TTL_S, and it is done once.
 *
 *     no record ─▶ claim (first write) ─▶ run ─▶ record with the answer
 *     record of another request ─▶ DK_INVALID
 *     record with an answer ─▶ that answer
 *     a claim ─▶ DK_ETAG_MISMATCH: under way; after IDEMPOTENCY_CLAIM_S its process is taken for dead
 *
 * A claim has a random run_id, and the ids of the call's changes follow from it. So what a dead
 * process has done, or one that lost the answer, is found again: a head with that change id was
 * written by this very call, and is the answer. A call that fails gives its claim up at once and may
 * be sent again.
 *
 * Thread: the worker of the call, which runs it from begin to end.
 */
enum {
    IDEMPOTENCY_KEY_BYTES_MAX = 128, /* visible ASCII but for '|' and '/' */
    IDEMPOTENCY_TTL_S = 24 * 3600,
    IDEMPOTENCY_CLAIM_S = 60,
    IDEMPOTENCY_ANSWER_BYTES_MAX =
        1 << 20, /* a longer one is not kept; the call is then done again */
};

/* Runs a method once for its idempotency key; without one, just runs it. */
enum dk_error document_once(
    struct dk_call *call,
    dk_method_fn *run,
    const struct ProtobufCMessage *request,
    struct ProtobufCMessage *answer);

/* An id for a change of a document: random, or within document_once always the same for its claim
 * and this document. NULL: no memory or randomness, noted. */
char *document_change_id(const struct document_scope *scope, const char *id);

/* An id for a document that was given none, in the same manner. *ret_is_alone: it is random, nobody
 * else can have it. */
char *document_new_id(const struct document_scope *scope, bool *ret_is_alone);

/* The changing methods, each once for its key. */
dk_method_fn documents_create_once, documents_replace_once, documents_patch_once;
dk_method_fn documents_delete_once, documents_restore_once, documents_set_tags_once;
dk_method_fn documents_batch_put_once, documents_batch_delete_once;
dk_method_fn documents_begin_upload_once, documents_complete_upload_once;
dk_method_fn documents_open_session_once;

#endif /* DOCUMENT_IDEMPOTENCY_H */
