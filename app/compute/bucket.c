/* Bounded lists of document ids. Pure. Thread: one at a time. */
#include "compute/bucket.h"

#include "compute/lsh.h"

#include <stdlib.h>
#include <string.h>

/* Where an id stands; n_document_ids: nowhere. */
static size_t bucket_find(const DaprKit__Compute__V1__Bucket *bucket, const char *document_id) {
    size_t at = 0;
    while (at < bucket->n_document_ids && strcmp(bucket->document_ids[at], document_id) != 0) {
        at++;
    }
    return at;
}

bool bucket_add(DaprKit__Compute__V1__Bucket *bucket, char *document_id, char **room) {
    if (bucket_find(bucket, document_id) < bucket->n_document_ids) {
        return false;
    }
    const size_t kept = bucket->n_document_ids < BUCKET_IDS_MAX ? bucket->n_document_ids
                                                                : (size_t)BUCKET_IDS_MAX - 1;
    for (size_t i = 0; i < kept; i++) {
        room[i] = bucket->document_ids[bucket->n_document_ids - kept + i];
    }
    room[kept] = document_id;
    bucket->document_ids = room;
    bucket->n_document_ids = kept + 1;
    return true;
}

bool bucket_remove(DaprKit__Compute__V1__Bucket *bucket, const char *document_id) {
    const size_t at = bucket_find(bucket, document_id);
    if (at == bucket->n_document_ids) {
        return false;
    }
    bucket->n_document_ids--;
    for (size_t i = at; i < bucket->n_document_ids; i++) {
        bucket->document_ids[i] = bucket->document_ids[i + 1];
    }
    return true;
}

static int by_bands(const void *left, const void *right) {
    const struct candidate *a = left, *b = right;
    if (a->bands != b->bands) {
        return a->bands > b->bands ? -1 : 1;
    }
    return strcmp(a->document_id, b->document_id);
}

size_t bucket_candidates(
    const DaprKit__Compute__V1__Bucket *const *buckets,
    size_t count,
    const char *excluded,
    struct candidate ret_candidates[static CANDIDATES_MAX]) {
    struct candidate all[LSH_BANDS * BUCKET_IDS_MAX];
    size_t found = 0;
    for (size_t i = 0; i < count && i < LSH_BANDS; i++) {
        for (size_t j = 0; j < buckets[i]->n_document_ids && j < BUCKET_IDS_MAX; j++) {
            const char *id = buckets[i]->document_ids[j];
            size_t at = 0;
            if (excluded != NULL && strcmp(id, excluded) == 0) {
                continue;
            }
            while (at < found && strcmp(all[at].document_id, id) != 0) {
                at++;
            }
            if (at == found) {
                all[found++] = (struct candidate){.document_id = id};
            }
            all[at].bands++;
        }
    }
    qsort(all, found, sizeof all[0], by_bands);
    const size_t kept = found < CANDIDATES_MAX ? found : (size_t)CANDIDATES_MAX;
    memcpy(ret_candidates, all, kept * sizeof all[0]);
    return kept;
}
