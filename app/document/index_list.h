#ifndef DOCUMENT_INDEX_LIST_H
#define DOCUMENT_INDEX_LIST_H

#include <dk/app.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Ids of a tenant in the order of their bytes, by prefix, tag and language; conditions hold
 * together. What is listed is what the index knew while it was read: a document that stands there
 * the whole time is listed once, however pages are cut and joined meanwhile.
 *
 * Thread: the one of the call. Owner: all memory is the call's.
 */
enum {
    INDEX_LIST_PAGES_MAX = 64, /* read for one list; then it goes on by its cursor */
    INDEX_LIST_TRIES_MAX = 16, /* times that a directory is read again because it was changed */
};

struct index_query {
    const char *prefix, *tag, *language; /* "": any */
    bool is_deleted;                     /* those alone that are deleted */
    bool include_deleted; /* is the caller's to hold; a part of what a cursor is of */
};

/* Where a list goes on: at an id, or behind it. */
struct index_position {
    const char *id; /* "": from the first */
    bool is_behind;
};

/*
 * Up to `limit` ids from `position`, which is moved to where the next list goes on. *ret_is_end:
 * nothing is left. Fewer than `limit` without that come when INDEX_LIST_PAGES_MAX are read.
 * Errors: those of dk_daprd_*; DK_ETAG_MISMATCH when the index changes faster than it can be read.
 */
enum dk_error index_list(
    struct dk_call *call,
    const char *component,
    const char *tenant,
    const struct index_query *query,
    size_t limit,
    struct index_position *position,
    const char **ret_ids,
    size_t *ret_count,
    bool *ret_is_end);

/* A position as an opaque text, good for the same tenant and query. NULL: no memory, noted. */
const char *index_cursor_write(
    struct dk_call *call,
    const char *tenant,
    const struct index_query *query,
    struct index_position position);

/* Errors: DK_INVALID for what is no cursor or is one of another list. "" is the beginning. */
enum dk_error index_cursor_read(
    struct dk_call *call,
    const char *tenant,
    const struct index_query *query,
    const char *cursor,
    struct index_position *ret_position);

#endif /* DOCUMENT_INDEX_LIST_H */
