/*
 * The SDK's side of an instance, without its wire.
 */
#include "support/instance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/option.h>
#include <stdlib.h>

enum { ARENA_BYTES_MAX = 16 << 20, PROPERTIES_MAX = 64 };

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

struct dk_instance *instance_open(
    const struct dk_backend *backend,
    struct dk_loop *loop,
    struct dk__arena *memory,
    const char *const *properties,
    struct dk_reply *reply,
    void **ret_config) {
    struct dk_fault fault = {.error = DK_OK};
    struct dk_pair *pairs = dk__arena_take(memory, PROPERTIES_MAX * sizeof *pairs);
    void *config = calloc(1, backend->config_size);
    struct dk_instance *instance = calloc(1, backend->instance_size);
    size_t count = 0;

    *ret_config = config;
    cr_assert(pairs != NULL && config != NULL && instance != NULL);
    for (; properties[0] != NULL; properties += 2) {
        cr_assert(lt(sz, count, PROPERTIES_MAX));
        pairs[count++] = (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])};
    }
    *instance = (struct dk_instance){
        .loop = loop, .name = "test", .configuration = config, .properties = {pairs, count}};
    if (dk_options_parse(backend->options, instance->properties, config, take, memory, &fault) !=
        DK_OK) {
        dk_reply_fault(reply, &fault);
    } else {
        backend->open(instance, reply);
    }
    return instance;
}

void instance_call_begin(
    struct dk_loop *loop,
    struct dk__call *call,
    struct dk_reply *reply,
    const struct dk__reply_ops *ops) {
    call->arena = (struct dk__arena){.pool = dk__loop_pool(loop), .bytes_max = ARENA_BYTES_MAX};
    call->deadline_us = INT64_MAX;
    *reply = (struct dk_reply){.ops = ops, .call = call};
}

void instance_until(
    struct dk_loop *loop, int64_t wait_ms, bool (*is_so)(void *context), void *context) {
    const int64_t end_ms = dk_clock_ms() + wait_ms;
    while (!is_so(context)) {
        cr_assert(lt(i64, dk_clock_ms(), end_ms), "nothing came in %lld ms", (long long)wait_ms);
        cr_assert(eq(int, dk__loop_turn(loop, 10000), DK_OK));
    }
}
