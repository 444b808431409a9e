#ifndef DOCUMENT_BATCH_H
#define DOCUMENT_BATCH_H

#include "document/head.h"

/* Answers for many documents at once: each at the place of its question, with its own error. */
enum { DOCUMENT_BATCH_MAX = 100, DOCUMENT_BATCH_CONTENT_BYTES_MAX = 2 << 20 };

/* `count` items for an answer, with their ids. Errors: DK_INVALID over DOCUMENT_BATCH_MAX. */
enum dk_error document_batch_items(
    struct dk_call *call, char *const *ids, size_t count, pb_batch_item ***ret_items);

/* Says in an item what was noted last: `error`. False: no memory, noted. */
bool document_batch_fail(struct dk_call *call, enum dk_error error, pb_batch_item *item);

/* The heads of all ids that are good, in bulk; an id that is none gets its error and no head. */
enum dk_error document_batch_heads(
    const struct document_scope *scope,
    pb_batch_item *const *items,
    size_t count,
    struct document_head *ret_heads);

#endif /* DOCUMENT_BATCH_H */
