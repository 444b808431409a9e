#ifndef DOCUMENT_INDEX_FACETS_H
#define DOCUMENT_INDEX_FACETS_H

#include <dapr_kit/document/v1/index.pb-c.h>
#include <dapr_kit/document/v1/records.pb-c.h>
#include <dk/app.h>
#include <stdbool.h>

/*
 * Which facets a document stands in, beside that of all ids: "tag=<tag>" for each of its tags,
 * "language=<code>" where one was found, "deleted" while it is. Pure.
 *
 * Owner: all memory is the call's.
 */
enum { INDEX_ENTRY_FACETS_MAX = 64 + 2 /* as many tags as a document has, and the other two */ };

/* Says whether the id goes into a facet or out of it. */
struct index_move {
    const char *facet;
    const char *id;
    bool is_in;
};

/* The entry of a head; NULL: no memory. Shares the head's texts. */
DaprKit__Document__V1__IndexEntry *index_entry_of(
    struct dk_call *call, const DaprKit__Document__V1__HeadRecord *head);

/* Whether both were made from the same head. NULL: there is none. */
bool index_entry_equal(
    const DaprKit__Document__V1__IndexEntry *left, const DaprKit__Document__V1__IndexEntry *right);

/* The name of a facet of tags or languages; NULL: no memory. */
const char *index_facet_of_tag(struct dk_call *call, const char *tag);
const char *index_facet_of_language(struct dk_call *call, const char *code);
#define INDEX_FACET_DELETED "deleted"

/*
 * What moves when `before` becomes `after`; either may be NULL. Appends to `moves`, which has room
 * for 2 * INDEX_ENTRY_FACETS_MAX more. False: no memory.
 */
bool index_moves_of(
    struct dk_call *call,
    const DaprKit__Document__V1__IndexEntry *before,
    const DaprKit__Document__V1__IndexEntry *after,
    struct index_move *moves,
    size_t *count);

#endif /* DOCUMENT_INDEX_FACETS_H */
