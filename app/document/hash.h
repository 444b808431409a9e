#ifndef DOCUMENT_HASH_H
#define DOCUMENT_HASH_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>

/* SHA-256, and bytes in hexadecimal (lower case). Thread: any. */
enum { DOCUMENT_HASH_BYTES = 32, DOCUMENT_HASH_TEXT_BYTES = 2 * DOCUMENT_HASH_BYTES + 1 };

struct document_hash {
    unsigned char bytes[DOCUMENT_HASH_BYTES];
};

/* False: the library has no memory. */
bool document_hash_of(struct dk_bytes content, struct document_hash *ret_hash);

/* The hash of what comes in pieces. NULL and false: no memory. `end` gives and frees. */
struct document_hasher;
struct document_hasher *document_hasher_new(void);
bool document_hasher_add(struct document_hasher *hasher, struct dk_bytes piece);
bool document_hasher_end(struct document_hasher *hasher, struct document_hash *ret_hash);

/* Writes 2 × size digits and a NUL. */
void document_hex(const unsigned char *bytes, size_t size, char *ret_text);
/* Whether a text is a hash in hexadecimal, lower or upper case; ret_hash may be NULL. */
bool document_hash_parse(const char *text, struct document_hash *ret_hash);

#endif /* DOCUMENT_HASH_H */
