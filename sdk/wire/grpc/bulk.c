/*
 * One bulk request as many single calls, on the loop's thread.
 *
 *     bulk ──▶ child 0 … child n−1 ──▶ backend
 *       ▲            │ ok, item, fail, in any order
 *       └────────────┘ the last one joins: items in order, or one status
 *
 * Children share the call of their parent: its arena, its deadline, its owner.
 */
#include "wire/grpc/bulk.h"

#include "core/call.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct bulk;

struct child {
    struct dk_reply reply;
    struct bulk *bulk;
    struct dk_bytes key;
    enum dk_error error;
    const char *text;    /* why it failed */
    struct dk_item item; /* what get found; copied, for the backend's memory goes */
};

struct bulk {
    struct dk_reply *parent;
    struct child *children;
    size_t count;
    size_t waiting; /* children without an answer, and one while the calls are being made */
    void (*join)(struct bulk *bulk);
};

static struct child *child_of(struct dk_reply *reply) {
    return (struct child *)(void *)((char *)reply - offsetof(struct child, reply));
}

static void bulk_leave(struct bulk *bulk) {
    assert(bulk->waiting > 0);
    bulk->waiting--;
    if (bulk->waiting == 0) {
        bulk->join(bulk);
    }
}

static void child_on_ok(struct dk_reply *reply) {
    bulk_leave(child_of(reply)->bulk);
}

static void child_on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct child *child = child_of(reply);
    const char *copy = dk__arena_copy_text(&reply->call->arena, dk_bytes_of(text));
    child->error = error;
    child->text = copy == NULL ? dk_error_name(error) : copy;
    bulk_leave(child->bulk);
}

static bool copy_bytes(struct dk__arena *arena, struct dk_bytes source, struct dk_bytes *ret) {
    if (source.data == NULL) {
        return true;
    }
    char *copy = dk__arena_take_bytes(arena, source.size);
    if (copy == NULL) {
        return false;
    }
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    *ret = (struct dk_bytes){.data = copy, .size = source.size};
    return true;
}

static void child_on_item(struct dk_reply *reply, const struct dk_item *item) {
    struct child *child = child_of(reply);
    struct dk__arena *arena = &reply->call->arena;
    if (reply->call->is_over) {
        return; /* nobody reads it any more */
    }
    child->item.expires_ms = item->expires_ms;
    if (!copy_bytes(arena, item->data, &child->item.data) ||
        !copy_bytes(arena, item->etag, &child->item.etag) ||
        !copy_bytes(arena, item->error, &child->item.error) ||
        !copy_bytes(arena, item->content_type, &child->item.content_type)) {
        child->error = DK_EXHAUSTED;
        child->text = "the items found do not fit into arena-bytes-max";
    }
}

static void bulk_join_items(struct bulk *bulk) {
    for (size_t i = 0; i < bulk->count; i++) {
        struct child *child = &bulk->children[i];
        struct dk_item item = child->item;
        if (child->error != DK_OK) {
            item = (struct dk_item){.error = dk_bytes_of(child->text)};
        }
        item.key = child->key;
        dk_reply_item(bulk->parent, &item);
    }
    dk_reply_ok(bulk->parent);
}

/* Which failure speaks for all: the higher rank, then the earlier item. */
enum { RANK_NONE, RANK_FUTILE, RANK_ETAG, RANK_RETRIABLE };

static int rank_of(enum dk_error error) {
    switch (error) {
    case DK_OK:
        return RANK_NONE;
    case DK_INVALID:
    case DK_NOT_FOUND:
    case DK_UNSUPPORTED:
    case DK_DENIED:
    case DK_TOO_LARGE:
        return RANK_FUTILE;
    case DK_ETAG_INVALID:
    case DK_ETAG_MISMATCH:
        return RANK_ETAG;
    case DK_NOT_READY:
    case DK_EXHAUSTED:
    case DK_UNAVAILABLE:
    case DK_TIMEOUT:
    case DK_CANCELLED:
    case DK_INTERNAL:
        return RANK_RETRIABLE;
    }
    return RANK_RETRIABLE;
}

static void bulk_join_status(struct bulk *bulk) {
    struct dk_fault fault = {0};
    int rank = RANK_NONE;
    for (size_t i = 0; i < bulk->count; i++) {
        if (rank_of(bulk->children[i].error) > rank) {
            rank = rank_of(bulk->children[i].error);
            fault.error = bulk->children[i].error;
        }
    }
    if (rank == RANK_NONE) {
        dk_reply_ok(bulk->parent);
        return;
    }
    const enum dk_error decided = fault.error;
    fault.error = DK_OK; /* the first words stand without a "; " before them */
    for (size_t i = 0; i < bulk->count; i++) {
        const struct child *child = &bulk->children[i];
        if (child->error != DK_OK && strlen(fault.text) + 1 < sizeof fault.text) {
            (void)dk_fault_set(
                &fault, decided, "'%.*s': %s", (int)child->key.size, child->key.data, child->text);
        }
    }
    dk_reply_fault(bulk->parent, &fault);
}

static const struct dk__reply_ops get_ops = {
    .ok = child_on_ok, .fail = child_on_fail, .item = child_on_item};
static const struct dk__reply_ops write_ops = {.ok = child_on_ok, .fail = child_on_fail};

/* NULL: the reply was given away. */
static struct bulk *bulk_new(
    struct dk_reply *parent,
    size_t count,
    const struct dk__reply_ops *ops,
    void (*join)(struct bulk *bulk)) {
    struct bulk *bulk = dk_reply_take(parent, sizeof *bulk);
    struct child *children = count > SIZE_MAX / sizeof *children
                                 ? NULL
                                 : dk_reply_take(parent, count * sizeof *children);
    if (bulk == NULL || children == NULL) {
        dk_reply_fail(parent, DK_EXHAUSTED, "%zu items do not fit into arena-bytes-max", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        children[i].reply = (struct dk_reply){.ops = ops, .call = parent->call};
        children[i].bulk = bulk;
    }
    *bulk = (struct bulk){
        .parent = parent, .children = children, .count = count, .waiting = count + 1, .join = join};
    return bulk;
}

void dk__bulk_get(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_get *request,
    struct dk_reply *reply) {
    struct bulk *bulk = bulk_new(reply, request->count, &get_ops, bulk_join_items);
    if (bulk == NULL) {
        return;
    }
    for (size_t i = 0; i < bulk->count; i++) {
        bulk->children[i].key = request->items[i].key;
        backend->get(store, &request->items[i], &bulk->children[i].reply);
    }
    bulk_leave(bulk);
}

void dk__bulk_set(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_set *request,
    struct dk_reply *reply) {
    struct bulk *bulk = bulk_new(reply, request->count, &write_ops, bulk_join_status);
    if (bulk == NULL) {
        return;
    }
    for (size_t i = 0; i < bulk->count; i++) {
        bulk->children[i].key = request->items[i].key;
        backend->set(store, &request->items[i], &bulk->children[i].reply);
    }
    bulk_leave(bulk);
}

void dk__bulk_delete(
    const struct dk_state_backend *backend,
    struct dk_instance *store,
    const struct dk_bulk_delete *request,
    struct dk_reply *reply) {
    struct bulk *bulk = bulk_new(reply, request->count, &write_ops, bulk_join_status);
    if (bulk == NULL) {
        return;
    }
    for (size_t i = 0; i < bulk->count; i++) {
        bulk->children[i].key = request->items[i].key;
        backend->remove(store, &request->items[i], &bulk->children[i].reply);
    }
    bulk_leave(bulk);
}
