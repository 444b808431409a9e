/* A set of hashes: each once, half of its slots, and empty again when it is cleared. */
#include "document/hash_set.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { CAPACITY = 16 };

static struct document_hash slots[CAPACITY];
static bool is_taken[CAPACITY];

static struct document_hash hash_of(unsigned char first, unsigned char last) {
    struct document_hash hash = {.bytes = {first}};

    hash.bytes[sizeof hash.bytes - 1] = last;
    return hash;
}

Test(document_hash_set, takes_each_hash_once_and_half_of_its_slots) {
    struct document_hash_set set = {.slots = slots, .is_taken = is_taken, .capacity = CAPACITY};

    for (unsigned char i = 0; i < CAPACITY / 2; i++) {
        /* They all begin their search at one slot. */
        const struct document_hash hash = hash_of(3, i);
        cr_assert(not(document_hash_set_has(&set, &hash)));
        cr_assert(eq(int, document_hash_set_add(&set, &hash), DOCUMENT_HASH_NEW));
        cr_assert(eq(int, document_hash_set_add(&set, &hash), DOCUMENT_HASH_KNOWN));
    }
    const struct document_hash more = hash_of(3, 200), known = hash_of(3, 0);

    cr_assert(eq(int, document_hash_set_add(&set, &more), DOCUMENT_HASH_SET_FULL));
    cr_assert(eq(int, document_hash_set_add(&set, &known), DOCUMENT_HASH_KNOWN));
    cr_assert(not(document_hash_set_has(&set, &more)));
}

Test(document_hash_set, is_empty_when_it_is_cleared) {
    struct document_hash_set set = {.slots = slots, .is_taken = is_taken, .capacity = CAPACITY};
    const struct document_hash hash = hash_of(3, 1);
    (void)document_hash_set_add(&set, &hash);

    document_hash_set_clear(&set);

    cr_assert(not(document_hash_set_has(&set, &hash)));
    cr_assert(eq(sz, set.count, 0));
    cr_assert(eq(int, document_hash_set_add(&set, &hash), DOCUMENT_HASH_NEW));
}
