#include "clients/redis/redis_config.h"

#include "core/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct dk__pool pool;
static struct dk__arena arena;
static struct redis_config config;
static struct redis_settings settings;
static struct dk_fault fault;

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

/* Name, value, …, NULL: parsed and resolved as the store does. */
static enum dk_error read_all(const char *const *properties) {
    struct dk_pair pairs[32];
    size_t count = 0;
    for (; properties[0] != NULL; properties += 2) {
        pairs[count++] = (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])};
    }
    const struct dk_pairs all = {pairs, count};
    memset(&config, 0, sizeof config);
    memset(&fault, 0, sizeof fault);
    const enum dk_error error = dk_options_parse(redis_options, all, &config, take, &arena, &fault);
    return error != DK_OK ? error : redis_settings_make(&config, all, &settings, &fault);
}

#define READ(...) read_all((const char *const[]){__VA_ARGS__, NULL})

static bool is_said(const char *words) {
    return strstr(fault.text, words) != NULL;
}

static void begin(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 1 << 20};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(redis_config, .init = begin, .fini = end);

Test(redis_config, has_the_defaults_of_the_built_in) {
    cr_assert(eq(int, READ("redisHost", "h"), DK_OK), "%s", fault.text);

    cr_assert(eq(int, settings.addresses[0].port, 6379));
    cr_assert(eq(i64, config.database, 0));
    cr_assert(eq(int, config.type, REDIS_NODE));
    cr_assert(not(config.failover));
    cr_assert(not(config.is_tls));
    cr_assert(not(config.is_tls_unverified));
    cr_assert(eq(i64, config.retries_max, 3));
    cr_assert(eq(i64, settings.retry_ms_min, 2000));
    cr_assert(eq(i64, settings.retry_ms_max, 512));
    cr_assert(eq(i64, settings.dial_timeout_ms, 5000));
    cr_assert(eq(i64, settings.read_timeout_ms, 3000));
    cr_assert(eq(i64, settings.write_timeout_ms, 3000));
    cr_assert(eq(i64, settings.wait_ms, 4000));
    cr_assert(eq(i64, config.ttl_s, REDIS_TTL_NONE));
    cr_assert(eq(uint, settings.reads_again_max, 1));
}

Test(redis_config, reads_names_in_any_case_and_durations_as_milliseconds) {
    cr_assert(
        eq(int,
           READ(
               "REDISHOST",
               "h",
               "ReadTimeout",
               "250",
               "dialtimeout",
               "1m30s",
               "redisdb",
               "7",
               "TTLInSeconds",
               "0"),
           DK_OK),
        "%s",
        fault.text);

    cr_assert(eq(i64, settings.read_timeout_ms, 250));
    cr_assert(eq(i64, settings.wait_ms, 1250));
    cr_assert(eq(i64, settings.dial_timeout_ms, 90000));
    cr_assert(eq(i64, config.database, 7));
    cr_assert(eq(i64, config.ttl_s, 0));
}

Test(redis_config, takes_minus_one_for_off) {
    cr_assert(
        eq(int,
           READ(
               "redisHost",
               "h",
               "readTimeout",
               "-1",
               "writeTimeout",
               "-1",
               "redisMaxRetries",
               "-1",
               "redisMinRetryInterval",
               "-1",
               "idleTimeout",
               "-1"),
           DK_OK),
        "%s",
        fault.text);

    cr_assert(eq(i64, settings.read_timeout_ms, 0));
    cr_assert(eq(i64, settings.write_timeout_ms, 0));
    cr_assert(eq(i64, settings.retry_ms_min, -1));
    cr_assert(eq(uint, settings.reads_again_max, 0));
}

Test(redis_config, knows_the_older_names) {
    cr_assert(eq(int, READ("redisHost", "h", "maxRetries", "0"), DK_OK));
    cr_assert(eq(uint, settings.reads_again_max, 0));

    cr_assert(eq(int, READ("redisHost", "h", "maxRetryBackoff", "100000000"), DK_OK));
    cr_assert(eq(i64, settings.retry_ms_min, 100));

    cr_assert(
        eq(int,
           READ("redisHost", "h", "maxRetryBackoff", "100000000", "redisMinRetryInterval", "3s"),
           DK_OK));
    cr_assert(eq(i64, settings.retry_ms_min, 3000));
}

Test(redis_config, names_every_fault_at_once) {
    cr_assert(
        eq(int, READ("redisDB", "x", "enableTLS", "maybe", "redisType", "clutser"), DK_INVALID));

    cr_assert(is_said("redisHost: is required"), "%s", fault.text);
    cr_assert(is_said("redisDB: 'x'"), "%s", fault.text);
    cr_assert(is_said("enableTLS: 'maybe'"), "%s", fault.text);
    cr_assert(is_said("redisType: 'clutser' is not one of node, cluster"), "%s", fault.text);
}

Test(redis_config, refuses_what_it_cannot_with_what_it_can) {
    cr_assert(
        eq(int,
           READ(
               "redisHost",
               "h",
               "redisType",
               "cluster",
               "useOIDC",
               "true",
               "useEntraID",
               "true",
               "queryIndexes",
               "[]"),
           DK_UNSUPPORTED));

    cr_assert(is_said("redisType: 'cluster' is not supported; node is"), "%s", fault.text);
    cr_assert(is_said("useOIDC: is not supported"), "%s", fault.text);
    cr_assert(is_said("useEntraID: is not supported"), "%s", fault.text);
    cr_assert(is_said("queryIndexes: "), "%s", fault.text);
}

Test(redis_config, checks_what_belongs_together) {
    cr_assert(eq(int, READ("redisHost", "a,b"), DK_INVALID));
    cr_assert(is_said("several hosts without failover"));

    cr_assert(eq(int, READ("redisHost", "a,b", "failover", "true"), DK_INVALID));
    cr_assert(is_said("sentinelMasterName: is required"));

    cr_assert(eq(int, READ("redisHost", "a", "redisUsername", "u"), DK_INVALID));
    cr_assert(is_said("redisUsername: needs a redisPassword"));

    cr_assert(eq(int, READ("redisHost", "a:1", "redisPort", "2"), DK_INVALID));
    cr_assert(is_said("but redisPort is set to 2"));
}

Test(redis_config, keeps_secrets_to_itself) {
    for (const struct dk_option *option = redis_options; option->name != NULL; option++) {
        const bool sounds_secret =
            strstr(option->name, "Password") != NULL || strstr(option->name, "Key") != NULL;
        cr_assert(eq(int, (option->flags & DK_SECRET) != 0, sounds_secret), "%s", option->name);
    }
}
