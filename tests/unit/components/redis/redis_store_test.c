/*
 * The store against a real Redis: what is written lies in the built-in's layout, reads back, and
 * every write has the built-in's outcome.
 */
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

TestSuite(redis_store, .init = begin, .fini = end);

Test(redis_store, writes_the_layout_of_the_built_in) {
    cr_assert(eq(int, redis_rig_put(&rig, "app||key", "value"), DK_OK));

    cr_assert(eq(int, (int)redis_server_number(&server, "HLEN app||key"), 2));
    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET app||key data"), "value"));
    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET app||key version"), "1"));
}

Test(redis_store, reads_what_it_wrote) {
    cr_assert(eq(int, redis_rig_put(&rig, "key", "one"), DK_OK));
    cr_assert(eq(int, redis_rig_put(&rig, "key", "two"), DK_OK));

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "two"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "2"));
}

Test(redis_store, reads_what_the_built_in_wrote) {
    redis_server_do(&server, "HSET key data %s version 41 first-write 0", "{\"a\":1}");

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "{\"a\":1}"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "41"));
}

Test(redis_store, reads_a_plain_string_of_an_older_dapr_without_an_etag) {
    redis_server_do(&server, "SET key old");

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "old"));
    cr_assert(eq(ptr, (void *)redis_rig_etag(&rig, "key"), NULL));
}

Test(redis_store, answers_a_missing_key_without_data) {
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "nothing"), NULL));
}

Test(redis_store, tells_an_empty_value_from_a_missing_one) {
    cr_assert(eq(int, redis_rig_put(&rig, "key", ""), DK_OK));

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), ""));
}

Test(redis_store, keeps_keys_and_values_to_the_byte) {
    char value[3000];
    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = (char)i;
    }
    const struct dk_set request = {
        .key = DK_BYTES("a\0b\r\n\xc3\xa4"), .value = {value, sizeof value}};
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, request))->error, DK_OK));

    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_get(&rig, (struct dk_get){.key = request.key}));

    cr_assert(eq(sz, call->items[0].data.size, sizeof value));
    cr_assert(eq(int, memcmp(call->items[0].data.data, value, sizeof value), 0));
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS a"), 0));
}

Test(redis_store, carries_values_of_megabytes) {
    const size_t size = (size_t)20 << 20;
    char *value = malloc(size);
    memset(value, 'v', size);
    const struct dk_set request = {.key = DK_BYTES("big"), .value = {value, size}};

    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, request))->error, DK_OK));

    const struct redis_rig_call *call =
        redis_rig_wait(redis_rig_get(&rig, (struct dk_get){.key = request.key}));
    cr_assert(eq(sz, call->items[0].data.size, size));
    cr_assert(eq(int, memcmp(call->items[0].data.data, value, size), 0));
    free(value);
}

Test(redis_store, calls_a_hash_that_is_no_state_an_error) {
    redis_server_do(&server, "HSET key data x");
    const struct dk_get request = {.key = DK_BYTES("key")};

    const struct redis_rig_call *call = redis_rig_wait(redis_rig_get(&rig, request));

    cr_assert(eq(int, call->error, DK_INTERNAL));
    cr_assert(
        ne(ptr, strstr(call->text, "required hash field 'data' or 'version' was not found"), NULL));
}

Test(redis_store, calls_another_type_an_error_in_get) {
    redis_server_do(&server, "RPUSH key x");
    const struct dk_get request = {.key = DK_BYTES("key")};

    const struct redis_rig_call *call = redis_rig_wait(redis_rig_get(&rig, request));

    cr_assert(eq(int, call->error, DK_INTERNAL));
    cr_assert(ne(ptr, strstr(call->text, "WRONGTYPE"), NULL), "%s", call->text);
}

/* ── the outcome table of set ───────────────────────────────────────────────────────────────── */

enum stored { ABSENT, UNMARKED, MARKED, OTHER };
enum asked { NO_ETAG, NO_ETAG_FIRST, CURRENT, STALE, STALE_LAST };

static void store(enum stored stored) {
    redis_server_do(&server, "DEL key");
    if (stored == UNMARKED) {
        redis_server_do(&server, "HSET key data old version 3");
    } else if (stored == MARKED) {
        redis_server_do(&server, "HSET key data old version 3 first-write 0");
    } else if (stored == OTHER) {
        redis_server_do(&server, "RPUSH key old");
    }
}

static enum dk_error set(enum asked asked) {
    struct dk_set request = {.key = DK_BYTES("key"), .value = DK_BYTES("new")};
    if (asked == CURRENT) {
        request.etag = dk_bytes_of("3");
    } else if (asked == STALE || asked == STALE_LAST) {
        request.etag = dk_bytes_of("2");
    }
    request.concurrency = asked == NO_ETAG_FIRST ? DK_FIRST_WRITE
                          : asked == STALE_LAST  ? DK_LAST_WRITE
                                                 : DK_CONCURRENCY_UNSPECIFIED;
    return redis_rig_wait(redis_rig_set(&rig, request))->error;
}

Test(redis_store, set_has_the_outcome_of_the_built_in_in_every_state) {
    static const struct {
        enum stored stored;
        enum asked asked;
        int version; /* afterwards; 0: refused, and all is as it was */
        bool is_marked;
    } rows[] = {
        {ABSENT, NO_ETAG, 1, false},        {ABSENT, NO_ETAG_FIRST, 1, true},
        {ABSENT, CURRENT, 1, false},        {ABSENT, STALE, 1, false},
        {ABSENT, STALE_LAST, 1, false},     {UNMARKED, NO_ETAG, 4, false},
        {UNMARKED, NO_ETAG_FIRST, 4, true}, {UNMARKED, CURRENT, 4, false},
        {UNMARKED, STALE, 0, false},        {UNMARKED, STALE_LAST, 4, false},
        {MARKED, NO_ETAG, 0, true},         {MARKED, NO_ETAG_FIRST, 0, true},
        {MARKED, CURRENT, 4, true},         {MARKED, STALE, 0, true},
        {MARKED, STALE_LAST, 0, true},      {OTHER, NO_ETAG, 1, false},
        {OTHER, NO_ETAG_FIRST, 1, true},    {OTHER, CURRENT, 1, false},
        {OTHER, STALE, 1, false},           {OTHER, STALE_LAST, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool is_refused = rows[i].version == 0;
        char version[16];
        (void)snprintf(version, sizeof version, "%d", is_refused ? 3 : rows[i].version);
        store(rows[i].stored);

        const enum dk_error error = set(rows[i].asked);

        cr_assert(eq(int, error, is_refused ? DK_ETAG_MISMATCH : DK_OK), "row %zu", i);
        cr_assert(
            eq(str, (char *)redis_server_text(&server, "HGET key version"), version), "row %zu", i);
        cr_assert(
            eq(str,
               (char *)redis_server_text(&server, "HGET key data"),
               is_refused ? "old" : "new"),
            "row %zu",
            i);
        cr_assert(
            eq(int,
               (int)redis_server_number(&server, "HEXISTS key first-write"),
               rows[i].is_marked),
            "row %zu",
            i);
    }
}

Test(redis_store, delete_has_the_outcome_of_the_built_in_in_every_state) {
    static const struct {
        enum stored stored;
        const char *etag;
        bool is_refused;
    } rows[] = {
        {ABSENT, "", false},
        {ABSENT, "2", false},
        {UNMARKED, "", false},
        {UNMARKED, "3", false},
        {UNMARKED, "2", true},
        {UNMARKED, "text", true},
        {MARKED, "", false},
        {MARKED, "3", false},
        {MARKED, "2", true},
        {OTHER, "", false},
        {OTHER, "2", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        store(rows[i].stored);
        const struct dk_delete request = {
            .key = DK_BYTES("key"), .etag = dk_bytes_of(rows[i].etag)};

        const enum dk_error error = redis_rig_wait(redis_rig_delete(&rig, request))->error;

        cr_assert(eq(int, error, rows[i].is_refused ? DK_ETAG_MISMATCH : DK_OK), "row %zu", i);
        cr_assert(
            eq(int, (int)redis_server_number(&server, "EXISTS key"), rows[i].is_refused),
            "row %zu",
            i);
    }
}

Test(redis_store, refuses_an_etag_that_is_no_integer_unless_the_last_write_wins) {
    struct dk_set request = {
        .key = DK_BYTES("key"), .value = DK_BYTES("v"), .etag = DK_BYTES("1x")};

    const struct redis_rig_call *call = redis_rig_wait(redis_rig_set(&rig, request));
    cr_assert(eq(int, call->error, DK_ETAG_INVALID));
    cr_assert(ne(ptr, strstr(call->text, "'1x'"), NULL), "%s", call->text);
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS key"), 0));

    request.concurrency = DK_LAST_WRITE;
    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, request))->error, DK_OK));
}

Test(redis_store, leaves_a_key_alone_whose_version_cannot_be_counted) {
    redis_server_do(&server, "HSET key data old version abc");

    cr_assert(eq(int, redis_rig_put(&rig, "key", "new"), DK_INTERNAL));

    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET key data"), "old"));
}

Test(redis_store, counts_versions_far) {
    redis_server_do(&server, "HSET key data old version 999999999999998");

    cr_assert(eq(int, redis_rig_put_if(&rig, "key", "new", "999999999999998"), DK_OK));

    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET key version"), "999999999999999"));
}

Test(redis_store, takes_an_empty_version_for_a_missing_one) {
    redis_server_do(&server, "HSET key data old version %s", "");

    cr_assert(eq(int, redis_rig_put_if(&rig, "key", "new", "7"), DK_OK));

    cr_assert(eq(str, (char *)redis_server_text(&server, "HGET key version"), "1"));
}

/* ── scripts ────────────────────────────────────────────────────────────────────────────────── */

Test(redis_store, goes_on_when_the_server_has_forgotten_its_scripts) {
    redis_server_do(&server, "SCRIPT FLUSH");
    struct redis_rig_call *set_call =
        redis_rig_set(&rig, (struct dk_set){.key = DK_BYTES("a"), .value = DK_BYTES("1")});
    struct redis_rig_call *delete_call =
        redis_rig_delete(&rig, (struct dk_delete){.key = DK_BYTES("b")});

    cr_assert(eq(int, redis_rig_wait(set_call)->error, DK_OK), "%s", set_call->text);
    cr_assert(eq(int, redis_rig_wait(delete_call)->error, DK_OK), "%s", delete_call->text);

    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "a"), "1")); /* written once */
}

Test(redis_store, sends_the_sum_and_not_the_text_of_a_script) {
    redis_server_do(&server, "CONFIG RESETSTAT");

    cr_assert(eq(int, redis_rig_put(&rig, "a", "1"), DK_OK));

    struct redisReply *info = redis_server_ask(&server, "INFO commandstats");
    cr_assert(ne(ptr, strstr(info->str, "cmdstat_evalsha:calls=1,"), NULL), "%s", info->str);
    cr_assert(eq(ptr, strstr(info->str, "cmdstat_eval:"), NULL), "%s", info->str);
    freeReplyObject(info);
}

Test(redis_store, answers_ping) {
    cr_assert(eq(int, redis_rig_wait(redis_rig_ping(&rig))->error, DK_OK));
}

Test(redis_store, keeps_calls_of_one_key_in_their_order) {
    enum { COUNT = 200 };
    struct redis_rig_call *calls[COUNT];
    static char values[COUNT][8];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(values[i], sizeof values[i], "%d", i);
        calls[i] = redis_rig_set(
            &rig, (struct dk_set){.key = DK_BYTES("key"), .value = dk_bytes_of(values[i])});
    }
    for (int i = 0; i < COUNT; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK));
    }

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "199"));
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "200"));
}
