/*
 * Calls with replies that remember, on a loop that turns when the test says so.
 */
#include "support/redis_rig.h"

#include "statestore/redis/redis_store.h"

#include "support/instance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES_MAX = 512 << 20 };

static struct redis_rig_call *call_of(struct dk_reply *reply) {
    return (
        struct redis_rig_call *)(void *)((char *)reply - offsetof(struct redis_rig_call, reply));
}

static struct dk_bytes keep(struct redis_rig *rig, struct dk_bytes bytes) {
    if (bytes.data == NULL) {
        return bytes;
    }
    char *copy = dk__arena_copy_text(&rig->memory, bytes);
    cr_assert(ne(ptr, copy, NULL));
    return (struct dk_bytes){copy, bytes.size};
}

/* As in a transport: once the reply is given, the call's memory is gone. */
static void end(struct redis_rig_call *call) {
    call->is_done = true;
    dk__arena_reset(&call->call.arena);
}

static void on_ok(struct dk_reply *reply) {
    end(call_of(reply));
}

static void on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct redis_rig_call *call = call_of(reply);
    call->error = error;
    (void)snprintf(call->text, sizeof call->text, "%s", text);
    call->item_count = 0;
    end(call);
}

static void on_item(struct dk_reply *reply, const struct dk_item *item) {
    struct redis_rig_call *call = call_of(reply);
    if (call->item_count == call->item_capacity) {
        call->item_capacity = call->item_capacity == 0 ? 4 : call->item_capacity * 2;
        call->items = realloc(call->items, call->item_capacity * sizeof *call->items);
        cr_assert(ne(ptr, call->items, NULL));
    }
    call->items[call->item_count++] = (struct redis_rig_item){
        .key = keep(call->rig, item->key),
        .data = keep(call->rig, item->data),
        .etag = keep(call->rig, item->etag),
        .error = keep(call->rig, item->error),
        .expires_ms = item->expires_ms,
    };
    reply->is_full = call->items_max > 0 && call->item_count >= call->items_max;
}

static const struct dk__reply_ops call_ops = {.ok = on_ok, .fail = on_fail, .item = on_item};

static struct redis_rig_call *call_new(struct redis_rig *rig) {
    struct redis_rig_call *call = calloc(1, sizeof *call);
    cr_assert(ne(ptr, call, NULL));
    cr_assert(lt(sz, rig->call_count, REDIS_RIG_CALLS_MAX));
    call->rig = rig;
    instance_call_begin(rig->loop, &call->call, &call->reply, &call_ops);
    rig->calls[rig->call_count++] = call;
    return call;
}

struct redis_rig_call *redis_rig_open(struct redis_rig *rig, const char *const *properties) {
    *rig = (struct redis_rig){.loop = NULL};
    rig->memory = (struct dk__arena){.pool = &rig->pool, .bytes_max = MEMORY_BYTES_MAX};
    cr_assert(eq(int, dk__loop_new(&rig->loop, NULL), DK_OK));
    struct redis_rig_call *call = call_new(rig);
    rig->store = instance_open(
        &redis_store.base, rig->loop, &rig->memory, properties, &call->reply, &rig->config);
    return redis_rig_wait(call);
}

void redis_rig_open_well(struct redis_rig *rig, const char *const *properties) {
    const struct redis_rig_call *call = redis_rig_open(rig, properties);
    cr_assert(eq(int, call->error, DK_OK), "Init: %s", call->text);
}

void redis_rig_close_store(struct redis_rig *rig) {
    if (rig->store != NULL) {
        redis_store.base.close(rig->store);
        free(rig->store);
        rig->store = NULL;
    }
}

void redis_rig_close(struct redis_rig *rig) {
    redis_rig_close_store(rig);
    for (size_t i = 0; i < rig->call_count; i++) {
        cr_assert(rig->calls[i]->is_done, "call %zu was never answered", i);
        free(rig->calls[i]->items);
        free(rig->calls[i]);
    }
    free(rig->config);
    dk__loop_free(rig->loop);
    dk__arena_reset(&rig->memory);
    dk__pool_clear(&rig->pool);
}

/* One shape for all: a call, its request where it lives as long, the vtable's function. */
#define START(member)                                                    \
    struct redis_rig_call *call = call_new(rig);                         \
    call->request.member = request;                                      \
    redis_store.member(rig->store, &call->request.member, &call->reply); \
    return call

struct redis_rig_call *redis_rig_get(struct redis_rig *rig, struct dk_get request) {
    START(get);
}

struct redis_rig_call *redis_rig_set(struct redis_rig *rig, struct dk_set request) {
    START(set);
}

struct redis_rig_call *redis_rig_delete(struct redis_rig *rig, struct dk_delete request) {
    START(remove);
}

struct redis_rig_call *redis_rig_bulk_get(struct redis_rig *rig, struct dk_bulk_get request) {
    START(bulk_get);
}

struct redis_rig_call *redis_rig_bulk_set(struct redis_rig *rig, struct dk_bulk_set request) {
    START(bulk_set);
}

struct redis_rig_call *redis_rig_bulk_delete(struct redis_rig *rig, struct dk_bulk_delete request) {
    START(bulk_delete);
}

struct redis_rig_call *redis_rig_transact(struct redis_rig *rig, struct dk_transact request) {
    START(transact);
}

struct redis_rig_call *redis_rig_ping(struct redis_rig *rig) {
    struct redis_rig_call *call = call_new(rig);
    redis_store.ping(rig->store, &call->reply);
    return call;
}

static bool is_done(void *context) {
    return ((struct redis_rig_call *)context)->is_done;
}

struct redis_rig_call *redis_rig_wait(struct redis_rig_call *call) {
    redis_rig_until(call->rig, is_done, call);
    return call;
}

void redis_rig_until(struct redis_rig *rig, bool (*is_so)(void *context), void *context) {
    instance_until(rig->loop, REDIS_RIG_WAIT_MS, is_so, context);
}

void redis_rig_turn(struct redis_rig *rig) {
    cr_assert(eq(int, dk__loop_turn(rig->loop, 0), DK_OK));
}

enum dk_error redis_rig_put(struct redis_rig *rig, const char *key, const char *value) {
    return redis_rig_put_if(rig, key, value, "");
}

enum dk_error redis_rig_put_if(
    struct redis_rig *rig, const char *key, const char *value, const char *etag) {
    return redis_rig_wait(redis_rig_set(
                              rig,
                              (struct dk_set){
                                  .key = dk_bytes_of(key),
                                  .value = dk_bytes_of(value),
                                  .etag = dk_bytes_of(etag),
                              }))
        ->error;
}

static const struct redis_rig_item *item_of(struct redis_rig *rig, const char *key) {
    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_get(rig, (struct dk_get){.key = dk_bytes_of(key)}));
    cr_assert(eq(int, call->error, DK_OK), "get '%s': %s", key, call->text);
    cr_assert(eq(sz, call->item_count, 1));
    return &call->items[0];
}

const char *redis_rig_value(struct redis_rig *rig, const char *key) {
    return item_of(rig, key)->data.data;
}

const char *redis_rig_etag(struct redis_rig *rig, const char *key) {
    return item_of(rig, key)->etag.data;
}
