#ifndef TESTS_STRESS_DOCUMENT_PEER_H
#define TESTS_STRESS_DOCUMENT_PEER_H

#include "document/index_write.h"
#include "document/journal.h"
#include "document/quota.h"
#include "document/scope.h"
#include "support/index_rig.h"
#include "support/shared_sidecar.h"

#include <stdbool.h>

/*
 * A process of the document service over the shared sidecar, for many threads; several of them share
 * the state. All calls are of the tenant RIG_TENANT. A failed condition ends the program.
 *
 * Thread: any, but for open and close.
 */
struct document_peer {
    struct document_service service; /* first: what dk_call_app gives */
    struct index_writer index;
};

/* Once, before the first peer. */
void document_peers_begin(void);
void document_peer_open(struct document_peer *peer);
void document_peer_close(struct document_peer *peer);

/* A call of the peer's; the caller ends it by fake_call_free. */
struct dk_call *document_peer_call(struct document_peer *peer);

enum dk_error document_peer_create(struct document_peer *peer, const char *id, const char *text);
enum dk_error document_peer_replace(struct document_peer *peer, const char *id, const char *text);
enum dk_error document_peer_refresh(struct document_peer *peer, const char *id);
void document_peer_task(struct document_peer *peer, void (*run)(struct dk_call *call));

/* Version and size of a document's newest version; 0: there is none. Alone with the state. */
struct document_peer_head {
    uint64_t version, size;
};
struct document_peer_head document_peer_head(const char *id);

void require(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs `run` on `count` threads with the numbers 0 … count - 1, and waits for them. */
void threads_run(void (*run)(size_t number), size_t count);

#endif /* TESTS_STRESS_DOCUMENT_PEER_H */
