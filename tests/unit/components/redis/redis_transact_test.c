/*
 * Transactions: all or nothing, in order, each operation seeing the ones before it.
 */
#include "statestore/redis/redis_store.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct redis_server server;
static struct redis_rig rig;

static void begin(void) {
    redis_server_start(&server, NULL);
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, NULL});
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_transact, .init = begin, .fini = end);

static struct dk_operation set(const char *key, const char *value, const char *etag) {
    return (struct dk_operation){
        .set = {.key = dk_bytes_of(key), .value = dk_bytes_of(value), .etag = dk_bytes_of(etag)}};
}

static struct dk_operation delete (const char *key, const char *etag) {
    return (struct dk_operation){
        .is_delete = true, .remove = {.key = dk_bytes_of(key), .etag = dk_bytes_of(etag)}};
}

static struct redis_rig_call *transact(const struct dk_operation *operations, size_t count) {
    return redis_rig_wait(
        redis_rig_transact(&rig, (struct dk_transact){.operations = operations, .count = count}));
}

#define TRANSACT(...)                               \
    transact(                                       \
        (const struct dk_operation[]){__VA_ARGS__}, \
        sizeof((const struct dk_operation[]){__VA_ARGS__}) / sizeof(struct dk_operation))

Test(redis_transact, applies_all_in_order) {
    const struct redis_rig_call *call =
        TRANSACT(delete ("k1", ""), set("k2", "a", ""), delete ("k2", ""), set("k3", "b", ""));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "k2"), NULL));
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "k3"), "b"));
}

Test(redis_transact, writes_nothing_when_one_operation_is_refused) {
    cr_assert(eq(int, redis_rig_put(&rig, "k2", "old"), DK_OK));
    redis_server_do(&server, "RPUSH k4 list");

    const struct redis_rig_call *call = TRANSACT(
        set("k1", "new", ""), set("k4", "new", ""), set("k2", "new", "9"), delete ("k3", ""));

    cr_assert(eq(int, call->error, DK_ETAG_MISMATCH));
    cr_assert(ne(ptr, strstr(call->text, "'k2'"), NULL), "%s", call->text);
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "k1"), NULL));
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "k2"), "old"));
    cr_assert(eq(str, (char *)redis_server_text(&server, "TYPE k4"), "list"));
}

Test(redis_transact, counts_a_key_that_comes_again) {
    const struct redis_rig_call *call =
        TRANSACT(set("k", "a", ""), set("k", "b", ""), set("k", "c", "2"));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "k"), "c"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "k"), "3"));
}

Test(redis_transact, refuses_an_etag_that_an_earlier_operation_made_stale) {
    cr_assert(eq(int, redis_rig_put(&rig, "k", "old"), DK_OK));

    const struct redis_rig_call *call = TRANSACT(set("k", "a", "1"), set("k", "b", "1"));

    cr_assert(eq(int, call->error, DK_ETAG_MISMATCH));
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "k"), "old"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "k"), "1"));
}

Test(redis_transact, starts_versions_anew_after_a_delete) {
    cr_assert(eq(int, redis_rig_put(&rig, "k", "old"), DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "k", "old"), DK_OK));

    const struct redis_rig_call *call = TRANSACT(delete ("k", "2"), set("k", "new", ""));

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "k"), "1"));
}

Test(redis_transact, obeys_a_first_write_mark_and_never_makes_one) {
    redis_server_do(&server, "HSET marked data old version 1 first-write 0");
    struct dk_operation first = set("plain", "x", "");
    first.set.concurrency = DK_FIRST_WRITE;

    cr_assert(eq(int, TRANSACT(set("marked", "new", ""))->error, DK_ETAG_MISMATCH));
    cr_assert(eq(int, TRANSACT(set("marked", "new", "1"))->error, DK_OK));
    cr_assert(eq(int, transact(&first, 1)->error, DK_OK));

    cr_assert(eq(int, (int)redis_server_number(&server, "HEXISTS plain first-write"), 0));
}

Test(redis_transact, sets_and_takes_times_to_live) {
    const struct dk_pair long_ttl = {DK_BYTES("ttlInSeconds"), DK_BYTES("100")};
    const struct dk_pair no_ttl = {DK_BYTES("ttlInSeconds"), DK_BYTES("-1")};
    struct dk_operation with = set("with", "v", ""), without = set("without", "v", "");
    with.set.metadata = (struct dk_pairs){&long_ttl, 1};
    without.set.metadata = (struct dk_pairs){&no_ttl, 1};
    redis_server_do(&server, "HSET without data v version 1");
    redis_server_do(&server, "EXPIRE without 100");
    redis_server_do(&server, "HSET kept data v version 1");
    redis_server_do(&server, "EXPIRE kept 100");

    cr_assert(eq(int, TRANSACT(with, without, set("kept", "w", ""))->error, DK_OK));

    cr_assert(gt(int, (int)redis_server_number(&server, "TTL with"), 98));
    cr_assert(eq(int, (int)redis_server_number(&server, "TTL without"), -1));
    cr_assert(gt(int, (int)redis_server_number(&server, "TTL kept"), 98));
}

Test(redis_transact, replaces_a_key_of_another_type) {
    redis_server_do(&server, "SET k old");

    cr_assert(eq(int, TRANSACT(set("k", "new", "7"))->error, DK_OK));

    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "k"), "1"));
}

Test(redis_transact, writes_nothing_when_a_version_cannot_be_counted) {
    redis_server_do(&server, "HSET odd data old version x");

    const struct redis_rig_call *call = TRANSACT(set("k", "new", ""), set("odd", "new", ""));

    cr_assert(eq(int, call->error, DK_INTERNAL));
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "k"), NULL));
}

Test(redis_transact, writes_nothing_when_the_server_is_out_of_memory) {
    cr_assert(eq(int, redis_rig_put(&rig, "k1", "old"), DK_OK));
    redis_server_do(&server, "CONFIG SET maxmemory 100kb");

    const struct redis_rig_call *call = TRANSACT(set("k1", "new", ""), set("k2", "new", ""));

    cr_assert(eq(int, call->error, DK_EXHAUSTED), "%s", call->text);
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "k1"), "old"));
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "k2"), NULL));
}

Test(redis_transact, writes_nothing_when_the_user_lacks_a_right_halfway) {
    redis_server_do(
        &server,
        "ACL SETUSER limited on >secret ~* +ping +info +script +evalsha +eval +hset +hmget +hget "
        "+hgetall +pttl +get");
    redis_rig_close(&rig);
    redis_rig_open_well(
        &rig,
        (const char *const[]){
            "redisHost", server.host, "redisUsername", "limited", "redisPassword", "secret", NULL});

    const struct redis_rig_call *call = TRANSACT(set("k1", "new", ""), delete ("k2", ""));

    cr_assert(eq(int, call->error, DK_DENIED), "%s", call->text);
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "k1"), NULL));
}

Test(redis_transact, goes_on_when_the_server_has_forgotten_its_scripts) {
    redis_server_do(&server, "SCRIPT FLUSH");

    cr_assert(eq(int, TRANSACT(set("k", "v", ""))->error, DK_OK));

    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "k"), "1"));
}

Test(redis_transact, of_nothing_is_done) {
    cr_assert(eq(int, transact(NULL, 0)->error, DK_OK));
}

Test(redis_transact, takes_as_many_as_its_bound_and_no_more) {
    const size_t count = REDIS_TRANSACTION_OPERATIONS_MAX + 1;
    struct dk_operation *operations = calloc(count, sizeof *operations);
    char(*keys)[16] = calloc(count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key%zu", i);
        operations[i] = set(keys[i], "v", "");
    }

    cr_assert(eq(int, transact(operations, count)->error, DK_INVALID));
    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 0));

    const struct redis_rig_call *call = transact(operations, count - 1);
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), (int)count - 1));
    free(operations);
    free(keys);
}

Test(redis_transact, refuses_a_bad_request_before_anything_is_sent) {
    const struct dk_pair bad = {DK_BYTES("ttlInSeconds"), DK_BYTES("soon")};
    struct dk_operation with = set("k2", "v", "");
    with.set.metadata = (struct dk_pairs){&bad, 1};

    cr_assert(eq(int, TRANSACT(set("k1", "v", ""), with)->error, DK_INVALID));
    cr_assert(eq(int, TRANSACT(set("k1", "v", ""), set("k2", "v", "x"))->error, DK_ETAG_INVALID));

    cr_assert(eq(int, (int)redis_server_number(&server, "DBSIZE"), 0));
}
