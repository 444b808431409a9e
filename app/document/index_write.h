#ifndef DOCUMENT_INDEX_WRITE_H
#define DOCUMENT_INDEX_WRITE_H

#include <dk/app.h>
#include <pthread.h>

struct quota;

/*
 * Makes the index say what the heads say. An event of the topic "documents" only tells which
 * document to look at: the head is read, and the index is made to fit it. So events may come twice,
 * late or out of order, and an event that got lost is made good by the next one of its document or
 * by asking for it.
 *
 * Thread: any; those of one process take turns, because each would spoil the other's transaction.
 */
struct index_writer {
    const char *component; /* the state store, by a component without outbox */
    struct quota *quota;   /* is told what the index has; NULL: nobody */
    pthread_mutex_t turn;
};

enum {
    INDEX_GROUP_MAX = 32, /* documents of one transaction */
    INDEX_TRIES_MAX = 8,  /* each lost to another process that got ahead */
};

/*
 * Looks at the heads of documents of one tenant, as many as there are.
 * Errors: of dk_daprd_*; DK_ETAG_MISMATCH after INDEX_TRIES_MAX. What a group had written stays;
 *         the call may be made again.
 */
enum dk_error index_refresh(
    struct index_writer *writer,
    struct dk_call *call,
    const char *tenant,
    const char *const *ids,
    size_t count);

/* Handles events of the topic "documents", one or many: fills a verdict for each, which begin as
 * DK_VERDICT_DONE. */
void index_handle_events(
    struct index_writer *writer,
    struct dk_call *call,
    const struct dk_event *events,
    size_t count,
    enum dk_verdict *verdicts);

#endif /* DOCUMENT_INDEX_WRITE_H */
