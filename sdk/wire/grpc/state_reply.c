/*
 * Answers of the state calls, encoded as they are given, straight into the RPC's output.
 */
#include "wire/grpc/state_reply.h"

#include "core/utf8.h"
#include "wire/grpc/block.h"
#include "wire/nanopb/state.h"

#include <assert.h>

typedef bool encode_item_fn(struct dk__chain *out, const struct dk_item *item);

/* One text that is no UTF-8 would cost daprd the whole answer with words that name nothing. */
static const char *item_fault(const struct dk_item *item) {
    if (!dk__utf8_is_valid(item->key)) {
        return "the store holds a key that is not UTF-8";
    }
    if (!dk__utf8_is_valid(item->etag)) {
        return "the store gave an etag that is not UTF-8";
    }
    if (!dk__utf8_is_valid(item->content_type)) {
        return "the store gave a content type that is not UTF-8";
    }
    return dk__utf8_is_valid(item->error) ? NULL : "the store gave an error that is not UTF-8";
}

static void reply_add(struct dk__rpc *rpc, const struct dk_item *item, encode_item_fn *encode) {
    if (!dk__answer_is_open(rpc)) {
        return;
    }
    const char *fault = item_fault(item);
    if (fault != NULL) {
        dk__answer_fault(rpc, fault);
    } else if (!encode(&rpc->out, item)) {
        dk__answer_fault(rpc, NULL);
    }
}

static void get_on_item(struct dk_reply *reply, const struct dk_item *item) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    struct dk_item found = *item;
    assert(rpc->prefix == NULL || rpc->is_finished); /* one item answers a get */
    found.key = (struct dk_bytes){0};
    reply_add(rpc, &found, dk__encode_get);
}

static void bulk_get_on_item(struct dk_reply *reply, const struct dk_item *item) {
    reply_add(dk__rpc_of(reply), item, dk__encode_bulk_item);
}

static void query_on_item(struct dk_reply *reply, const struct dk_item *item) {
    reply_add(dk__rpc_of(reply), item, dk__encode_query_item);
}

static void query_on_token(struct dk_reply *reply, struct dk_bytes token) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    if (!dk__answer_is_open(rpc)) {
        return;
    }
    if (!dk__utf8_is_valid(token)) {
        dk__answer_fault(rpc, "the store gave a token that is not UTF-8");
    } else if (!dk__encode_query_token(&rpc->out, token)) {
        dk__answer_fault(rpc, NULL);
    }
}

static void bulk_delete_on_row_mismatch(
    struct dk_reply *reply, int64_t expected, int64_t affected) {
    struct dk__rpc *rpc = dk__rpc_of(reply);
    const struct dk__status status =
        dk__status_of_row_mismatch(expected, affected, &rpc->call.arena);
    dk__rpc_finish(rpc, &status);
}

const struct dk__reply_ops dk__state_get_ops = {
    .ok = dk__rpc_reply_ok, .fail = dk__rpc_reply_fail, .item = get_on_item};

const struct dk__reply_ops dk__state_bulk_get_ops = {
    .ok = dk__rpc_reply_ok, .fail = dk__rpc_reply_fail, .item = bulk_get_on_item};

const struct dk__reply_ops dk__state_bulk_delete_ops = {
    .ok = dk__rpc_reply_ok,
    .fail = dk__rpc_reply_fail,
    .row_mismatch = bulk_delete_on_row_mismatch};

const struct dk__reply_ops dk__state_query_ops = {
    .ok = dk__rpc_reply_ok,
    .fail = dk__rpc_reply_fail,
    .item = query_on_item,
    .token = query_on_token};
