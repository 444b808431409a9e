#ifndef DOCUMENT_CONTENT_H
#define DOCUMENT_CONTENT_H

#include "document/hash.h"
#include "document/scope.h"

/*
 * Contents: named by their SHA-256, written once, never changed and never removed.
 *
 *     ≤ 64 KiB     content/<sha256>                      record with the bytes
 *     more         content/<sha256>/0, /1, …  then  content/<sha256>    record with the chunks' hashes
 *
 * A record means that all of the content is there.
 *
 * Errors: those of dk/daprd.h; DK_INTERNAL when a content that is referred to is not there whole.
 */
enum {
    DOCUMENT_CONTENT_INLINE_BYTES_MAX = 64 * 1024,
    DOCUMENT_CHUNK_BYTES = 1 << 20, /* every chunk but the last */
    DOCUMENT_CONTENT_BYTES_MAX = 64 << 20,
    DOCUMENT_CHUNKS_MAX = DOCUMENT_CONTENT_BYTES_MAX / DOCUMENT_CHUNK_BYTES,
    DOCUMENT_CATALOG_CONTENTS_MAX = 100000, /* in one of 256 catalogs */
};

/* Chunks or parts of a content of so many bytes; 0 for an empty one. */
uint64_t document_chunk_count(uint64_t size);
/* Bytes of one of them, counted from 0. */
size_t document_chunk_size(uint64_t size, uint64_t chunk);

/* Writes a content of at most DOCUMENT_CONTENT_CALL_BYTES_MAX, whose hash it is, unless it is there. */
enum dk_error document_content_save(
    const struct document_scope *scope, const char *sha256, struct dk_bytes content);

/* A content that comes chunk by chunk: begin, every chunk, end. With *ret_is_there there is nothing
 * to write. Errors: DK_EXHAUSTED when the catalog is full. */
enum dk_error document_content_begin(
    const struct document_scope *scope, const char *sha256, bool *ret_is_there);
enum dk_error document_content_chunk(
    const struct document_scope *scope, const char *sha256, uint64_t chunk, struct dk_bytes bytes);
enum dk_error document_content_end(
    const struct document_scope *scope,
    const char *sha256,
    uint64_t size,
    const struct document_hash *chunks);

/* The record of a content; NULL: there is none. */
enum dk_error document_content_record(
    const struct document_scope *scope, const char *sha256, pb_content **ret_record);

/* Bytes offset … offset + length, or as many as there are; length ≤ DOCUMENT_CHUNK_BYTES. */
enum dk_error document_content_read(
    const struct document_scope *scope,
    const char *sha256,
    uint64_t offset,
    size_t length,
    struct dk_bytes *ret_bytes);

/* Puts its content, of at most DOCUMENT_CONTENT_CALL_BYTES_MAX, into a document. */
enum dk_error document_content_fill(
    const struct document_scope *scope, bool is_text, pb_document *document);

#endif /* DOCUMENT_CONTENT_H */
