/*
 * Values that are too large to be read: they cost their own call, and nobody else's.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { LARGE = 70 * 1024 * 1024 }; /* over REDIS_REPLY_BYTES_MAX */

static struct redis_server server;
static struct redis_rig rig;
static char large[LARGE];

static void begin(void) {
    redis_server_start(&server, NULL);
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, NULL});
    cr_assert(eq(int, redis_rig_put(&rig, "small", "fits"), DK_OK));
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_large, .init = begin, .fini = end, .timeout = 60);

static const struct dk_get get_large = {.key = DK_BYTES("large")};
static const struct dk_get get_small = {.key = DK_BYTES("small")};
static const struct dk_set set_other = {.key = DK_BYTES("other"), .value = DK_BYTES("new")};

/* What shares the connection with it is answered as always: a lost connection would leave the write
 * in doubt. */
static void assert_large_fails_alone(void) {
    struct redis_rig_call *before = redis_rig_get(&rig, get_small);
    struct redis_rig_call *call = redis_rig_get(&rig, get_large);
    struct redis_rig_call *after = redis_rig_set(&rig, set_other);

    cr_assert(eq(int, redis_rig_wait(call)->error, DK_TOO_LARGE), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "the value is too large to be read"), NULL));
    cr_assert(ne(ptr, strstr(call->text, "at most 67108864 bytes"), NULL), "%s", call->text);
    cr_assert(eq(int, redis_rig_wait(before)->error, DK_OK), "%s", before->text);
    cr_assert(eq(int, redis_rig_wait(after)->error, DK_OK), "%s", after->text);
}

Test(redis_large, a_value_fails_its_own_call_alone) {
    redis_server_do(&server, "HSET large version 1 data %b", large, (size_t)LARGE);

    assert_large_fails_alone();
}

Test(redis_large, an_old_plain_value_fails_its_own_call_alone) {
    redis_server_do(&server, "SET large %b", large, (size_t)LARGE);

    assert_large_fails_alone();
}

Test(redis_large, a_hash_of_many_fields_fails_its_own_call_alone) {
    const size_t part = LARGE / 10;
    for (int i = 0; i < 10; i++) {
        redis_server_do(&server, "HSET large field%d %b", i, large, part);
    }

    assert_large_fails_alone();
}

Test(redis_large, a_value_is_the_trouble_of_its_item_in_a_bulk) {
    const struct dk_get items[] = {get_small, get_large, get_small};
    redis_server_do(&server, "HSET large version 1 data %b", large, (size_t)LARGE);

    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_bulk_get(&rig, (struct dk_bulk_get){.items = items, .count = 3}));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(sz, call->item_count, 3));
    cr_assert(ne(ptr, strstr(call->items[1].error.data, "too large to be read"), NULL));
    cr_assert(eq(sz, call->items[1].data.size, 0));
    for (size_t i = 0; i < 3; i += 2) {
        cr_assert(eq(sz, call->items[i].error.size, 0));
        cr_assert(eq(str, (char *)call->items[i].data.data, "fits"));
    }
}

/* Each value fits, their answer does not: what is not asked for need not be thrown away. */
Test(redis_large, a_bulk_asks_no_further_once_its_answer_is_full) {
    enum { KEYS = 1000, VALUE = 256 * 1024 };
    static char keys[KEYS][16];
    static struct dk_get items[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key%zu", i);
        items[i].key = dk_bytes_of(keys[i]);
    }
    for (size_t i = 0; i < KEYS / 4; i++) {
        redis_server_do(&server, "HSET %s version 1 data %b", keys[i], large, (size_t)VALUE);
    }
    redis_server_do(&server, "CONFIG RESETSTAT");
    struct redis_rig_call *call =
        redis_rig_bulk_get(&rig, (struct dk_bulk_get){.items = items, .count = KEYS});
    call->items_max = 16; /* 4 MiB */

    (void)redis_rig_wait(call);

    cr_assert(ge(i64, redis_server_calls(&server, "hgetall"), 16));
    cr_assert(le(i64, redis_server_calls(&server, "hgetall"), 64 + 16));
    cr_assert(eq(int, redis_rig_put(&rig, "small", "still"), DK_OK));
}
