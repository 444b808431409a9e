#ifndef DOCUMENT_HASH_SET_H
#define DOCUMENT_HASH_SET_H

#include "document/hash.h"

/*
 * A set of hashes in memory that somebody gives: open addressing, and the hashes are their own
 * hash. Thread: one at a time. Bound: half of the slots.
 */
struct document_hash_set {
    struct document_hash *slots;
    bool *is_taken;
    size_t capacity; /* a power of two; slots and is_taken have as many, zeroed */
    size_t count;
};

enum document_hash_set_outcome { DOCUMENT_HASH_NEW, DOCUMENT_HASH_KNOWN, DOCUMENT_HASH_SET_FULL };

enum document_hash_set_outcome document_hash_set_add(
    struct document_hash_set *set, const struct document_hash *hash);
void document_hash_set_clear(struct document_hash_set *set);
bool document_hash_set_has(const struct document_hash_set *set, const struct document_hash *hash);

#endif /* DOCUMENT_HASH_SET_H */
