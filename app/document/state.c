/* Between the records of the service and the state store behind daprd. */
#include "document/state.h"

#include <inttypes.h>

enum dk_error document_state_read(
    const struct document_scope *scope,
    const struct dk_state_item *item,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_record) {
    if (item->value.data == NULL) {
        *ret_record = NULL;
        return DK_OK;
    }
    if (dk_call_unpack(scope->call, descriptor, item->value, ret_record) != DK_OK) {
        /* Bytes of the store's are nobody's request: not the caller's fault. */
        return dk_call_fail(
            scope->call,
            DK_INTERNAL,
            "%s: key '%.*s' holds no record of the document service",
            scope->config->store,
            (int)item->key.size,
            item->key.data);
    }
    return DK_OK;
}

enum dk_error document_state_get(
    const struct document_scope *scope,
    const struct document_key *key,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_record,
    struct dk_bytes *ret_etag) {
    struct dk_state_item item = {0};
    enum dk_error error =
        dk_daprd_get(scope->call, scope->config->store, document_key_bytes(key), &item);

    if (error != DK_OK) {
        return error;
    }
    item.key = document_key_bytes(key);
    error = document_state_read(scope, &item, descriptor, ret_record);
    if (error == DK_OK && ret_etag != NULL) {
        *ret_etag = item.etag;
    }
    return error;
}

enum dk_error document_state_get_many(
    const struct document_scope *scope,
    const struct document_key *keys,
    size_t count,
    struct dk_state_item *ret_items) {
    for (size_t start = 0; start < count; start += DOCUMENT_STATE_GROUP) {
        struct dk_bytes group[DOCUMENT_STATE_GROUP];
        const size_t left = count - start;
        const size_t size = left < DOCUMENT_STATE_GROUP ? left : DOCUMENT_STATE_GROUP;
        for (size_t i = 0; i < size; i++) {
            group[i] = document_key_bytes(&keys[start + i]);
        }
        const enum dk_error error =
            dk_daprd_get_many(scope->call, scope->config->store, group, size, &ret_items[start]);
        if (error != DK_OK) {
            return error;
        }
        for (size_t i = 0; i < size; i++) {
            ret_items[start + i].key = group[i];
        }
    }
    return DK_OK;
}

enum dk_error document_state_put(
    const struct document_scope *scope, const struct document_put *put) {
    struct dk_pair ttl = {.key = DK_BYTES(DK_TTL_IN_SECONDS)};
    struct dk_state_item item = {
        .key = document_key_bytes(put->key),
        .value = put->value,
        .etag = put->etag,
        .concurrency =
            put->is_first || put->etag.size > 0 ? DK_FIRST_WRITE : DK_CONCURRENCY_UNSPECIFIED,
    };

    if (put->ttl_s > 0) {
        const char *text = dk_call_format(scope->call, "%" PRId64, put->ttl_s);
        if (text == NULL) {
            return document_no_memory(scope->call);
        }
        ttl.value = dk_bytes_of(text);
        item.metadata = (struct dk_pairs){.items = &ttl, .count = 1};
    }
    return dk_daprd_save(scope->call, scope->config->store, &item, 1);
}

enum dk_error document_state_drop(
    const struct document_scope *scope, const struct document_key *keys, size_t count) {
    for (size_t start = 0; start < count; start += DOCUMENT_STATE_GROUP) {
        struct dk_state_item group[DOCUMENT_STATE_GROUP] = {0};
        const size_t left = count - start;
        const size_t size = left < DOCUMENT_STATE_GROUP ? left : DOCUMENT_STATE_GROUP;
        for (size_t i = 0; i < size; i++) {
            group[i].key = document_key_bytes(&keys[start + i]);
        }
        const enum dk_error error = dk_daprd_delete(scope->call, scope->config->store, group, size);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}
