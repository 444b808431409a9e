#ifndef DOCUMENT_STATE_H
#define DOCUMENT_STATE_H

#include "document/key.h"

/*
 * Records of the state store as messages.
 *
 * Thread: the worker of the call. Owner: what is read lies in the call's memory.
 * Errors: those of dk/daprd.h; DK_INTERNAL for bytes that are no such record.
 */

/* Keys of one question: their answer is far below daprd's 4 MiB for every record but chunks. */
enum { DOCUMENT_STATE_GROUP = 32 };

/* ret_record: NULL when there is no such key. ret_etag may be NULL. */
enum dk_error document_state_get(
    const struct document_scope *scope,
    const struct document_key *key,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_record,
    struct dk_bytes *ret_etag);

/* Raw items in the order of the keys, DOCUMENT_STATE_GROUP at a time. */
enum dk_error document_state_get_many(
    const struct document_scope *scope,
    const struct document_key *keys,
    size_t count,
    struct dk_state_item *ret_items);

/* What an item of document_state_get_many holds; NULL: there is no such key. */
enum dk_error document_state_read(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_record);

/* Writes a record. `etag` absent: whatever is there, or with is_first nothing must be. `ttl_s` 0:
 * for ever. Errors: DK_ETAG_MISMATCH. */
struct document_put {
    const struct document_key *key;
    struct dk_bytes value;
    struct dk_bytes etag;
    bool is_first;
    int64_t ttl_s;
};
enum dk_error document_state_put(
    const struct document_scope *scope, const struct document_put *put);

/* Deletes keys that may be there or not. */
enum dk_error document_state_drop(
    const struct document_scope *scope, const struct document_key *keys, size_t count);

#endif /* DOCUMENT_STATE_H */
