#ifndef DK_WIRE_GRPC_BULK_H
#define DK_WIRE_GRPC_BULK_H

#include <dk/state.h>

/*
 * Bulk requests for backends that have no function for them: one call of get, set or delete for
 * each item, all at once, and one answer when the last has come. daprd has no such loop for
 * pluggable stores: a missing bulk function would fail its API call.
 *
 * bulk_get: an item that failed is an item with an error; items leave in the request's order.
 * bulk_set, bulk_delete: what can be applied is applied. The wire has one status for all, and
 *         daprd retries everything but an etag error, so an etag error decides only when no
 *         failure is worth a retry. The words name each failed key.
 *
 * Thread: the loop's. Owner: what is needed lies in the arena of the reply's call.
 * Errors: DK_EXHAUSTED when that arena is full before the first call is made.
 */
void dk__bulk_get(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_get *request,
    struct dk_reply *reply);
void dk__bulk_set(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_set *request,
    struct dk_reply *reply);
void dk__bulk_delete(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_delete *request,
    struct dk_reply *reply);

#endif /* DK_WIRE_GRPC_BULK_H */
