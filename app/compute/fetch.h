#ifndef COMPUTE_FETCH_H
#define COMPUTE_FETCH_H

#include <dk/app.h>
#include <stdint.h>

/* The content of one version of a document, asked of the document service piece by piece. */
struct fetch {
    const char *tenant, *id;
    uint64_t version;
    uint64_t size; /* of the content, as the event says it */
};

/*
 * Owner:  the caller frees ret_bytes by free(); it is not the call's memory, which is smaller.
 * Bound:  `size`, which the caller holds to content_bytes_max; pieces of 1 MiB.
 * Errors: noted; those of dk_daprd_call; DK_NOT_FOUND too when the version is gone; DK_INVALID when
 *         the service has another size for it, DK_EXHAUSTED without memory.
 * Thread: the worker of the call.
 */
enum dk_error fetch_content(struct dk_call *call, const struct fetch *fetch, char **ret_bytes);

#endif /* COMPUTE_FETCH_H */
