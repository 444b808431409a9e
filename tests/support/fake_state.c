/* A state backend without a store: see the header. */
#include "support/fake_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_state fake_state;

struct fake_store {
    struct dk_instance base; /* first */
    bool is_closed;
};

struct fake_config {
    int64_t number;
};

static void must(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "fake_state: %s\n", what);
        abort();
    }
}

static void note(
    struct dk_instance *store, const char *function, const void *request, struct dk_reply *reply) {
    must(fake_state.count < FAKE_STATE_CALLS_MAX, "too many calls");
    must(!((struct fake_store *)(void *)store)->is_closed, "a call on a closed store");
    struct fake_state_call *call = &fake_state.calls[fake_state.count];
    fake_state.count++;
    *call = (struct fake_state_call){
        .function = function, .store = store, .request = request, .reply = reply};
    (void)snprintf(call->instance, sizeof call->instance, "%s", store->name);
}

void fake_state_reset(void) {
    fake_state = (struct fake_state){.opens_at_once = true};
}

struct fake_state_call *fake_state_last(const char *function) {
    must(fake_state.count > 0, "nothing was called");
    struct fake_state_call *call = &fake_state.calls[fake_state.count - 1];
    must(strcmp(call->function, function) == 0, call->function);
    return call;
}

struct dk_reply *fake_state_take(struct fake_state_call *call) {
    struct dk_reply *reply = call->reply;
    must(reply != NULL, "this call was answered");
    call->reply = NULL;
    return reply;
}

static void fake_open(struct dk_instance *store, struct dk_reply *reply) {
    fake_state.opens++;
    note(store, "open", NULL, reply);
    if (fake_state.opens_at_once) {
        dk_reply_ok(fake_state_take(fake_state_last("open")));
    }
}

static void fake_close(struct dk_instance *store) {
    struct fake_store *fake = (struct fake_store *)(void *)store;
    fake_state.closes++;
    must(!fake->is_closed, "closed twice");
    fake->is_closed = true;
    for (size_t i = 0; i < fake_state.count; i++) {
        struct fake_state_call *call = &fake_state.calls[i];
        if (call->store == store && call->reply != NULL) {
            dk_reply_fail(fake_state_take(call), DK_UNAVAILABLE, "fake: the store was closed");
        }
    }
}

static void fake_get(
    struct dk_instance *store, const struct dk_get *request, struct dk_reply *reply) {
    note(store, "get", request, reply);
}

static void fake_set(
    struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply) {
    note(store, "set", request, reply);
}

static void fake_delete(
    struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply) {
    note(store, "delete", request, reply);
}

static void fake_bulk_get(
    struct dk_instance *store, const struct dk_bulk_get *request, struct dk_reply *reply) {
    note(store, "bulk_get", request, reply);
}

static void fake_bulk_set(
    struct dk_instance *store, const struct dk_bulk_set *request, struct dk_reply *reply) {
    note(store, "bulk_set", request, reply);
}

static void fake_bulk_delete(
    struct dk_instance *store, const struct dk_bulk_delete *request, struct dk_reply *reply) {
    note(store, "bulk_delete", request, reply);
}

static void fake_transact(
    struct dk_instance *store, const struct dk_transact *request, struct dk_reply *reply) {
    note(store, "transact", request, reply);
}

static void fake_query(
    struct dk_instance *store, const struct dk_query *request, struct dk_reply *reply) {
    note(store, "query", request, reply);
}

static void fake_ping(struct dk_instance *store, struct dk_reply *reply) {
    note(store, "ping", NULL, reply);
}

static const struct dk_option fake_options[] = {
    /* name, type, where, default, min, max, flags, help */
    {"number", DK_INT, DK_FIELD(struct fake_config, number, int64_t), "7", 0, 9, 0, "A number."},
    DK_OPTION_END,
};

const struct dk_state_backend fake_state_backend = {
    .base =
        {
            .name = "dk-fake",
            .title = "Fake",
            .summary = "Answers when a test says so.",
            .options = fake_options,
            .config_size = sizeof(struct fake_config),
            .instance_size = sizeof(struct fake_store),
            .open = fake_open,
            .close = fake_close,
        },
    .features = DK_STATE_ETAG | DK_STATE_TTL | DK_STATE_PARTITION_KEY,
    .transaction_operations_max = 2,
    .get = fake_get,
    .set = fake_set,
    .remove = fake_delete,
    .bulk_get = fake_bulk_get,
    .bulk_set = fake_bulk_set,
    .bulk_delete = fake_bulk_delete,
    .transact = fake_transact,
    .query = fake_query,
    .ping = fake_ping,
};
