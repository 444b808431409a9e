/*
 * Calls with replies that remember, on a loop that turns when the test says so.
 */
#include "support/kafka_rig.h"

#include "clients/kafka/kafka_farewell.h"
#include "pubsub/kafka/kafka_broker.h"

#include "support/instance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { MEMORY_BYTES_MAX = 64 << 20 };

static struct kafka_rig_call *call_of(struct dk_reply *reply) {
    return (
        struct kafka_rig_call *)(void *)((char *)reply - offsetof(struct kafka_rig_call, reply));
}

/* As in a transport: once the reply is given, the call's memory is gone. */
static void end(struct kafka_rig_call *call) {
    call->is_done = true;
    dk__arena_reset(&call->call.arena);
}

static void on_ok(struct dk_reply *reply) {
    end(call_of(reply));
}

static void on_fail(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct kafka_rig_call *call = call_of(reply);
    call->error = error;
    (void)snprintf(call->text, sizeof call->text, "%s", text);
    end(call);
}

static const struct dk__reply_ops call_ops = {.ok = on_ok, .fail = on_fail};

struct kafka_rig_call *kafka_rig_call_new(struct kafka_rig *rig) {
    struct kafka_rig_call *call = calloc(1, sizeof *call);
    cr_assert(ne(ptr, call, NULL));
    cr_assert(lt(sz, rig->call_count, KAFKA_RIG_CALLS_MAX));
    call->rig = rig;
    instance_call_begin(rig->loop, &call->call, &call->reply, &call_ops);
    rig->calls[rig->call_count++] = call;
    return call;
}

struct kafka_rig_call *kafka_rig_start(
    struct kafka_rig *rig, const struct dk_backend *backend, const char *const *properties) {
    *rig = (struct kafka_rig){.backend = backend};
    rig->memory = (struct dk__arena){.pool = &rig->pool, .bytes_max = MEMORY_BYTES_MAX};
    cr_assert(eq(int, dk__loop_new(&rig->loop, NULL), DK_OK));
    struct kafka_rig_call *call = kafka_rig_call_new(rig);
    rig->broker =
        instance_open(backend, rig->loop, &rig->memory, properties, &call->reply, &rig->config);
    return kafka_rig_wait(call);
}

struct kafka_rig_call *kafka_rig_open(struct kafka_rig *rig, const char *const *properties) {
    return kafka_rig_start(rig, &kafka_broker.base, properties);
}

void kafka_rig_open_well(struct kafka_rig *rig, const char *const *properties) {
    const struct kafka_rig_call *call = kafka_rig_open(rig, properties);
    cr_assert(eq(int, call->error, DK_OK), "Init: %s", call->text);
}

void kafka_rig_close_broker(struct kafka_rig *rig) {
    if (rig->broker != NULL) {
        rig->backend->close(rig->broker);
        free(rig->broker);
        rig->broker = NULL;
    }
}

void kafka_rig_close(struct kafka_rig *rig) {
    kafka_rig_close_broker(rig);
    kafka_farewells_wait();
    for (size_t i = 0; i < rig->call_count; i++) {
        cr_assert(rig->calls[i]->is_done, "call %zu was never answered", i);
        free(rig->calls[i]);
    }
    free(rig->config);
    dk__loop_free(rig->loop);
    dk__arena_reset(&rig->memory);
    dk__pool_clear(&rig->pool);
}

struct kafka_rig_call *kafka_rig_publish(
    struct kafka_rig *rig, const char *topic, struct dk_bytes data, const char *const *metadata) {
    struct kafka_rig_call *call = kafka_rig_call_new(rig);
    size_t count = 0;
    for (; metadata != NULL && metadata[0] != NULL; metadata += 2) {
        cr_assert(lt(sz, count, KAFKA_RIG_PAIRS_MAX));
        call->pairs[count++] = (struct dk_pair){dk_bytes_of(metadata[0]), dk_bytes_of(metadata[1])};
    }
    call->publish = (struct dk_publish){
        .topic = dk_bytes_of(topic), .data = data, .metadata = {call->pairs, count}};
    kafka_broker.publish(rig->broker, &call->publish, &call->reply);
    return call;
}

struct kafka_rig_call *kafka_rig_bulk(struct kafka_rig *rig, struct dk_bulk_publish request) {
    struct kafka_rig_call *call = kafka_rig_call_new(rig);
    call->bulk = request;
    kafka_broker.bulk_publish(rig->broker, &call->bulk, &call->reply);
    return call;
}

struct kafka_rig_call *kafka_rig_ping(struct kafka_rig *rig) {
    struct kafka_rig_call *call = kafka_rig_call_new(rig);
    kafka_broker.ping(rig->broker, &call->reply);
    return call;
}

static bool is_done(void *context) {
    return ((struct kafka_rig_call *)context)->is_done;
}

struct kafka_rig_call *kafka_rig_wait(struct kafka_rig_call *call) {
    instance_until(call->rig->loop, KAFKA_RIG_WAIT_MS, is_done, call);
    return call;
}

void kafka_rig_turn(struct kafka_rig *rig) {
    cr_assert(eq(int, dk__loop_turn(rig->loop, 0), DK_OK));
}
