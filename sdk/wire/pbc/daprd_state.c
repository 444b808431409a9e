/*
 * State, from and to protobuf-c's structs.
 */
#include "wire/pbc/daprd_state.h"

#include "wire/pbc/daprd_state_item.h"

#include <dapr/proto/runtime/v1/state.pb-c.h>
#include <stdlib.h>

static const struct dk_bytes absent = {0};

/* ── one key ────────────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_get(
    const struct dk__pbc_writing *writing, const char *store, struct dk_bytes key) {
    Dapr__Proto__Runtime__V1__GetStateRequest request =
        DAPR__PROTO__RUNTIME__V1__GET_STATE_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.key = request.store_name == NULL ? NULL : dk__pbc_name(writing, "key", key);
    const struct dk_pairs metadata = dk__pbc_traced(writing, (struct dk_pairs){0});
    request.n_metadata = metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__get_state_request__metadata_entry__descriptor,
        "metadata",
        metadata);
    return request.key == NULL || request.metadata == NULL ? absent
                                                           : dk__pbc_write(writing, &request.base);
}

/* Value and etag have no presence on this wire. */
static void value_set(struct dk_state_item *item, ProtobufCBinaryData data, const char *etag) {
    const struct dk_bytes value = dk__pbc_bytes(data);
    item->etag = etag[0] == '\0' ? absent : dk_bytes_of(etag);
    item->value = value.size == 0 && item->etag.data == NULL ? absent : value;
}

enum dk_error dk__decode_daprd_get(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes key,
    struct dk_state_item *ret_item,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetStateResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_state_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    struct dk_state_item item = {.key = key};
    value_set(&item, response->data, response->etag);
    if (!dk__pbc_pairs(arena, response->metadata, response->n_metadata, &item.metadata)) {
        return dk__pbc_answer_full(fault);
    }
    *ret_item = item;
    return DK_OK;
}

/* ── many keys ──────────────────────────────────────────────────────────────────────────────── */

struct dk_bytes dk__encode_daprd_get_many(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_bytes *keys,
    size_t count) {
    Dapr__Proto__Runtime__V1__GetBulkStateRequest request =
        DAPR__PROTO__RUNTIME__V1__GET_BULK_STATE_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.keys = request.store_name == NULL ? NULL : dk__pbc_names(writing, "key", keys, count);
    request.n_keys = count;
    const struct dk_pairs metadata = dk__pbc_traced(writing, (struct dk_pairs){0});
    request.n_metadata = metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__get_bulk_state_request__metadata_entry__descriptor,
        "metadata",
        metadata);
    return request.keys == NULL || request.metadata == NULL ? absent
                                                            : dk__pbc_write(writing, &request.base);
}

static int by_key(const void *left, const void *right) {
    const Dapr__Proto__Runtime__V1__BulkStateItem *const *left_item = left;
    const Dapr__Proto__Runtime__V1__BulkStateItem *const *right_item = right;
    return strcmp((*left_item)->key, (*right_item)->key);
}

static int is_key(const void *key, const void *item) {
    const struct dk_bytes *wanted = key;
    const Dapr__Proto__Runtime__V1__BulkStateItem *const *found = item;
    const size_t size = strlen((*found)->key);
    const int order =
        memcmp(wanted->data, (*found)->key, size < wanted->size ? size : wanted->size);
    return order != 0 ? order : (wanted->size > size) - (wanted->size < size);
}

enum dk_error dk__decode_daprd_get_many(
    struct dk_bytes message,
    struct dk__arena *arena,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items,
    struct dk_fault *fault) {
    const Dapr__Proto__Runtime__V1__GetBulkStateResponse *response = dk__pbc_answer(
        &dapr__proto__runtime__v1__get_bulk_state_response__descriptor, message, arena, fault);
    if (response == NULL) {
        return fault->error;
    }
    struct dk_state_item *items = dk__arena_take(arena, count * sizeof *items);
    if (items == NULL) {
        return dk__pbc_answer_full(fault);
    }
    if (response->n_items > 0) {
        qsort(response->items, response->n_items, sizeof(*response->items), by_key);
    }
    for (size_t i = 0; i < count; i++) {
        Dapr__Proto__Runtime__V1__BulkStateItem **found = response->n_items == 0
                                                              ? NULL
                                                              : bsearch(
                                                                    &keys[i],
                                                                    response->items,
                                                                    response->n_items,
                                                                    sizeof(*response->items),
                                                                    is_key);
        items[i].key = keys[i];
        if (found == NULL) {
            continue;
        }
        if ((*found)->error[0] != '\0') {
            return dk_fault_set(
                fault,
                DK_INTERNAL,
                "key '%s' could not be read: %s",
                (*found)->key,
                (*found)->error);
        }
        value_set(&items[i], (*found)->data, (*found)->etag);
        if (!dk__pbc_pairs(arena, (*found)->metadata, (*found)->n_metadata, &items[i].metadata)) {
            return dk__pbc_answer_full(fault);
        }
    }
    if (count > 0) {
        memcpy(ret_items, items, count * sizeof *items);
    }
    return DK_OK;
}

/* ── items to write and to remove ───────────────────────────────────────────────────────────── */

/* NULL: noted. */
static Dapr__Proto__Common__V1__StateItem **items_write(
    const struct dk__pbc_writing *writing,
    const struct dk_state_item *items,
    size_t count,
    bool has_value) {
    Dapr__Proto__Common__V1__StateItem **list = dk__pbc_take(writing, count * sizeof(*list));
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = dk__daprd_item_write(writing, &items[i], has_value);
        if (list[i] == NULL) {
            return NULL;
        }
    }
    return list;
}

struct dk_bytes dk__encode_daprd_save(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_item *items,
    size_t count) {
    Dapr__Proto__Runtime__V1__SaveStateRequest request =
        DAPR__PROTO__RUNTIME__V1__SAVE_STATE_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.n_states = count;
    request.states = request.store_name == NULL ? NULL : items_write(writing, items, count, true);
    return request.states == NULL ? absent : dk__pbc_write(writing, &request.base);
}

struct dk_bytes dk__encode_daprd_delete(
    const struct dk__pbc_writing *writing, const char *store, const struct dk_state_item *item) {
    Dapr__Proto__Runtime__V1__DeleteStateRequest request =
        DAPR__PROTO__RUNTIME__V1__DELETE_STATE_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.key = request.store_name == NULL ? NULL : dk__pbc_name(writing, "key", item->key);
    if (request.key == NULL || !dk__daprd_etag_write(writing, item->etag, &request.etag) ||
        !dk__daprd_options_write(writing, item, &request.options)) {
        return absent;
    }
    const struct dk_pairs metadata = dk__pbc_traced(writing, item->metadata);
    request.n_metadata = metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__delete_state_request__metadata_entry__descriptor,
        "metadata",
        metadata);
    return request.metadata == NULL ? absent : dk__pbc_write(writing, &request.base);
}

struct dk_bytes dk__encode_daprd_delete_many(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_item *items,
    size_t count) {
    Dapr__Proto__Runtime__V1__DeleteBulkStateRequest request =
        DAPR__PROTO__RUNTIME__V1__DELETE_BULK_STATE_REQUEST__INIT;
    request.store_name = dk__pbc_name(writing, "store", dk_bytes_of(store));
    request.n_states = count;
    request.states = request.store_name == NULL ? NULL : items_write(writing, items, count, false);
    return request.states == NULL ? absent : dk__pbc_write(writing, &request.base);
}
