/* Hashes that were seen. */
#include "document/hash_set.h"

#include <string.h>

/* Where a hash lies, or would. There is always a free slot: half of them stay so. */
static size_t find(const struct document_hash_set *set, const struct document_hash *hash) {
    size_t start = 0;

    memcpy(&start, hash->bytes, sizeof start);
    size_t at = start & (set->capacity - 1);
    while (set->is_taken[at] &&
           memcmp(set->slots[at].bytes, hash->bytes, sizeof hash->bytes) != 0) {
        at = (at + 1) & (set->capacity - 1);
    }
    return at;
}

enum document_hash_set_outcome document_hash_set_add(
    struct document_hash_set *set, const struct document_hash *hash) {
    const size_t at = find(set, hash);

    if (set->is_taken[at]) {
        return DOCUMENT_HASH_KNOWN;
    }
    if (set->count >= set->capacity / 2) {
        return DOCUMENT_HASH_SET_FULL;
    }
    set->slots[at] = *hash;
    set->is_taken[at] = true;
    set->count++;
    return DOCUMENT_HASH_NEW;
}

void document_hash_set_clear(struct document_hash_set *set) {
    memset(set->is_taken, 0, set->capacity * sizeof *set->is_taken);
    set->count = 0;
}

bool document_hash_set_has(const struct document_hash_set *set, const struct document_hash *hash) {
    return set->is_taken[find(set, hash)];
}
