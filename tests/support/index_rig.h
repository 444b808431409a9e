#ifndef TESTS_SUPPORT_INDEX_RIG_H
#define TESTS_SUPPORT_INDEX_RIG_H

#include "document/index_write.h"

#include <dk/app.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Heads in the fake sidecar's state, events of them, and what the index must say of them.
 *
 * Thread: the test's. All heads are of the tenant RIG_TENANT.
 */
#define RIG_TENANT "acme"

struct rig_head {
    const char *id;
    uint64_t version, revision;
    const char *birth; /* NULL: "birth" */
    const char *tags;  /* "a,b"; NULL: none */
    const char *language;
    bool deleted;
    uint64_t size;
};

/* Writes a head as the document service would have; version 0 removes it. */
void rig_put_head(const struct rig_head *head);

/* The event that a change of a document has. */
struct dk_event rig_event(struct dk_call *call, const char *id, uint64_t version);

/*
 * Requires that the index is what the heads in the state say: entries, facets, pages without
 * strangers, documents and bytes of the root.
 */
void rig_expect_index(void);

#endif /* TESTS_SUPPORT_INDEX_RIG_H */
