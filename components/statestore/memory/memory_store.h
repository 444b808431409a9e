#ifndef STATESTORE_MEMORY_STORE_H
#define STATESTORE_MEMORY_STORE_H

#include <dk/state.h>
#include <stdbool.h>
#include <uthash.h>

/*
 * A state store in the process' own memory: complete, forgotten at exit, and the page to copy for
 * a new store. Semantics are those of Dapr's reference in-memory store.
 */
extern const struct dk_state_backend memory_store;

/* One stored value. Key and value lie behind the structure, in the same allocation. */
struct memory_entry {
    UT_hash_handle hh;
    struct dk_bytes key;
    struct dk_bytes value;
    uint64_t version;   /* the etag; counted over the whole store, so it never comes again */
    int64_t expires_ms; /* since 1970; 0: never */
};

struct memory_config {
    int64_t bytes_max;
    int64_t ttl_s;
};

struct memory_state {
    struct dk_instance base;
    struct memory_entry *entries; /* a hash by key, and a list in order of insertion */
    struct memory_entry *sweep_at;
    struct dk_timer sweep;
    int64_t bytes; /* of all entries, their heads included */
    uint64_t writes;
};

/* Gone entries stay until they are swept, but nobody sees them. */
bool memory_is_gone(const struct memory_entry *entry, int64_t now_ms);

/* As the answer of a read: points into the entry; `etag_text` needs MEMORY_ETAG_BYTES. */
enum { MEMORY_ETAG_BYTES = 24 };
struct dk_item memory_item(const struct memory_entry *entry, char *etag_text);

#endif /* STATESTORE_MEMORY_STORE_H */
