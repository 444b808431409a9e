#ifndef DOCUMENT_SESSION_H
#define DOCUMENT_SESSION_H

#include "document/methods.h"

/*
 * Sessions of a tenant: OpenSession, GetSession, PutSession, CloseSession. One lives ttl_seconds from
 * the last look or change on, then it is not found any more.
 *
 * Thread: a worker's. Errors: DK_NOT_FOUND; DK_ETAG_MISMATCH for a stale if_match, or after
 * SESSION_TRIES_MAX of others who were faster; DK_INVALID over a bound.
 */
enum {
    SESSION_DATA_BYTES_MAX = 32 * 1024, /* packed */
    SESSION_TTL_S_MAX = 30 * 24 * 3600,
    SESSION_TRIES_MAX = 5,
};

dk_method_fn documents_open_session, documents_get_session, documents_put_session;
dk_method_fn documents_close_session;

#endif /* DOCUMENT_SESSION_H */
