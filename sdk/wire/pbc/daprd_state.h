#ifndef DK_WIRE_PBC_DAPRD_STATE_H
#define DK_WIRE_PBC_DAPRD_STATE_H

#include "wire/pbc/parts.h"

#include <dk/daprd.h>

/*
 * The state messages of daprd's API, as an application writes and reads them.
 * Source: dapr/proto/runtime/v1/state.proto, dapr/proto/common/v1/common.proto.
 *
 * Thread:  whoever owns the arena.
 * Owner:   what is written and read lies in the arena; values that are written stay the caller's
 *          until they are in the bytes.
 * Errors:  written: absent, and noted, for a missing store or key, a text that is no UTF-8 or has a
 *          NUL byte (DK_INVALID), a full arena (DK_EXHAUSTED). Read: as dk__pbc_unpack.
 */
struct dk_bytes dk__encode_daprd_get(
    const struct dk__pbc_writing *writing, const char *store, struct dk_bytes key);
/* An empty value without etag is no value. */
enum dk_error dk__decode_daprd_get(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes key,
    struct dk_state_item *ret_item,
    struct dk_fault *fault);

struct dk_bytes dk__encode_daprd_get_many(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_bytes *keys,
    size_t count);
/* An item for each key, in the order of the keys, whatever the answer's order; one that the answer
 * leaves out has no value. One that bears an error makes it DK_INTERNAL with its words. */
enum dk_error dk__decode_daprd_get_many(
    struct dk_bytes message,
    struct dk__arena *arena,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items,
    struct dk_fault *fault);

struct dk_bytes dk__encode_daprd_save(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_item *items,
    size_t count);
/* DeleteState for one, DeleteBulkState for more. */
struct dk_bytes dk__encode_daprd_delete(
    const struct dk__pbc_writing *writing, const char *store, const struct dk_state_item *item);
struct dk_bytes dk__encode_daprd_delete_many(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_item *items,
    size_t count);

/*
 * Steps in their order, but each projection (outbox.projection) directly before the first upsert of
 * its key; of several for one key all but the last are left out, as daprd would. That is the one
 * order in which Dapr 1.18 takes any number of them: docs/outbox.md. DK_INVALID for a projection
 * whose key is not upserted.
 */
struct dk_bytes dk__encode_daprd_transact(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_step *steps,
    size_t count);

#endif /* DK_WIRE_PBC_DAPRD_STATE_H */
