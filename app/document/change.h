#ifndef DOCUMENT_CHANGE_H
#define DOCUMENT_CHANGE_H

#include "document/hash.h"
#include "document/head.h"
#include "document/input.h"

/*
 * Changes of one document: read its head, edit a copy, write it by one transaction. When somebody
 * else writes in between and the caller named no etag, all of it begins again, DOCUMENT_TRIES_MAX
 * times at most.
 *
 * Errors: DK_ETAG_MISMATCH, DK_NOT_FOUND, what the edit says, and those of dk/daprd.h.
 */
enum { DOCUMENT_TRIES_MAX = 5 };

/* Edits `next`, a copy of what is there with its new version. Called again for each try. */
typedef enum dk_error document_edit_fn(
    const struct document_scope *scope, struct document_next *next, void *context);

struct document_edit {
    const char *id;       /* checked */
    const char *if_match; /* "": none */
    pb_change change;
    document_edit_fn *run;
    void *context;
    const struct document_head *head; /* as it was read, for the first try; NULL: it is read */
};

/* A change of a document that is there. PB_CHANGE(RESTORED) wants a deleted one, the others one
 * that is not. */
enum dk_error document_change(
    const struct document_scope *scope, const struct document_edit *edit, pb_document *answer);

/* A content that a document is to refer to. Lives as long as the change. */
struct document_reference {
    char sha256[DOCUMENT_HASH_TEXT_BYTES];
    uint64_t size;
    bool is_text;
    bool is_kept;          /* it is in the store already */
    struct dk_bytes bytes; /* the content itself; absent when it is kept and not at hand */
};

/* A reference to an input's content, which is not kept yet: its name is computed, no more. NULL: no
 * memory, noted. */
struct document_reference *document_reference_of(
    struct dk_call *call, const struct document_input *input);

/* Points a document at another content, which is kept first; annotations of the old one go. */
enum dk_error document_refer(
    const struct document_scope *scope,
    struct document_next *next,
    struct document_reference *content);

/* A new document. `is_made`: nobody else can have this id, so nobody is asked. The document's twin,
 * made by an earlier try of the same call, is answered as if it were made now. What is refused
 * leaves no content behind. Errors: DK_ETAG_MISMATCH: the id is taken. */
enum dk_error document_create(
    const struct document_scope *scope,
    const char *id,
    bool is_made,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer);

/* The same for an id whose head has been read; zeroed: there is none. */
enum dk_error document_create_over(
    const struct document_scope *scope,
    const char *id,
    const struct document_head *head,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer);

/* Replaces all of a document that is there. `head`: see document_edit. */
enum dk_error document_replace(
    const struct document_scope *scope,
    const char *id,
    const char *if_match,
    const struct document_head *head,
    const struct document_input *input,
    struct document_reference *content,
    pb_document *answer);

/* Whether a document is what an input would make of it. */
bool document_is_same(
    struct dk_call *call,
    const pb_head *head,
    const struct document_input *input,
    const struct document_reference *content);

/* Marks a document deleted. */
enum dk_error document_delete(
    const struct document_scope *scope,
    const char *id,
    const char *if_match,
    const struct document_head *head,
    pb_document *answer);

#endif /* DOCUMENT_CHANGE_H */
