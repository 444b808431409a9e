#ifndef DOCUMENT_PURGE_H
#define DOCUMENT_PURGE_H

#include <dk/app.h>

/*
 * Removes deleted documents whose time to be restored is over, of all tenants, and lets the index
 * forget them and whatever else is no more. Every process does it every hour; two at once do no
 * harm, for each document goes under its etag.
 *
 * Thread: a worker's. Bound: PURGE_DOCUMENTS_MAX of one run, and its call's time; what is left waits
 * for the next one.
 */
enum {
    PURGE_DOCUMENTS_MAX = 10000, /* looked at */
    PURGE_EVERY_MS = 3600 * 1000,
};

struct document_purged {
    size_t tenants, purged, failed;
};

/* One run. Errors: those of dk_daprd_*; what could not be purged is counted and left. */
enum dk_error document_purge(struct dk_call *call, struct document_purged *ret_purged);

/* A row of dk_app_task, every PURGE_EVERY_MS; says in the log what it did. */
void document_purge_task(struct dk_call *call);

#endif /* DOCUMENT_PURGE_H */
