/* Contents, as an audit looks at them: whole, of their size, and of the hash they are named by. */
#include "document/audit.h"
#include "document/content.h"
#include "document/state.h"

#include <inttypes.h>
#include <string.h>

struct looked {
    struct document_audit *audit;
    const char *id, *sha256;
    uint64_t version;
    struct document_hash name;
    const pb_content *record;
};

static void note(
    const struct looked *looked, int kind, const struct document_key *key, const char *words) {
    document_audit_note(
        looked->audit,
        (struct document_finding){
            .kind = kind, .id = looked->id, .version = looked->version, .key = key},
        "content %s: %s",
        looked->sha256,
        words);
}

static bool is_hash(const ProtobufCBinaryData *given, const struct document_hash *hash) {
    return given->len == sizeof hash->bytes &&
           memcmp(given->data, hash->bytes, sizeof hash->bytes) == 0;
}

/* *ret_is_good: the chunk was added to the whole. */
static enum dk_error chunk_check(
    const struct looked *looked, uint64_t chunk, struct document_hasher *whole, bool *ret_is_good) {
    const struct document_scope *scope = &looked->audit->scope;
    const struct document_key key = document_key_chunk(scope, looked->sha256, chunk);
    struct dk_state_item item = {0};
    struct document_hash hash;
    const enum dk_error error = document_state_get_many(scope, &key, 1, &item);

    *ret_is_good = false;
    if (error != DK_OK) {
        return error;
    }
    if (item.value.data == NULL) {
        note(looked, PB_PROBLEM(CHUNK_MISSING), &key, "a chunk is missing");
    } else if (item.value.size != document_chunk_size(looked->record->size, chunk)) {
        note(looked, PB_PROBLEM(SIZE_WRONG), &key, "a chunk has a wrong size");
    } else if (!document_hash_of(item.value, &hash) || !document_hasher_add(whole, item.value)) {
        return document_no_memory(scope->call);
    } else if (!is_hash(&looked->record->chunk_sha256[chunk], &hash)) {
        note(looked, PB_PROBLEM(HASH_WRONG), &key, "a chunk is not what its record says");
    } else {
        looked->audit->bytes += item.value.size;
        *ret_is_good = true;
    }
    return DK_OK;
}

static enum dk_error chunks_hash(
    const struct looked *looked, struct document_hasher *whole, bool *ret_is_good) {
    struct dk_call *call = looked->audit->scope.call;
    enum dk_error error = DK_OK;

    *ret_is_good = true;
    for (uint64_t chunk = 0; chunk < looked->record->n_chunk_sha256 && error == DK_OK; chunk++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        bool is_good = false;
        error = chunk_check(looked, chunk, whole, &is_good);
        *ret_is_good = *ret_is_good && is_good;
        dk_call_memory_end(call, memory);
    }
    return error;
}

static enum dk_error chunks_check(const struct looked *looked, const struct document_key *key) {
    struct document_hasher *whole = document_hasher_new();
    struct document_hash hash;
    bool is_good = false;

    if (whole == NULL) {
        return document_no_memory(looked->audit->scope.call);
    }
    const enum dk_error error = chunks_hash(looked, whole, &is_good);
    const bool is_hashed = document_hasher_end(whole, &hash);
    if (error == DK_OK && is_good &&
        (!is_hashed || memcmp(hash.bytes, looked->name.bytes, sizeof hash.bytes) != 0)) {
        note(looked, PB_PROBLEM(HASH_WRONG), key, "its chunks together have another hash");
    }
    return error;
}

static enum dk_error record_check(
    const struct looked *looked, const struct document_key *key, uint64_t size) {
    const pb_content *record = looked->record;
    const struct dk_bytes bytes = {
        .data = (const char *)record->data.data, .size = record->data.len};
    const bool is_inline = record->n_chunk_sha256 == 0;
    struct document_hash hash;

    if (record->size != size || (is_inline && bytes.size != size) ||
        (!is_inline && record->n_chunk_sha256 != document_chunk_count(size))) {
        note(looked, PB_PROBLEM(SIZE_WRONG), key, "its record has another size than the version");
        return DK_OK;
    }
    if (looked->audit->is_shallow) {
        return DK_OK;
    }
    if (!is_inline) {
        return chunks_check(looked, key);
    }
    if (!document_hash_of(bytes, &hash)) {
        return document_no_memory(looked->audit->scope.call);
    }
    looked->audit->bytes += bytes.size;
    if (memcmp(hash.bytes, looked->name.bytes, sizeof hash.bytes) != 0) {
        note(looked, PB_PROBLEM(HASH_WRONG), key, "its bytes have another hash");
    }
    return DK_OK;
}

static enum dk_error content_check(struct looked *looked, uint64_t size) {
    const struct document_scope *scope = &looked->audit->scope;
    const struct document_key key = document_key_content(scope, looked->sha256);
    struct ProtobufCMessage *message = NULL;
    struct dk_state_item item = {0};
    const enum dk_error error = document_state_get_many(scope, &key, 1, &item);

    if (error != DK_OK) {
        return error;
    }
    if (item.value.data == NULL) {
        note(looked, PB_PROBLEM(CONTENT_MISSING), &key, "there is no record of it");
        return DK_OK;
    }
    looked->audit->contents++;
    if (document_state_read(
            scope, &item, &dapr_kit__document__v1__content_record__descriptor, &message) != DK_OK) {
        note(looked, PB_PROBLEM(CONTENT_MISSING), &key, "its record cannot be read");
        return DK_OK;
    }
    looked->record = (const pb_content *)message;
    return record_check(looked, &key, size);
}

enum dk_error document_audit_content(
    struct document_audit *audit, const char *id, const pb_document *document) {
    struct looked looked = {
        .audit = audit, .id = id, .sha256 = document->content_sha256, .version = document->version};

    if (!document_hash_parse(document->content_sha256, &looked.name)) {
        note(&looked, PB_PROBLEM(CONTENT_MISSING), NULL, "it is no hash");
        return DK_OK;
    }
    /* In a full set one is looked at again: right, only slower. */
    if (document_hash_set_add(&audit->seen, &looked.name) == DOCUMENT_HASH_KNOWN) {
        return DK_OK;
    }
    const struct dk_call_memory memory = dk_call_memory_begin(audit->scope.call);
    const enum dk_error error = content_check(&looked, document->size);
    dk_call_memory_end(audit->scope.call, memory);
    return error;
}
