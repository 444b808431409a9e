#ifndef DOCUMENT_LIST_H
#define DOCUMENT_LIST_H

#include "document/head.h"
#include "document/index_list.h"

/*
 * Documents that conditions pick, by way of the index. The index may be behind the heads: every head
 * is read, and one that does not fit the conditions any more is left out. A document that the index
 * has not yet seen is missing until its event has been handled.
 *
 * Thread: the worker of the call. Owner: all memory is the call's.
 */
enum {
    DOCUMENT_LIST_MAX = 100,      /* documents of one answer */
    DOCUMENT_LIST_ROUNDS_MAX = 8, /* of ids for it, when many heads do not fit */
};

struct document_pick {
    struct index_query query;
    struct index_position position;
    bool is_end; /* nothing is left */
};

/* Begins or goes on. Errors: DK_INVALID for a cursor of another list. */
enum dk_error document_pick_begin(
    const struct document_scope *scope,
    const struct index_query *query,
    const char *cursor,
    struct document_pick *ret_pick);

/* The next heads, `limit` at most, in the order of ids. */
enum dk_error document_pick_next(
    const struct document_scope *scope,
    struct document_pick *pick,
    size_t limit,
    struct document_head *ret_heads,
    size_t *ret_count);

/* The cursor for what is left, "" at the end; NULL: no memory, noted. */
const char *document_pick_cursor(
    const struct document_scope *scope, const struct document_pick *pick);

/* How many a caller wants: 0 is DOCUMENT_LIST_MAX. Errors: DK_INVALID above it. */
enum dk_error document_limit_of(struct dk_call *call, uint32_t limit, size_t *ret_limit);

#endif /* DOCUMENT_LIST_H */
