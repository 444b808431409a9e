#ifndef COMPUTE_TEXT_RANKS_H
#define COMPUTE_TEXT_RANKS_H

#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Which languages have a run of characters in their fingerprint, and at which rank: libexttextcat's
 * fingerprints turned round, so that a text's runs are each looked up once instead of being merged
 * with those of 170 languages one by one. The distances are the library's own (fp_Compare).
 *
 *     new ─▶ read each language ─▶ … distances … ─▶ free
 *
 * Thread: one while languages are read; then any, several at once.
 */
enum {
    TEXT_RANKS_LANGUAGES_MAX = 256,
    TEXT_RANKS_RUNS_MAX = 400, /* of one fingerprint */
};

struct text_ranks;

/* NULL: no memory. */
struct text_ranks *text_ranks_new(void);
/* Accepts NULL. */
void text_ranks_free(struct text_ranks *ranks);

/* Reads a language's fingerprint as fp_Read does: a run a line, the most frequent first.
 * Errors: DK_NOT_FOUND naming a file that cannot be read, DK_EXHAUSTED. */
enum dk_error text_ranks_read(
    struct text_ranks *ranks, unsigned language, const char *path, struct dk_fault *fault);

/* How far a text's fingerprint, of fp_Create, is from each language's, 0 … count - 1; `greatest` is
 * the distance to a fingerprint of nothing. False: no memory. */
bool text_ranks_distances(
    const struct text_ranks *ranks,
    void *fingerprint,
    long greatest,
    long *ret_distances,
    size_t count);

#endif /* COMPUTE_TEXT_RANKS_H */
