#ifndef DOCUMENT_ANNOTATE_H
#define DOCUMENT_ANNOTATE_H

#include <dk/app.h>

/*
 * Takes what the compute service found into the head: events of the topic "compute.results".
 *
 * A result is of a content. One whose content is no longer the document's is let go, and so is one
 * that says what the head says already: results may come twice, late and in any order. The head is
 * written by its etag, with an event of its own, which then brings the language into the index.
 *
 * Thread: a worker's. Errors as verdicts: DK_VERDICT_DROP for what is no result, once it is in the
 * topic "compute.results.dead" with its reason as the header dead-letter-reason; DK_VERDICT_RETRY when
 * state, sidecar or that topic fail, or after ANNOTATE_TRIES_MAX.
 */
enum {
    ANNOTATE_TRIES_MAX = 8,         /* each lost to another writer of the same head */
    ANNOTATE_BYTES_MAX = 64 * 1024, /* packed; a head is read with every change */
    ANNOTATE_NEAR_MAX = 10, /* documents that are named as near duplicates, most alike first */
    ANNOTATE_LANGUAGE_BYTES_MAX = 16, /* letters, digits and '-' */
};

dk_event_fn document_annotate;

#endif /* DOCUMENT_ANNOTATE_H */
