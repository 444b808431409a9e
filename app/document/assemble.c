/*
 * From parts to a content, one part in memory at a time. The parts are read twice: their content's
 * name, which is its key, is known when the last one has been read.
 */
#include "document/input.h"
#include "document/state.h"
#include "document/upload.h"

#include <inttypes.h>
#include <string.h>

/* A part as it waits: its bytes with the hash they came with. */
static enum dk_error part_read(
    const struct document_scope *scope,
    const pb_upload *upload,
    uint32_t number,
    struct dk_bytes *ret_bytes,
    struct document_hash *ret_hash) {
    const struct document_key key = document_key_part(scope, upload->upload_id, number);
    struct ProtobufCMessage *message = NULL;
    const enum dk_error error = document_state_get(
        scope, &key, &dapr_kit__document__v1__content_record__descriptor, &message, NULL);

    if (error != DK_OK) {
        return error;
    }
    const pb_content *part = (const pb_content *)message;
    if (part == NULL) {
        return dk_call_fail(
            scope->call,
            DK_INVALID,
            "upload '%s': part %" PRIu32 " of %" PRIu32 " is missing",
            upload->upload_id,
            number,
            upload->parts);
    }
    const struct dk_bytes bytes = {.data = (const char *)part->data.data, .size = part->data.len};
    const bool is_whole =
        bytes.size == document_chunk_size(upload->request->size, number - 1) &&
        part->n_chunk_sha256 == 1 && part->chunk_sha256[0].len == sizeof ret_hash->bytes &&
        document_hash_of(bytes, ret_hash) &&
        memcmp(part->chunk_sha256[0].data, ret_hash->bytes, sizeof ret_hash->bytes) == 0;
    if (!is_whole) {
        return dk_call_fail(
            scope->call,
            DK_INTERNAL,
            "upload '%s': part %" PRIu32 " is damaged; put it again",
            upload->upload_id,
            number);
    }
    *ret_bytes = bytes;
    return DK_OK;
}

/* Reads all parts for their hashes. */
static enum dk_error parts_hash(
    const struct document_scope *scope,
    const pb_upload *upload,
    struct document_hasher *whole,
    struct document_hash *ret_chunks) {
    enum dk_error error = DK_OK;

    for (uint32_t number = 1; number <= upload->parts && error == DK_OK; number++) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        struct dk_bytes bytes = {0};
        error = part_read(scope, upload, number, &bytes, &ret_chunks[number - 1]);
        if (error == DK_OK && !document_hasher_add(whole, bytes)) {
            error = document_no_memory(scope->call);
        }
        dk_call_memory_end(scope->call, memory);
    }
    return error;
}

static enum dk_error part_write(
    const struct document_scope *scope,
    const pb_upload *upload,
    uint32_t number,
    const char *sha256,
    const struct document_hash *chunk) {
    struct document_hash hash;
    struct dk_bytes bytes = {0};
    const enum dk_error error = part_read(scope, upload, number, &bytes, &hash);

    if (error != DK_OK) {
        return error;
    }
    if (memcmp(hash.bytes, chunk->bytes, sizeof hash.bytes) != 0) {
        return dk_call_fail(
            scope->call,
            DK_ETAG_MISMATCH,
            "upload '%s': part %" PRIu32 " was put again while the upload was completed",
            upload->upload_id,
            number);
    }
    return document_content_chunk(scope, sha256, number - 1, bytes);
}

static enum dk_error parts_write(
    const struct document_scope *scope,
    const pb_upload *upload,
    const char *sha256,
    const struct document_hash *chunks) {
    enum dk_error error = DK_OK;

    for (uint32_t number = 1; number <= upload->parts && error == DK_OK; number++) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        error = part_write(scope, upload, number, sha256, &chunks[number - 1]);
        dk_call_memory_end(scope->call, memory);
    }
    return error;
}

/* What fits a record lies in one, however it came: a content has one form. */
static enum dk_error small_write(
    const struct document_scope *scope, const pb_upload *upload, const char *sha256) {
    struct document_hash hash;
    struct dk_bytes bytes = DK_BYTES("");
    const enum dk_error error =
        upload->parts == 0 ? DK_OK : part_read(scope, upload, 1, &bytes, &hash);

    return error != DK_OK ? error : document_content_save(scope, sha256, bytes);
}

static enum dk_error whole_check(
    const struct document_scope *scope, const pb_upload *upload, const char *sha256) {
    struct document_hash wanted, hash;
    const char *announced = upload->request->content_sha256;

    if (announced[0] == '\0' ||
        (document_hash_parse(announced, &wanted) && document_hash_parse(sha256, &hash) &&
         memcmp(wanted.bytes, hash.bytes, sizeof hash.bytes) == 0)) {
        return DK_OK;
    }
    return dk_call_fail(
        scope->call,
        DK_INVALID,
        "upload '%s': the parts together have the hash %s, %s was announced",
        upload->upload_id,
        sha256,
        announced);
}

static enum dk_error assemble(
    const struct document_scope *scope,
    const pb_upload *upload,
    const struct document_hash *chunks,
    const char *sha256) {
    bool is_there = false;
    enum dk_error error = whole_check(scope, upload, sha256);

    if (error != DK_OK) {
        return error;
    }
    if (upload->request->size <= DOCUMENT_CONTENT_INLINE_BYTES_MAX) {
        return small_write(scope, upload, sha256);
    }
    error = document_content_begin(scope, sha256, &is_there);
    if (error != DK_OK || is_there) {
        return error;
    }
    error = parts_write(scope, upload, sha256, chunks);
    return error != DK_OK ? error
                          : document_content_end(scope, sha256, upload->request->size, chunks);
}

enum dk_error document_upload_assemble(
    const struct document_scope *scope,
    const pb_upload *upload,
    char ret_sha256[DOCUMENT_HASH_TEXT_BYTES]) {
    struct document_hash chunks[DOCUMENT_CHUNKS_MAX], hash;
    struct document_hasher *whole = document_hasher_new();

    if (whole == NULL) {
        return document_no_memory(scope->call);
    }
    const enum dk_error error = parts_hash(scope, upload, whole, chunks);
    const bool is_good = document_hasher_end(whole, &hash);
    if (error != DK_OK) {
        return error;
    }
    if (!is_good) {
        return document_no_memory(scope->call);
    }
    document_hex(hash.bytes, sizeof hash.bytes, ret_sha256);
    return assemble(scope, upload, chunks, ret_sha256);
}
