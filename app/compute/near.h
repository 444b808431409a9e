#ifndef COMPUTE_NEAR_H
#define COMPUTE_NEAR_H

#include "compute/messages.h"
#include "compute/minhash.h"

#include <dk/app.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which documents of a tenant are like a text: the LSH index in the state store, which outlives the
 * process and is shared by its replicas.
 *
 *     compute/index/<tenant>/document/<id>          DocumentRecord: version, hash, signature
 *     compute/index/<tenant>/bucket/<band>/<place>  Bucket: ids of documents
 *
 * Every value is written with its etag, or as the first; who loses reads again, NEAR_TRIES_MAX times
 * at most. A document's record is written before its buckets: what a crash in between leaves out,
 * the event that comes again puts in. Ids in buckets are hints; what counts is the record, so an id
 * that is there in error costs a look and is never an answer.
 *
 * Thread: the worker of the call. Owner: answers are in the call's memory.
 * Errors: noted; those of the state store, DK_UNAVAILABLE after NEAR_TRIES_MAX lost races, DK_INTERNAL
 *         for what is stored and cannot be read.
 */
enum { NEAR_TRIES_MAX = 8, NEAR_LIMIT_MAX = 100 };

/* What an event says of a document. */
struct near_document {
    const char *tenant, *id;
    uint64_t version;
    const char *content_sha256;
    const struct minhash_signature *signature; /* NULL: no words, or deleted */
    bool is_deleted;
};

/* Whether a newer version of the document has been heard of. */
enum dk_error near_is_late(
    struct dk_call *call, const struct near_document *document, bool *ret_is_late);

/* Puts a document at the place of its signature and takes it from the places of the one before;
 * doing it twice is doing it once. `ret_is_late`: a newer version was there, and nothing changed. */
enum dk_error near_put(
    struct dk_call *call, const struct near_document *document, bool *ret_is_late);

/* Documents whose similarity with the signature is at least `similarity_min`, most alike first, at
 * most `limit`; `excluded` (NULL: nobody) is left out. */
struct near_question {
    const char *tenant;
    const struct minhash_signature *signature;
    double similarity_min;
    size_t limit; /* at most NEAR_LIMIT_MAX */
    const char *excluded;
};
enum dk_error near_find(
    struct dk_call *call,
    const struct near_question *question,
    pb_near_duplicate ***ret_documents,
    size_t *ret_count);

#endif /* COMPUTE_NEAR_H */
