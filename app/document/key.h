#ifndef DOCUMENT_KEY_H
#define DOCUMENT_KEY_H

#include "document/scope.h"

/*
 * Keys of the state store, as docs/documents.md has them. Names in them have been checked: a tenant
 * by document_scope_open, an id by document_id_check; a hash is of our own making.
 *
 * Bound: the longest has DOCUMENT_KEY_BYTES_MAX - 1 bytes.
 */
enum { DOCUMENT_KEY_BYTES_MAX = 256 };

struct document_key {
    char text[DOCUMENT_KEY_BYTES_MAX];
};

struct document_key document_key_head(const struct document_scope *scope, const char *id);
struct document_key document_key_version(
    const struct document_scope *scope, const char *id, uint64_t version);
struct document_key document_key_content(const struct document_scope *scope, const char *sha256);
struct document_key document_key_chunk(
    const struct document_scope *scope, const char *sha256, uint64_t chunk);
struct document_key document_key_catalog_small(
    const struct document_scope *scope, const char *sha256);
struct document_key document_key_catalog(const struct document_scope *scope, const char *sha256);
struct document_key document_key_upload(const struct document_scope *scope, const char *upload_id);
struct document_key document_key_part(
    const struct document_scope *scope, const char *upload_id, uint32_t number);
struct document_key document_key_session(const struct document_scope *scope, const char *id);
struct document_key document_key_idempotency(const struct document_scope *scope, const char *name);

static inline struct dk_bytes document_key_bytes(const struct document_key *key) {
    return dk_bytes_of(key->text);
}

#endif /* DOCUMENT_KEY_H */
