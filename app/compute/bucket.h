#ifndef COMPUTE_BUCKET_H
#define COMPUTE_BUCKET_H

#include <dapr_kit/compute/v1/records.pb-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A bucket of the LSH index and what is done to it, apart from where it is kept.
 *
 * Thread: one at a time.
 * Owner:  ids are views of their giver's; the list is memory of the giver of the message, and what
 *         bucket_add wants is room for one more.
 * Bound:  BUCKET_IDS_MAX. A full bucket forgets its oldest: what fills one is boilerplate that very
 *         many documents share, and the newest are the ones that people look for.
 */
enum { BUCKET_IDS_MAX = 64 };

/* Adds an id at the end. `room` has space for BUCKET_IDS_MAX pointers and becomes the list. False:
 * it was there, and nothing changed. */
bool bucket_add(DaprKit__Compute__V1__Bucket *bucket, char *document_id, char **room);
/* False: it was not there. */
bool bucket_remove(DaprKit__Compute__V1__Bucket *bucket, const char *document_id);

/* ── candidates of several buckets ──────────────────────────────────────────────────────────── */

enum { CANDIDATES_MAX = 128 };

struct candidate {
    const char *document_id;
    unsigned bands; /* in how many buckets it stood */
};

/*
 * The documents of `count` buckets, each once, those of the most bands first, then by id;
 * `excluded` (NULL: nobody) is left out. Returns how many, at most CANDIDATES_MAX: those beyond are
 * the ones of the fewest bands.
 */
size_t bucket_candidates(
    const DaprKit__Compute__V1__Bucket *const *buckets,
    size_t count,
    const char *excluded,
    struct candidate ret_candidates[static CANDIDATES_MAX]);

#endif /* COMPUTE_BUCKET_H */
