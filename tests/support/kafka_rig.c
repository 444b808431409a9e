/*
 * Calls with replies that remember, on a loop that turns when the test says so.
 */
#include "support/kafka_rig.h"

#include "clients/kafka/kafka_farewell.h"

#include "clients/kafka/kafka_config.h"
#include "pubsub/kafka/kafka_broker.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { ARENA_BYTES_MAX = 16 << 20, MEMORY_BYTES_MAX = 64 << 20, PROPERTIES_MAX = 64 };

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
    call->call.arena =
        (struct dk__arena){.pool = dk__loop_pool(rig->loop), .bytes_max = ARENA_BYTES_MAX};
    call->call.deadline_us = INT64_MAX;
    call->reply = (struct dk_reply){.ops = &call_ops, .call = &call->call};
    rig->calls[rig->call_count++] = call;
    return call;
}

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

struct kafka_rig_call *kafka_rig_start(
    struct kafka_rig *rig, const struct dk_backend *backend, const char *const *properties) {
    struct dk_fault fault = {.error = DK_OK};
    struct dk_pair *pairs = NULL;
    size_t count = 0;

    *rig = (struct kafka_rig){.backend = backend};
    rig->memory = (struct dk__arena){.pool = &rig->pool, .bytes_max = MEMORY_BYTES_MAX};
    cr_assert(eq(int, dk__loop_new(&rig->loop, &fault), DK_OK), "%s", fault.text);
    pairs = dk__arena_take(&rig->memory, PROPERTIES_MAX * sizeof *pairs);
    for (; properties[0] != NULL; properties += 2) {
        pairs[count++] = (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])};
    }
    rig->config = calloc(1, backend->config_size);
    rig->broker = calloc(1, backend->instance_size);
    *rig->broker = (struct dk_instance){
        .loop = rig->loop,
        .name = "test",
        .configuration = rig->config,
        .properties = {pairs, count},
    };
    struct kafka_rig_call *call = kafka_rig_call_new(rig);
    if (dk_options_parse(
            backend->options, rig->broker->properties, rig->config, take, &rig->memory, &fault) !=
        DK_OK) {
        dk_reply_fault(&call->reply, &fault);
    } else {
        backend->open(rig->broker, &call->reply);
    }
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

struct kafka_rig_call *kafka_rig_wait(struct kafka_rig_call *call) {
    const int64_t end_ms = dk_clock_ms() + KAFKA_RIG_WAIT_MS;
    while (!call->is_done) {
        cr_assert(lt(i64, dk_clock_ms(), end_ms), "nothing came in %d ms", KAFKA_RIG_WAIT_MS);
        cr_assert(eq(int, dk__loop_turn(call->rig->loop, 10000), DK_OK));
    }
    return call;
}

void kafka_rig_turn(struct kafka_rig *rig) {
    cr_assert(eq(int, dk__loop_turn(rig->loop, 0), DK_OK));
}
