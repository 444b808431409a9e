/*
 * Plays the state services for one test: makes a call with its reply, hands it to the vtable,
 * turns the loop, and keeps a copy of what was answered.
 */
#include "support/store_rig.h"

#include "core/call.h"
#include "core/instances.h"
#include "core/loop.h"
#include "wire/grpc/bulk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 4096, MEMORY_BYTES_MAX = 256 << 20, ARENA_BYTES_MAX = 64 << 20 };

/* One call under way. */
struct exchange {
    struct dk__call call;
    struct dk_reply reply;
    struct store_rig *rig;
    struct rig_answer answer;
    struct rig_item *items; /* grown by doubling, in the rig's memory */
    size_t room;
    bool is_done;
};

static struct exchange *exchange_of(struct dk_reply *reply) {
    return (struct exchange *)(void *)((char *)reply - offsetof(struct exchange, reply));
}

static struct dk_bytes keep(struct store_rig *rig, struct dk_bytes bytes) {
    if (bytes.data == NULL) {
        return bytes;
    }
    char *copy = dk__arena_copy_text(&rig->memory, bytes);
    cr_assert(ne(ptr, copy, NULL));
    return (struct dk_bytes){.data = copy, .size = bytes.size};
}

static void on_ok(struct dk_reply *reply) {
    exchange_of(reply)->is_done = true;
}

static void on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct exchange *exchange = exchange_of(reply);
    exchange->answer.error = error;
    exchange->answer.text = keep(exchange->rig, dk_bytes_of(text)).data;
    exchange->answer.count = 0; /* what was added before is dropped */
    exchange->is_done = true;
}

static void grow(struct exchange *exchange) {
    const size_t room = exchange->room == 0 ? 1 : exchange->room * 2;
    cr_assert(le(sz, room, ITEMS_MAX));
    struct rig_item *items = dk__arena_take(&exchange->rig->memory, room * sizeof *items);
    cr_assert(ne(ptr, items, NULL));
    if (exchange->room > 0) {
        memcpy(items, exchange->items, exchange->room * sizeof *items);
    }
    exchange->items = items;
    exchange->room = room;
    exchange->answer.items = items;
}

static void on_item(struct dk_reply *reply, const struct dk_item *item) {
    struct exchange *exchange = exchange_of(reply);
    struct store_rig *rig = exchange->rig;
    if (exchange->answer.count == exchange->room) {
        grow(exchange);
    }
    exchange->items[exchange->answer.count++] = (struct rig_item){
        .key = keep(rig, item->key),
        .data = keep(rig, item->data),
        .etag = keep(rig, item->etag),
        .error = keep(rig, item->error),
        .expires_ms = item->expires_ms,
    };
}

static void on_token(struct dk_reply *reply, struct dk_bytes token) {
    struct exchange *exchange = exchange_of(reply);
    exchange->answer.token = keep(exchange->rig, token);
}

static void on_row_mismatch(struct dk_reply *reply, int64_t expected, int64_t affected) {
    struct exchange *exchange = exchange_of(reply);
    exchange->answer.is_row_mismatch = true;
    exchange->answer.expected = expected;
    exchange->answer.affected = affected;
    on_fail(reply, DK_INTERNAL, "row mismatch");
}

static const struct dk__reply_ops exchange_ops = {
    .ok = on_ok,
    .fail = on_fail,
    .item = on_item,
    .token = on_token,
    .row_mismatch = on_row_mismatch,
};

static void exchange_begin(struct exchange *exchange, struct store_rig *rig) {
    *exchange = (struct exchange){
        .call =
            {.arena = {.pool = dk__loop_pool(rig->loop), .bytes_max = ARENA_BYTES_MAX},
             .deadline_us = INT64_MAX},
        .reply = {.ops = &exchange_ops, .call = &exchange->call},
        .rig = rig,
    };
}

static bool is_exchange_done(void *context) {
    return ((struct exchange *)context)->is_done;
}

static struct rig_answer exchange_end(struct exchange *exchange) {
    cr_assert(
        rig_until(exchange->rig, is_exchange_done, exchange), "no reply within %d ms", RIG_WAIT_MS);
    dk__arena_reset(&exchange->call.arena);
    return exchange->answer;
}

bool rig_until(struct store_rig *rig, bool (*is_done)(void *context), void *context) {
    const int64_t end_ms = dk_clock_ms() + RIG_WAIT_MS;
    while (!is_done(context)) {
        if (dk_clock_ms() > end_ms) {
            return false;
        }
        cr_assert(eq(int, dk__loop_turn(rig->loop, 100000), DK_OK));
    }
    return true;
}

void store_rig_open(struct store_rig *rig, const struct dk_state_backend *backend) {
    struct dk_fault fault = {0};
    *rig = (struct store_rig){.backend = backend};
    rig->memory = (struct dk__arena){.pool = &rig->pool, .bytes_max = MEMORY_BYTES_MAX};
    cr_assert(eq(int, dk__loop_new(&rig->loop, &fault), DK_OK), "%s", fault.text);
    rig->instances = dk__instances_new(rig->loop, &backend->base, DK__INSTANCES_MAX);
    cr_assert(ne(ptr, rig->instances, NULL));
}

void store_rig_close(struct store_rig *rig) {
    dk__instances_free(rig->instances);
    dk__loop_free(rig->loop);
    dk__arena_reset(&rig->memory);
    dk__pool_clear(&rig->pool);
}

struct rig_answer store_rig_init(
    struct store_rig *rig, const char *instance, const char *const *properties) {
    struct exchange exchange;
    struct dk_pair pairs[64];
    size_t count = 0;
    exchange_begin(&exchange, rig);
    for (; properties[0] != NULL; properties += 2) {
        pairs[count++] = (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])};
    }
    dk__instances_open(
        rig->instances,
        dk_bytes_of(instance),
        (struct dk_pairs){.items = pairs, .count = count},
        &exchange.reply);
    return exchange_end(&exchange);
}

/* The store of an instance, held from begin to end like a call holds it. */
static struct dk_instance *store_of(struct store_rig *rig, const char *instance) {
    struct dk_instance *store = dk__instances_find(rig->instances, dk_bytes_of(instance));
    cr_assert(ne(ptr, store, NULL), "instance '%s' is not open", instance);
    dk__instances_hold(store);
    return store;
}

/* One shape for all: begin, hold, call, wait, release. */
#define EXCHANGE(call_it)                                     \
    struct exchange exchange;                                 \
    struct dk_instance *store = store_of(rig, instance);      \
    exchange_begin(&exchange, rig);                           \
    call_it;                                                  \
    const struct rig_answer answer = exchange_end(&exchange); \
    dk__instances_release(store);                             \
    return answer

struct rig_answer rig_get(struct store_rig *rig, const char *instance, struct dk_get request) {
    EXCHANGE(rig->backend->get(store, &request, &exchange.reply));
}

struct rig_answer rig_set(struct store_rig *rig, const char *instance, struct dk_set request) {
    EXCHANGE(rig->backend->set(store, &request, &exchange.reply));
}

struct rig_answer rig_delete(
    struct store_rig *rig, const char *instance, struct dk_delete request) {
    EXCHANGE(rig->backend->remove(store, &request, &exchange.reply));
}

struct rig_answer rig_bulk_get(
    struct store_rig *rig, const char *instance, struct dk_bulk_get request) {
    EXCHANGE(
        rig->backend->bulk_get != NULL
            ? rig->backend->bulk_get(store, &request, &exchange.reply)
            : dk__bulk_get(rig->backend, store, &request, &exchange.reply));
}

struct rig_answer rig_bulk_set(
    struct store_rig *rig, const char *instance, struct dk_bulk_set request) {
    EXCHANGE(
        rig->backend->bulk_set != NULL
            ? rig->backend->bulk_set(store, &request, &exchange.reply)
            : dk__bulk_set(rig->backend, store, &request, &exchange.reply));
}

struct rig_answer rig_bulk_delete(
    struct store_rig *rig, const char *instance, struct dk_bulk_delete request) {
    EXCHANGE(
        rig->backend->bulk_delete != NULL
            ? rig->backend->bulk_delete(store, &request, &exchange.reply)
            : dk__bulk_delete(rig->backend, store, &request, &exchange.reply));
}

struct rig_answer rig_transact(
    struct store_rig *rig, const char *instance, struct dk_transact request) {
    EXCHANGE(rig->backend->transact(store, &request, &exchange.reply));
}

struct rig_answer rig_query(struct store_rig *rig, const char *instance, struct dk_query request) {
    EXCHANGE(rig->backend->query(store, &request, &exchange.reply));
}

struct rig_answer rig_ping(struct store_rig *rig, const char *instance) {
    EXCHANGE(rig->backend->ping(store, &exchange.reply));
}
