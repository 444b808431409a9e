/*
 * State, as a handler asks for it. On the handler's worker, as everything of this room.
 */
#include "wire/daprd/ask.h"
#include "wire/pbc/daprd_state.h"

#define DAPR "/dapr.proto.runtime.v1.Dapr/"

static const struct dk__question get = {.path = DAPR "GetState", .is_harmless = true};
static const struct dk__question get_many = {.path = DAPR "GetBulkState", .is_harmless = true};
static const struct dk__question save = {.path = DAPR "SaveState"};
static const struct dk__question delete = {.path = DAPR "DeleteState"};
static const struct dk__question delete_many = {.path = DAPR "DeleteBulkState"};
static const struct dk__question transact = {.path = DAPR "ExecuteStateTransaction"};

enum dk_error dk_daprd_get(
    struct dk_call *call, const char *store, struct dk_bytes key, struct dk_state_item *ret_item) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &get);
    enum dk_error error =
        dk__asking_send(&asking, dk__encode_daprd_get(&asking.writing, store, key), &answer);
    if (error == DK_OK) {
        error = dk__decode_daprd_get(answer, asking.writing.arena, key, ret_item, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_get_many(
    struct dk_call *call,
    const char *store,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items) {
    struct dk__asking asking;
    struct dk_bytes answer;
    if (count == 0) {
        return DK_OK;
    }
    dk__asking_begin(&asking, call, &get_many);
    enum dk_error error = dk__asking_send(
        &asking, dk__encode_daprd_get_many(&asking.writing, store, keys, count), &answer);
    if (error == DK_OK) {
        error = dk__decode_daprd_get_many(
            answer, asking.writing.arena, keys, count, ret_items, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_save(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count) {
    struct dk__asking asking;
    if (count == 0) {
        return DK_OK;
    }
    dk__asking_begin(&asking, call, &save);
    return dk__asking_tell(&asking, dk__encode_daprd_save(&asking.writing, store, items, count));
}

/* One by the method for one: a stale etag is then told as one, whatever the store does in bulk. */
enum dk_error dk_daprd_delete(
    struct dk_call *call, const char *store, const struct dk_state_item *items, size_t count) {
    struct dk__asking asking;
    if (count == 0) {
        return DK_OK;
    }
    dk__asking_begin(&asking, call, count == 1 ? &delete : &delete_many);
    return dk__asking_tell(
        &asking,
        count == 1 ? dk__encode_daprd_delete(&asking.writing, store, items)
                   : dk__encode_daprd_delete_many(&asking.writing, store, items, count));
}

enum dk_error dk_daprd_transact(
    struct dk_call *call, const char *store, const struct dk_state_step *steps, size_t count) {
    struct dk__asking asking;
    if (count == 0) {
        return DK_OK;
    }
    dk__asking_begin(&asking, call, &transact);
    return dk__asking_tell(
        &asking, dk__encode_daprd_transact(&asking.writing, store, steps, count));
}
