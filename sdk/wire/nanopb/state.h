#ifndef DK_WIRE_NANOPB_STATE_H
#define DK_WIRE_NANOPB_STATE_H

#include "core/arena.h"
#include "core/chain.h"

#include <dk/state.h>

/*
 * The messages of the state services, between wire bytes and the contract's structs.
 * Source: proto/dapr/proto/components/v1/state.proto.
 *
 * Decode: views point into `message`, lists lie in the arena. Unknown fields are skipped, a field
 *         that comes twice is taken last, embedded messages merge, as proto3 says.
 * Errors: DK_INVALID with words in `fault` for truncated or malformed bytes, for a string that is
 *         no UTF-8 (names the field), and for an empty key where a key is needed;
 *         DK_EXHAUSTED when the arena is full. The same bytes always give the same answer.
 * Encode: appends to the chain; false when the chain's bound is reached, which leaves it to the
 *         caller to truncate.
 * Thread: any that owns arena and chain.
 */

enum dk_error dk__decode_init(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_properties,
    struct dk_fault *fault);
enum dk_error dk__decode_get(
    struct dk_bytes message, struct dk__arena *arena, struct dk_get *ret, struct dk_fault *fault);
enum dk_error dk__decode_set(
    struct dk_bytes message, struct dk__arena *arena, struct dk_set *ret, struct dk_fault *fault);
enum dk_error dk__decode_delete(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_delete *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_bulk_get(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bulk_get *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_bulk_set(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bulk_set *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_bulk_delete(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bulk_delete *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_transact(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_transact *ret,
    struct dk_fault *fault);
enum dk_error dk__decode_query(
    struct dk_bytes message, struct dk__arena *arena, struct dk_query *ret, struct dk_fault *fault);

/* FeaturesResponse of `count` words. */
bool dk__encode_features(struct dk__chain *out, const char *const *words, size_t count);
/* MultiMaxSizeResponse. */
bool dk__encode_max_size(struct dk__chain *out, int64_t max_size);
/* GetResponse: the item's fields at top level; a missing key is an empty message. */
bool dk__encode_get(struct dk__chain *out, const struct dk_item *item);
/* One `items` entry of BulkGetResponse. */
bool dk__encode_bulk_item(struct dk__chain *out, const struct dk_item *item);
/* One `items` entry of QueryResponse, and its token. */
bool dk__encode_query_item(struct dk__chain *out, const struct dk_item *item);
bool dk__encode_query_token(struct dk__chain *out, struct dk_bytes token);

#endif /* DK_WIRE_NANOPB_STATE_H */
