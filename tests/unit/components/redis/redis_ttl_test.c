/*
 * Times to live: set together with the value, kept when a request names none, told in answers.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct redis_server server;
static struct redis_rig rig;

static void begin(void) {
    redis_server_start(&server, NULL);
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

static void open_plain(void) {
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, NULL});
}

static void open_with_ttl(const char *ttl) {
    redis_rig_open_well(
        &rig, (const char *const[]){"redisHost", server.host, "ttlInSeconds", ttl, NULL});
}

/* `ttl` NULL: the request names none. */
static struct redis_rig_call *put(const char *ttl) {
    const struct dk_pair pair = {DK_BYTES("ttlInSeconds"), dk_bytes_of(ttl)};
    return redis_rig_wait(redis_rig_set(
        &rig,
        (struct dk_set){
            .key = DK_BYTES("key"),
            .value = DK_BYTES("v"),
            .metadata = {&pair, ttl == NULL ? 0 : 1},
        }));
}

static int ttl_left(void) {
    return (int)redis_server_number(&server, "TTL key");
}

TestSuite(redis_ttl, .init = begin, .fini = end);

Test(redis_ttl, is_set_with_the_value) {
    open_plain();

    cr_assert(eq(int, put("100")->error, DK_OK));

    cr_assert(gt(int, ttl_left(), 98));
}

Test(redis_ttl, is_told_by_get) {
    open_plain();
    cr_assert(eq(int, put("100")->error, DK_OK));
    const int64_t now_ms = dk_clock_ms();

    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_get(&rig, (struct dk_get){.key = DK_BYTES("key")}));

    cr_assert(gt(i64, call->items[0].expires_ms, now_ms + 98000));
    cr_assert(lt(i64, call->items[0].expires_ms, now_ms + 101000));
}

Test(redis_ttl, is_not_told_of_a_key_that_has_none) {
    open_plain();
    cr_assert(eq(int, put(NULL)->error, DK_OK));

    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_get(&rig, (struct dk_get){.key = DK_BYTES("key")}));

    cr_assert(eq(i64, call->items[0].expires_ms, 0));
}

Test(redis_ttl, stays_when_a_write_names_none) {
    open_plain();
    cr_assert(eq(int, put("100")->error, DK_OK));

    cr_assert(eq(int, put(NULL)->error, DK_OK));

    cr_assert(gt(int, ttl_left(), 98));
}

Test(redis_ttl, goes_with_minus_one_and_with_zero) {
    open_plain();
    cr_assert(eq(int, put("100")->error, DK_OK));
    cr_assert(eq(int, put("-1")->error, DK_OK));
    cr_assert(eq(int, ttl_left(), -1));

    cr_assert(eq(int, put("100")->error, DK_OK));
    cr_assert(eq(int, put("0")->error, DK_OK));
    cr_assert(eq(int, ttl_left(), -1));
}

Test(redis_ttl, of_the_store_counts_when_a_request_names_none) {
    open_with_ttl("50");

    cr_assert(eq(int, put(NULL)->error, DK_OK));
    cr_assert(gt(int, ttl_left(), 48));

    cr_assert(eq(int, put("100")->error, DK_OK));
    cr_assert(gt(int, ttl_left(), 98));
}

Test(redis_ttl, of_zero_in_the_store_takes_times_away) {
    open_with_ttl("0");
    cr_assert(eq(int, put("100")->error, DK_OK));

    cr_assert(eq(int, put(NULL)->error, DK_OK));

    cr_assert(eq(int, ttl_left(), -1));
}

Test(redis_ttl, that_is_no_number_writes_nothing) {
    open_plain();

    const struct redis_rig_call *call = put("foo");

    cr_assert(eq(int, call->error, DK_INVALID), "%s", call->text);
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS key"), 0));
}

Test(redis_ttl, ends_the_key) {
    open_plain();
    cr_assert(eq(int, put("1")->error, DK_OK));
    redis_server_do(&server, "PEXPIRE key 1"); /* the clock need not run for the test */

    while (redis_server_number(&server, "EXISTS key") == 1) {
    }

    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "key"), NULL));
}
