#ifndef STATESTORE_REDIS_WRITE_H
#define STATESTORE_REDIS_WRITE_H

#include "statestore/redis/redis_call.h"

/* What one set or delete tells its script, checked and put into words. */
struct redis_write {
    struct dk_bytes expected; /* "0": none */
    struct dk_bytes value;
    struct dk_bytes mark; /* "0": marks the key as written first, "1": does not */
    bool has_ttl;
    struct dk_bytes ttl; /* views ttl_text: do not copy this structure */
    char ttl_text[24];
};

/* Views point into the request. Errors: DK_ETAG_INVALID when the etag is no integer and counts,
 * DK_INVALID for a bad ttlInSeconds; the words name the key. */
enum dk_error redis_write_of_set(
    const struct redis_state *state,
    const struct dk_set *request,
    struct redis_write *write,
    struct dk_fault *fault);

/* Any etag text is allowed, as in the built-in: one that is no number matches no version. */
struct dk_bytes redis_expected_of_delete(const struct dk_delete *request);

enum { REDIS_WRITE_WORDS_MAX = 8 };

/* The words of a single write; `words` has room for REDIS_WRITE_WORDS_MAX. Returns how many. */
size_t redis_set_words(
    const struct redis_call *call,
    struct dk_bytes key,
    const struct redis_write *write,
    struct dk_bytes *words);
size_t redis_delete_words(
    const struct redis_call *call,
    struct dk_bytes key,
    struct dk_bytes expected,
    struct dk_bytes *words);

#endif /* STATESTORE_REDIS_WRITE_H */
