/*
 * The same calls as store_rig.c, but made as daprd makes them: to a real program, DK_PROGRAM,
 * through its socket. Answers are what arrived.
 *
 *     test ══ Unix socket ══▶ dk-memory, dk-redis, or their -core builds
 */
#include "support/store_rig.h"

#include "core/base64.h"
#include "core/loop.h"
#include "support/component.h"
#include "support/h2_client.h"
#include "support/state_wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES_MAX = 256 << 20 };

#define STATE_STORE   "/dapr.proto.components.v1.StateStore/"
#define TRANSACTIONAL "/dapr.proto.components.v1.TransactionalStateStore/"

static struct component component; /* one rig, one program */
static struct wire request;

void store_rig_open(struct store_rig *rig, const struct dk_state_backend *backend) {
    static const char *const h2[] = {NULL}, *const core[] = {"--transport", "core", NULL};
    const char *const program = getenv("DK_PROGRAM");
    struct dk_fault fault = {0};

    *rig = (struct store_rig){.backend = backend};
    rig->memory = (struct dk__arena){.pool = &rig->pool, .bytes_max = MEMORY_BYTES_MAX};
    cr_assert(program != NULL, "DK_PROGRAM names no program");
    component_start(&component, program, strstr(program, "-core") != NULL ? core : h2);
    cr_assert(eq(int, dk__loop_new(&rig->loop, &fault), DK_OK), "%s", fault.text);
    rig->client = h2_client_new(rig->loop, component.address, NULL);
}

void store_rig_close(struct store_rig *rig) {
    h2_client_free(rig->client);
    dk__loop_free(rig->loop);
    dk__arena_reset(&rig->memory);
    dk__pool_clear(&rig->pool);
    component_stop(&component);
}

bool rig_until(struct store_rig *rig, bool (*is_done)(void *context), void *context) {
    return h2_wait(rig->loop, is_done, context);
}

/* The details that came with a failure, in the rig's memory; absent when there are none. */
static struct dk_bytes details_of(struct store_rig *rig, const struct h2_call *call) {
    static const char name[] = "grpc-status-details-bin";
    const char *text = h2_pairs_find(&call->trailers, name);
    struct dk_bytes details = {0};
    text = text != NULL ? text : h2_pairs_find(&call->headers, name);
    if (text != NULL) {
        char *bytes = dk__arena_take_bytes(&rig->memory, strlen(text));
        cr_assert(ne(ptr, bytes, NULL));
        cr_assert(dk__base64_decode(dk_bytes_of(text), bytes, &details.size));
        details.data = bytes;
    }
    return details;
}

typedef void read_fn(struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer);

/* For an answer that is an empty message. */
static void read_nothing(
    struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer) {
    (void)arena, (void)answer;
    cr_assert(eq(sz, message.size, 0));
}

/* Makes one call with `request`, and reads its message when it went well. */
static struct rig_answer call(
    struct store_rig *rig, const char *instance, const char *path, read_fn *read) {
    const char *const headers[] = {"x-component-instance", instance, NULL};
    struct rig_answer answer = {.error = DK_OK};
    struct h2_call *one = h2_call_unary(rig->client, path, headers, wire_view(&request));
    cr_assert(h2_call_wait(one), "%s: no answer within %d ms", path, H2_WAIT_MS);
    const int code = h2_call_status(one);
    const struct dk_bytes message = h2_call_answer(one, 0);
    if (code == 0) {
        cr_assert(eq(sz, h2_call_answers(one), 1));
        const char *copy = dk__arena_copy_text(&rig->memory, message);
        cr_assert(ne(ptr, (void *)copy, NULL));
        read((struct dk_bytes){copy, message.size}, &rig->memory, &answer);
    } else {
        answer.text = dk__arena_copy_text(&rig->memory, dk_bytes_of(h2_call_message(one)));
        state_wire_read_error(code, details_of(rig, one), &answer);
    }
    h2_call_free(one);
    return answer;
}

struct rig_answer store_rig_init(
    struct store_rig *rig, const char *instance, const char *const *properties) {
    wire_clear(&request);
    state_wire_init(&request, properties);
    return call(rig, instance, STATE_STORE "Init", read_nothing);
}

struct rig_answer rig_get(struct store_rig *rig, const char *instance, struct dk_get get) {
    wire_clear(&request);
    state_wire_get(&request, &get);
    return call(rig, instance, STATE_STORE "Get", state_wire_read_get);
}

struct rig_answer rig_set(struct store_rig *rig, const char *instance, struct dk_set set) {
    wire_clear(&request);
    state_wire_set(&request, &set);
    return call(rig, instance, STATE_STORE "Set", read_nothing);
}

struct rig_answer rig_delete(struct store_rig *rig, const char *instance, struct dk_delete delete) {
    wire_clear(&request);
    state_wire_delete(&request, &delete);
    return call(rig, instance, STATE_STORE "Delete", read_nothing);
}

struct rig_answer rig_bulk_get(
    struct store_rig *rig, const char *instance, struct dk_bulk_get bulk) {
    wire_clear(&request);
    state_wire_bulk_get(&request, &bulk);
    return call(rig, instance, STATE_STORE "BulkGet", state_wire_read_bulk_get);
}

struct rig_answer rig_bulk_set(
    struct store_rig *rig, const char *instance, struct dk_bulk_set bulk) {
    wire_clear(&request);
    state_wire_bulk_set(&request, &bulk);
    return call(rig, instance, STATE_STORE "BulkSet", read_nothing);
}

struct rig_answer rig_bulk_delete(
    struct store_rig *rig, const char *instance, struct dk_bulk_delete bulk) {
    wire_clear(&request);
    state_wire_bulk_delete(&request, &bulk);
    return call(rig, instance, STATE_STORE "BulkDelete", read_nothing);
}

struct rig_answer rig_transact(
    struct store_rig *rig, const char *instance, struct dk_transact transact) {
    wire_clear(&request);
    state_wire_transact(&request, &transact);
    return call(rig, instance, TRANSACTIONAL "Transact", read_nothing);
}

struct rig_answer rig_ping(struct store_rig *rig, const char *instance) {
    wire_clear(&request);
    return call(rig, instance, STATE_STORE "Ping", read_nothing);
}
