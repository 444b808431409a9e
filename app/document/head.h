#ifndef DOCUMENT_HEAD_H
#define DOCUMENT_HEAD_H

#include "document/scope.h"

/*
 * Heads: the one record of a document that changes. docs/documents.md has the reasons.
 *
 * Owner: what is read lies in the call's memory.
 */
struct document_head {
    pb_head *record;      /* NULL: there is none */
    struct dk_bytes etag; /* the store's, for the write that follows */
};

/* The head of an id that has been checked. */
enum dk_error document_head_read(
    const struct document_scope *scope, const char *id, struct document_head *ret_head);

/* The same; DK_NOT_FOUND when there is none, or a deleted one that is not wanted. */
enum dk_error document_head_want(
    const struct document_scope *scope,
    const char *id,
    bool include_deleted,
    struct document_head *ret_head);

/* The second half of it, for a head that has been read. */
enum dk_error document_head_check(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *head,
    bool include_deleted);

/* What an item of the state store holds as a head. Errors: DK_INTERNAL. */
enum dk_error document_head_of(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    struct document_head *ret_head);

/* "<change_id>.<revision>"; NULL: no memory. */
char *document_etag(const struct document_scope *scope, const pb_head *head);
/* Whether an etag that a caller names is of the same change; "" is of every. */
bool document_etag_matches(const char *etag, const pb_head *head);
/* DK_ETAG_MISMATCH with words, unless it matches. */
enum dk_error document_etag_check(
    const struct document_scope *scope, const char *etag, const pb_head *head);

/*
 * A head that is to be: a copy of what is there for the caller to change. It has the next version,
 * a change_id of its own and the time; without `from` it is a new document's.
 * ret_next lies in the call's memory; what it points to is still that of `from`.
 */
struct document_next {
    pb_head head;
    pb_document document; /* of head */
    pb_change change;
    bool content_changed;
    struct dk_bytes text; /* the new content, when it is text; absent: it is not told */
};
enum dk_error document_next_make(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *from,
    pb_change change,
    struct document_next **ret_next);

/*
 * Writes the head, and with it the event: the version that it leaves first, then one transaction.
 *
 * Errors: DK_ETAG_MISMATCH when another has written the head since it was read. Any other: the
 *         change may have been made or not, and nobody could say.
 */
enum dk_error document_head_write(
    const struct document_scope *scope,
    const struct document_head *from,
    const struct document_next *next);

/* An annotation: the same version and change, one revision more. The caller has set
 * next->document.annotations. */
enum dk_error document_revision_make(
    const struct document_scope *scope,
    const struct document_head *from,
    struct document_next **ret_next);

/* Removes a document whose time to be restored is over: its versions, then its head. Errors:
 * DK_ETAG_MISMATCH when it is no longer as it was read. */
enum dk_error document_head_purge(
    const struct document_scope *scope, const struct document_head *head);

/* Fills an answer: the document with its etag, which goes out as a header too. */
enum dk_error document_answer(
    const struct document_scope *scope, const pb_head *head, pb_document *answer);

#endif /* DOCUMENT_HEAD_H */
