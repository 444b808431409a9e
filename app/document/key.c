/* Where each record of the service lies. */
#include "document/key.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { NUMBER_BYTES_MAX = 20 };
_Static_assert(
    sizeof "documents/" + DOCUMENT_TENANT_BYTES_MAX + sizeof "/version/" + DOCUMENT_ID_BYTES_MAX +
            sizeof "/" + NUMBER_BYTES_MAX <=
        DOCUMENT_KEY_BYTES_MAX,
    "the longest key fits");

static struct document_key key_of(const struct document_scope *scope, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct document_key key_of(const struct document_scope *scope, const char *format, ...) {
    struct document_key key;
    va_list words;
    const int start = snprintf(key.text, sizeof key.text, "documents/%s/", scope->tenant);

    va_start(words, format);
    (void)vsnprintf(key.text + start, sizeof key.text - (size_t)start, format, words);
    va_end(words);
    return key;
}

struct document_key document_key_head(const struct document_scope *scope, const char *id) {
    return key_of(scope, "head/%s", id);
}

struct document_key document_key_version(
    const struct document_scope *scope, const char *id, uint64_t version) {
    return key_of(scope, "version/%s/%" PRIu64, id, version);
}

struct document_key document_key_content(const struct document_scope *scope, const char *sha256) {
    return key_of(scope, "content/%s", sha256);
}

struct document_key document_key_chunk(
    const struct document_scope *scope, const char *sha256, uint64_t chunk) {
    return key_of(scope, "content/%s/%" PRIu64, sha256, chunk);
}

struct document_key document_key_catalog(const struct document_scope *scope, const char *sha256) {
    return key_of(scope, "catalog/%.2s", sha256);
}

struct document_key document_key_catalog_small(
    const struct document_scope *scope, const char *sha256) {
    return key_of(scope, "catalog/%.4s", sha256);
}

struct document_key document_key_upload(const struct document_scope *scope, const char *upload_id) {
    return key_of(scope, "upload/%s", upload_id);
}

struct document_key document_key_part(
    const struct document_scope *scope, const char *upload_id, uint32_t number) {
    return key_of(scope, "upload/%s/%" PRIu32, upload_id, number);
}

struct document_key document_key_session(const struct document_scope *scope, const char *id) {
    return key_of(scope, "session/%s", id);
}

struct document_key document_key_idempotency(const struct document_scope *scope, const char *name) {
    return key_of(scope, "idempotency/%s", name);
}
