#ifndef DOCUMENT_QUOTA_H
#define DOCUMENT_QUOTA_H

#include "document/head.h"

#include <stdint.h>

/*
 * What a tenant may keep: documents, and bytes of their newest contents. Deleted ones count until
 * they are purged.
 *
 * What a tenant has is counted by the index: its root has the sums of all entries and is written in
 * one transaction with them. So the count cannot drift, whoever dies when: it is derived, like the
 * index itself, and an event that comes twice changes nothing. A counter of its own beside the
 * head could not be written with it, because an outbox tells of every upsert of a transaction; one
 * written before or after would be wrong after a crash in between, and all writers of a tenant
 * would wait for one key.
 *
 * The index is behind by the events under way. Each process therefore adds what it has let through
 * and not yet seen in the index:
 *
 *     take ─▶ note the claim ─▶ root + all claims ≤ limits? ─▶ the head is written
 *                                       │ no                       │ event ─▶ index ─▶ settle
 *                   look which claims the index has by now ─▶ again, else DK_EXHAUSTED
 *
 * One process keeps the limit exactly, however far events are behind. Others' claims it does not
 * know until they are indexed: several processes may exceed it together by what they
 * let through meanwhile.
 *
 * Thread: any.
 */
enum {
    QUOTA_CLAIMS_MAX = 4096, /* a change beyond is let through and not noted until it is indexed */
    QUOTA_CLAIM_S = 600,     /* then a claim that nothing has settled is forgotten */
    QUOTA_LOOK_MAX = 64,     /* claims that one look at the index is for */
    QUOTA_LOOKS_MAX = 64,
};

struct quota;

/* NULL: no memory. */
struct quota *quota_new(void);
/* NULL is fine. */
void quota_free(struct quota *quota);

/*
 * Claims what a document takes more when its content has `size` bytes: `next` is what it is to be,
 * still with the size that it has now. Changes of one document that the index has not seen add up;
 * of several that would make the same version one can win, and the largest counts. A second claim of
 * the same change takes the place of the first. One that takes nothing more is always let through, so
 * a tenant gets below its limit again.
 * Errors: DK_EXHAUSTED with what there is and what is allowed, noted; those of dk_daprd_*.
 */
enum dk_error document_quota_take(
    const struct document_scope *scope,
    const pb_document *next,
    const char *change_id,
    uint64_t size);

/* The change was not made, and will not be: lets its claim go, if it has one. */
void document_quota_give_back(
    const struct document_scope *scope, const char *id, const char *change_id);

/* The index has this version of a document, or a later one. */
void quota_settle(struct quota *quota, const char *tenant, const char *id, uint64_t version);

#endif /* DOCUMENT_QUOTA_H */
