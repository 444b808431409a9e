#ifndef DOCUMENT_VERSION_H
#define DOCUMENT_VERSION_H

#include "document/scope.h"

/*
 * Versions that a document had. The newest one is the head itself; an older one has a record, which
 * is written before the head leaves it and never changes.
 */
enum { DOCUMENT_SWEEP_MAX = 32 }; /* records that one change removes */

/* What every change does before the head is written: the version that `from` is gets its record,
 * and the records that `from` says are no longer kept go. */
enum dk_error document_versions_leave(const struct document_scope *scope, const pb_head *from);

/* Removes the records of versions first … end - 1. */
enum dk_error document_versions_drop(
    const struct document_scope *scope, const char *id, uint64_t first, uint64_t end);

/* What makes a version record of an item of the state store: NULL when there is none, or it is of
 * another document that had this id. */
enum dk_error document_version_of(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    const pb_head *head,
    pb_version **ret_record);

/* A version of a document, 0 or the head's being the head. ret_is_text may be NULL. Errors:
 * DK_NOT_FOUND for one that is not kept any more or not there yet; DK_INTERNAL for one that should
 * be there. */
enum dk_error document_version_read(
    const struct document_scope *scope,
    const pb_head *head,
    uint64_t version,
    const pb_document **ret_document,
    bool *ret_is_text);

#endif /* DOCUMENT_VERSION_H */
