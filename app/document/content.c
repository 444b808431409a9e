/*
 * Contents in the state store. Everything here may be done twice or be cut off anywhere: chunks are
 * written before the record that names them, and a catalog names a content before anything of it is
 * written, so that Verify finds what was cut off. Small contents have catalogs of their own, many and
 * short: each new one reads its catalog, and is written with it in one request.
 */
#include "document/content.h"

#include "document/input.h"
#include "document/state.h"

#include <inttypes.h>
#include <string.h>

enum { CATALOG_TRIES_MAX = 8 };

uint64_t document_chunk_count(uint64_t size) {
    return (size + DOCUMENT_CHUNK_BYTES - 1) / DOCUMENT_CHUNK_BYTES;
}

size_t document_chunk_size(uint64_t size, uint64_t chunk) {
    const uint64_t left = size - chunk * DOCUMENT_CHUNK_BYTES;

    return left < DOCUMENT_CHUNK_BYTES ? (size_t)left : DOCUMENT_CHUNK_BYTES;
}

static enum dk_error no_hash(struct dk_call *call) {
    return dk_call_fail(call, DK_INTERNAL, "document: the hash could not be computed");
}

/* ── the catalog ────────────────────────────────────────────────────────────────────────────── */

static bool catalog_has(const pb_catalog *catalog, const struct document_hash *hash) {
    for (size_t i = 0; i < catalog->n_content_sha256; i++) {
        if (catalog->content_sha256[i].len == sizeof hash->bytes &&
            memcmp(catalog->content_sha256[i].data, hash->bytes, sizeof hash->bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* A catalog as it was read. */
struct catalog {
    struct document_key key;
    const pb_catalog *record; /* NULL: there is none */
    struct dk_bytes etag;
};

/* ret_has: it names this content. */
static enum dk_error catalog_read(
    const struct document_scope *scope,
    const struct document_hash *hash,
    struct catalog *catalog,
    bool *ret_has) {
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_get(
        scope,
        &catalog->key,
        &dapr_kit__document__v1__content_catalog__descriptor,
        &message,
        &catalog->etag);

    if (error == DK_OK) {
        catalog->record = (const pb_catalog *)message;
        *ret_has = catalog->record != NULL && catalog_has(catalog->record, hash);
    }
    return error;
}

/* What puts a content into a catalog, unless somebody else has written it since. */
static enum dk_error catalog_item(
    const struct document_scope *scope,
    const struct catalog *catalog,
    struct document_hash *hash,
    struct dk_state_item *ret_item) {
    const pb_catalog *there = catalog->record;
    const size_t count = there == NULL ? 0 : there->n_content_sha256;
    pb_catalog next;

    dapr_kit__document__v1__content_catalog__init(&next);
    if (count >= DOCUMENT_CATALOG_CONTENTS_MAX) {
        return dk_call_fail(
            scope->call,
            DK_EXHAUSTED,
            "document: the catalog of the tenant's contents is full at %d",
            DOCUMENT_CATALOG_CONTENTS_MAX);
    }
    next.content_sha256 = dk_call_take(scope->call, (count + 1) * sizeof *next.content_sha256);
    if (next.content_sha256 == NULL) {
        return document_no_memory(scope->call);
    }
    if (count > 0) {
        memcpy(next.content_sha256, there->content_sha256, count * sizeof *next.content_sha256);
    }
    next.content_sha256[count] =
        (ProtobufCBinaryData){.len = sizeof hash->bytes, .data = hash->bytes};
    next.n_content_sha256 = count + 1;
    *ret_item = (struct dk_state_item){
        .key = document_key_bytes(&catalog->key),
        .value = dk_call_pack(scope->call, &next.base),
        .etag = there == NULL ? (struct dk_bytes){0} : catalog->etag,
        .concurrency = DK_FIRST_WRITE};
    return ret_item->value.data == NULL ? document_no_memory(scope->call) : DK_OK;
}

/* One try: the catalog names the content, and `behind` (NULL: nothing) is written after it. */
static enum dk_error catalog_try(
    const struct document_scope *scope,
    struct document_key key,
    struct document_hash *hash,
    const struct dk_state_item *behind) {
    struct catalog catalog = {.key = key};
    struct dk_state_item items[2];
    bool has = false;
    size_t count = 0;
    enum dk_error error = catalog_read(scope, hash, &catalog, &has);

    if (error == DK_OK && !has) {
        error = catalog_item(scope, &catalog, hash, &items[count++]);
    }
    if (behind != NULL) {
        items[count++] = *behind;
    }
    return error != DK_OK || count == 0
               ? error
               : dk_daprd_save(scope->call, scope->config->store, items, count);
}

/* Others add to the same catalog: whoever comes second reads again. */
static enum dk_error catalog_add(
    const struct document_scope *scope,
    struct document_key key,
    const char *sha256,
    const struct dk_state_item *behind) {
    struct document_hash hash;
    enum dk_error error = DK_ETAG_MISMATCH;

    if (!document_hash_parse(sha256, &hash)) {
        return no_hash(scope->call);
    }
    for (int try = 0; try < CATALOG_TRIES_MAX && error == DK_ETAG_MISMATCH; try++) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        error = catalog_try(scope, key, &hash, behind);
        dk_call_memory_end(scope->call, memory);
    }
    return error;
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

enum dk_error document_content_record(
    const struct document_scope *scope, const char *sha256, pb_content **ret_record) {
    const struct document_key key = document_key_content(scope, sha256);
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_get(
        scope, &key, &dapr_kit__document__v1__content_record__descriptor, &message, NULL);

    if (error == DK_OK) {
        *ret_record = (pb_content *)message;
    }
    return error;
}

static enum dk_error record_write(
    const struct document_scope *scope, const char *sha256, const pb_content *record) {
    const struct document_key key = document_key_content(scope, sha256);
    const struct dk_bytes value = dk_call_pack(scope->call, &record->base);

    if (value.data == NULL) {
        return document_no_memory(scope->call);
    }
    return document_state_put(scope, &(struct document_put){.key = &key, .value = value});
}

enum dk_error document_content_begin(
    const struct document_scope *scope, const char *sha256, bool *ret_is_there) {
    pb_content *record = NULL;
    const enum dk_error error = document_content_record(scope, sha256, &record);

    if (error != DK_OK) {
        return error;
    }
    *ret_is_there = record != NULL;
    return record != NULL ? DK_OK
                          : catalog_add(scope, document_key_catalog(scope, sha256), sha256, NULL);
}

enum dk_error document_content_chunk(
    const struct document_scope *scope, const char *sha256, uint64_t chunk, struct dk_bytes bytes) {
    const struct document_key key = document_key_chunk(scope, sha256, chunk);

    return document_state_put(scope, &(struct document_put){.key = &key, .value = bytes});
}

enum dk_error document_content_end(
    const struct document_scope *scope,
    const char *sha256,
    uint64_t size,
    const struct document_hash *chunks) {
    struct document_hash copies[DOCUMENT_CHUNKS_MAX];
    ProtobufCBinaryData hashes[DOCUMENT_CHUNKS_MAX];
    pb_content record;

    dapr_kit__document__v1__content_record__init(&record);
    record.size = size;
    record.n_chunk_sha256 = (size_t)document_chunk_count(size);
    record.chunk_sha256 = hashes;
    for (size_t i = 0; i < record.n_chunk_sha256; i++) {
        copies[i] = chunks[i];
        hashes[i] = (ProtobufCBinaryData){.len = sizeof copies[i].bytes, .data = copies[i].bytes};
    }
    return record_write(scope, sha256, &record);
}

/* One key, one write: it is there or it is not. Writing it again mends it. */
static enum dk_error save_inline(
    const struct document_scope *scope, struct dk_bytes content, const char *sha256) {
    const struct document_key key = document_key_content(scope, sha256);
    pb_content record;

    dapr_kit__document__v1__content_record__init(&record);
    record.size = content.size;
    record.data = pb_bytes(content);
    const struct dk_state_item item = {
        .key = document_key_bytes(&key), .value = dk_call_pack(scope->call, &record.base)};
    if (item.value.data == NULL) {
        return document_no_memory(scope->call);
    }
    return catalog_add(scope, document_key_catalog_small(scope, sha256), sha256, &item);
}

enum dk_error document_content_save(
    const struct document_scope *scope, const char *sha256, struct dk_bytes content) {
    struct document_hash hash;
    bool is_there = false;

    _Static_assert(
        (int)DOCUMENT_CONTENT_CALL_BYTES_MAX <= (int)DOCUMENT_CHUNK_BYTES,
        "what comes in one call is one chunk, and its hash the content's");
    if (content.size <= DOCUMENT_CONTENT_INLINE_BYTES_MAX) {
        return save_inline(scope, content, sha256);
    }
    enum dk_error error = document_content_begin(scope, sha256, &is_there);
    if (error != DK_OK || is_there) {
        return error;
    }
    if (!document_hash_parse(sha256, &hash)) {
        return no_hash(scope->call);
    }
    error = document_content_chunk(scope, sha256, 0, content);
    return error != DK_OK ? error : document_content_end(scope, sha256, content.size, &hash);
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error not_whole(
    const struct document_scope *scope, const char *sha256, const char *what) {
    return dk_call_fail(
        scope->call, DK_INTERNAL, "content '%s': %s; Verify says more", sha256, what);
}

/* A range within a content has at most two chunks, for it is no longer than one. */
static enum dk_error read_chunks(
    const struct document_scope *scope,
    const char *sha256,
    const pb_content *record,
    uint64_t offset,
    size_t length,
    struct dk_bytes *ret_bytes) {
    const uint64_t first = offset / DOCUMENT_CHUNK_BYTES;
    const size_t count = (size_t)((offset + length - 1) / DOCUMENT_CHUNK_BYTES - first) + 1;
    struct document_key keys[2];
    struct dk_state_item items[2];
    char *bytes = dk_call_take(scope->call, length);
    size_t filled = 0;

    if (bytes == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = document_key_chunk(scope, sha256, first + i);
    }
    const enum dk_error error = document_state_get_many(scope, keys, count, items);
    if (error != DK_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t start = i == 0 ? (size_t)(offset % DOCUMENT_CHUNK_BYTES) : 0;
        if (items[i].value.data == NULL) {
            return not_whole(scope, sha256, "a chunk is missing");
        }
        if (items[i].value.size != document_chunk_size(record->size, first + i)) {
            return not_whole(scope, sha256, "a chunk has a wrong size");
        }
        const size_t there = items[i].value.size - start, wanted = length - filled;
        const size_t size = there < wanted ? there : wanted;
        memcpy(bytes + filled, items[i].value.data + start, size);
        filled += size;
    }
    *ret_bytes = (struct dk_bytes){.data = bytes, .size = filled};
    return DK_OK;
}

enum dk_error document_content_read(
    const struct document_scope *scope,
    const char *sha256,
    uint64_t offset,
    size_t length,
    struct dk_bytes *ret_bytes) {
    pb_content *record = NULL;
    const enum dk_error error = document_content_record(scope, sha256, &record);

    if (error != DK_OK) {
        return error;
    }
    if (record == NULL) {
        return not_whole(scope, sha256, "it is missing");
    }
    if (offset >= record->size || length == 0) {
        *ret_bytes = (struct dk_bytes)DK_BYTES("");
        return DK_OK;
    }
    const uint64_t left = record->size - offset;
    const size_t size = left < length ? (size_t)left : length;
    if (record->n_chunk_sha256 > 0) {
        return read_chunks(scope, sha256, record, offset, size, ret_bytes);
    }
    if (record->data.len != record->size) {
        return not_whole(scope, sha256, "its record has another size than it says");
    }
    *ret_bytes = (struct dk_bytes){.data = (const char *)record->data.data + offset, .size = size};
    return DK_OK;
}

enum dk_error document_content_fill(
    const struct document_scope *scope, bool is_text, pb_document *document) {
    struct dk_bytes bytes = {0};
    const enum dk_error error =
        document_content_read(scope, document->content_sha256, 0, (size_t)document->size, &bytes);

    if (error != DK_OK) {
        return error;
    }
    if (is_text) {
        document->text = dk_call_format(scope->call, "%.*s", (int)bytes.size, bytes.data);
        document->content_case = DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT_TEXT;
        return document->text == NULL ? document_no_memory(scope->call) : DK_OK;
    }
    document->data = pb_bytes(bytes);
    document->content_case = DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT_DATA;
    return DK_OK;
}
