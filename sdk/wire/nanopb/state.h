#ifndef DK_WIRE_NANOPB_STATE_H
#define DK_WIRE_NANOPB_STATE_H

#include "wire/nanopb/common.h"

#include <dk/state.h>

/*
 * The messages of the state services, between wire bytes and the contract's structs. See common.h
 * for the promises. Source: proto/dapr/proto/components/v1/state.proto.
 */

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
