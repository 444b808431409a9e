/*
 * Bulk calls: one pipeline, answers in the order of the request, one status for all.
 */
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 3000 }; /* more than any window */

static struct redis_server server;
static struct redis_rig rig;
static char keys[MANY][16];
static struct dk_get gets[MANY];
static struct dk_set sets[MANY];
static struct dk_delete deletes[MANY];

static void begin(void) {
    redis_server_start(&server, NULL);
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, NULL});
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key%zu", i);
        gets[i] = (struct dk_get){.key = dk_bytes_of(keys[i])};
        sets[i] = (struct dk_set){.key = dk_bytes_of(keys[i]), .value = dk_bytes_of(keys[i])};
        deletes[i] = (struct dk_delete){.key = dk_bytes_of(keys[i])};
    }
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_bulk, .init = begin, .fini = end);

static struct redis_rig_call *bulk_get(size_t count) {
    return redis_rig_wait(
        redis_rig_bulk_get(&rig, (struct dk_bulk_get){.items = gets, .count = count}));
}

static struct redis_rig_call *bulk_set(size_t count) {
    return redis_rig_wait(
        redis_rig_bulk_set(&rig, (struct dk_bulk_set){.items = sets, .count = count}));
}

static struct redis_rig_call *bulk_delete(size_t count) {
    return redis_rig_wait(
        redis_rig_bulk_delete(&rig, (struct dk_bulk_delete){.items = deletes, .count = count}));
}

static void assert_item(const struct redis_rig_item *item, size_t i, const char *etag) {
    cr_assert(dk_bytes_equal(item->key, dk_bytes_of(keys[i])), "item %zu", i);
    cr_assert(dk_bytes_equal(item->data, dk_bytes_of(keys[i])), "item %zu", i);
    cr_assert(dk_bytes_equal(item->etag, dk_bytes_of(etag)), "item %zu", i);
}

Test(redis_bulk, writes_reads_and_deletes_thousands) {
    cr_assert(eq(int, bulk_set(MANY)->error, DK_OK));

    const struct redis_rig_call *got = bulk_get(MANY);
    cr_assert(eq(sz, got->item_count, MANY));
    for (size_t i = 0; i < MANY; i++) {
        assert_item(&got->items[i], i, "1");
    }

    cr_assert(eq(int, bulk_delete(MANY)->error, DK_OK));
    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 0));
}

Test(redis_bulk, gives_an_item_for_every_key_also_for_missing_ones) {
    cr_assert(eq(int, redis_rig_put(&rig, "key1", "key1"), DK_OK));

    const struct redis_rig_call *got = bulk_get(3);

    cr_assert(eq(sz, got->item_count, 3));
    cr_assert(eq(ptr, (void *)got->items[0].data.data, NULL));
    assert_item(&got->items[1], 1, "1");
    cr_assert(eq(ptr, (void *)got->items[2].data.data, NULL));
    cr_assert(eq(sz, got->items[2].error.size, 0));
    cr_assert(dk_bytes_equal(got->items[2].key, dk_bytes_of("key2")));
}

Test(redis_bulk, reads_old_plain_values_in_between_in_order) {
    cr_assert(eq(int, bulk_set(2000)->error, DK_OK));
    for (int i = 0; i < 2000; i += 400) {
        redis_server_do(&server, "SET key%d key%d", i, i);
    }

    const struct redis_rig_call *got = bulk_get(2000);

    cr_assert(eq(sz, got->item_count, 2000));
    for (size_t i = 0; i < 2000; i++) {
        assert_item(&got->items[i], i, i % 400 == 0 ? "" : "1");
    }
}

Test(redis_bulk, names_the_error_of_one_item_and_reads_the_others) {
    cr_assert(eq(int, bulk_set(5)->error, DK_OK));
    redis_server_do(&server, "DEL key2");
    redis_server_do(&server, "RPUSH key2 x");
    redis_server_do(&server, "HDEL key3 version");

    const struct redis_rig_call *got = bulk_get(5);

    cr_assert(eq(int, got->error, DK_OK));
    cr_assert(ne(ptr, strstr(got->items[2].error.data, "WRONGTYPE"), NULL));
    cr_assert(ne(ptr, strstr(got->items[3].error.data, "required hash field"), NULL));
    assert_item(&got->items[4], 4, "1");
}

Test(redis_bulk, tells_times_to_live_of_the_right_items) {
    cr_assert(eq(int, bulk_set(3)->error, DK_OK));
    redis_server_do(&server, "EXPIRE key1 100");

    const struct redis_rig_call *got = bulk_get(3);

    cr_assert(eq(i64, got->items[0].expires_ms, 0));
    cr_assert(gt(i64, got->items[1].expires_ms, dk_clock_ms() + 90000));
    cr_assert(eq(i64, got->items[2].expires_ms, 0));
}

Test(redis_bulk, writes_what_can_be_written_beside_a_stale_etag) {
    cr_assert(eq(int, bulk_set(5)->error, DK_OK));
    sets[2].etag = dk_bytes_of("9");

    const struct redis_rig_call *call = bulk_set(5);

    cr_assert(eq(int, call->error, DK_ETAG_MISMATCH));
    cr_assert(ne(ptr, strstr(call->text, "4 of 5 items"), NULL), "%s", call->text);
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key2"), "1"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key4"), "2"));
}

Test(redis_bulk, writes_what_can_be_written_beside_bad_requests) {
    const struct dk_pair bad = {DK_BYTES("ttlInSeconds"), DK_BYTES("soon")};
    sets[0].metadata = (struct dk_pairs){&bad, 1};
    sets[4].etag = dk_bytes_of("x");

    cr_assert(eq(int, bulk_set(5)->error, DK_INVALID));

    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 3));
}

Test(redis_bulk, deletes_what_can_be_deleted_beside_a_stale_etag) {
    cr_assert(eq(int, bulk_set(5)->error, DK_OK));
    deletes[0].etag = dk_bytes_of("9");
    deletes[1].etag = dk_bytes_of("1");

    cr_assert(eq(int, bulk_delete(5)->error, DK_ETAG_MISMATCH));

    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 1));
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS key0"), 1));
}

Test(redis_bulk, puts_the_servers_trouble_before_a_stale_etag) {
    cr_assert(eq(int, bulk_set(5)->error, DK_OK));
    sets[1].etag = dk_bytes_of("9");
    redis_server_do(&server, "HSET key3 version odd");

    cr_assert(eq(int, bulk_set(5)->error, DK_INTERNAL));

    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key4"), "2"));
}

Test(redis_bulk, goes_on_when_the_server_has_forgotten_its_scripts) {
    redis_server_do(&server, "SCRIPT FLUSH");

    cr_assert(eq(int, bulk_set(MANY)->error, DK_OK));

    const struct redis_rig_call *got = bulk_get(MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_item(&got->items[i], i, "1");
    }
}

Test(redis_bulk, keeps_the_order_of_a_key_that_comes_again_over_a_forgotten_script) {
    for (size_t i = 0; i < 50; i++) {
        sets[i].key = dk_bytes_of("same");
    }
    redis_server_do(&server, "SCRIPT FLUSH");

    cr_assert(eq(int, bulk_set(50)->error, DK_OK));

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "same"), "key49"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "same"), "50"));
}

Test(redis_bulk, of_nothing_is_done) {
    cr_assert(eq(int, bulk_get(0)->error, DK_OK));
    cr_assert(eq(int, bulk_set(0)->error, DK_OK));
    cr_assert(eq(int, bulk_delete(0)->error, DK_OK));
}

Test(redis_bulk, works_through_a_link_with_little_room) {
    redis_rig_close(&rig);
    redis_rig_open_well(
        &rig, (const char *const[]){"redisHost", server.host, "inflightMax", "65", NULL});

    cr_assert(eq(int, bulk_set(1000)->error, DK_OK));
    const struct redis_rig_call *got = bulk_get(1000);

    cr_assert(eq(sz, got->item_count, 1000));
    for (size_t i = 0; i < 1000; i++) {
        assert_item(&got->items[i], i, "1");
    }
}

Test(redis_bulk, reads_on_where_it_was_when_the_connection_was_lost) {
    cr_assert(eq(int, bulk_set(MANY)->error, DK_OK));
    struct redis_rig_call *got =
        redis_rig_bulk_get(&rig, (struct dk_bulk_get){.items = gets, .count = MANY});
    redis_rig_turn(&rig);
    cr_assert(not(got->is_done));

    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    (void)redis_rig_wait(got);

    cr_assert(eq(int, got->error, DK_OK), "%s", got->text);
    cr_assert(eq(sz, got->item_count, MANY));
    for (size_t i = 0; i < MANY; i++) {
        assert_item(&got->items[i], i, "1");
    }
}

Test(redis_bulk, leaves_out_what_has_not_begun_when_the_caller_has_gone) {
    struct redis_rig_call *set_call =
        redis_rig_bulk_set(&rig, (struct dk_bulk_set){.items = sets, .count = MANY});
    struct redis_rig_call *get_call =
        redis_rig_bulk_get(&rig, (struct dk_bulk_get){.items = gets, .count = MANY});
    set_call->call.is_over = true;
    get_call->call.is_over = true;

    cr_assert(eq(int, redis_rig_wait(set_call)->error, DK_CANCELLED));
    cr_assert(eq(int, redis_rig_wait(get_call)->error, DK_CANCELLED));

    cr_assert(lt(int, (int)redis_server_number(&server, "DBSIZE"), MANY));
}

Test(redis_bulk, of_writes_says_how_many_are_sure_when_the_connection_is_lost) {
    redis_server_pause(&server);
    struct redis_rig_call *call =
        redis_rig_bulk_set(&rig, (struct dk_bulk_set){.items = sets, .count = MANY});
    redis_rig_turn(&rig);

    redis_server_kill(&server);
    (void)redis_rig_wait(call);

    cr_assert(eq(int, call->error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(call->text, "0 of 3000 items were written"), NULL), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "more may have been written"), NULL), "%s", call->text);
}
