/* Rows and a map in, a configuration out: every type, every fault, in words. */
#include "core/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/option.h>
#include <string.h>

enum color { RED, GREEN, BLUE };

struct config {
    const char *host, *password, *plain, *user;
    bool tls, retry;
    int64_t db, port, pin;
    int64_t timeout_ms, lease_ms;
    int color;
};

#define AT(member, ctype) DK_FIELD(struct config, member, ctype)

static const char *const colors[] = {"red", "green", "blue", NULL};
static const char *const host_aliases[] = {"server", "address", NULL};

static const struct dk_option options[] = {
    {"redisHost", DK_TEXT, AT(host, const char *), NULL, 3, 10, DK_REQUIRED, "h", host_aliases},
    {"redisPassword", DK_TEXT, AT(password, const char *), NULL, 0, 4, DK_SECRET, "h"},
    {"plain", DK_TEXT, AT(plain, const char *), NULL, 0, 0, 0, "h"},
    {"user", DK_TEXT, AT(user, const char *), "default", 0, 0, 0, "h"},
    {"enableTLS", DK_BOOL, AT(tls, bool), "false", 0, 0, 0, "h"},
    {"retry", DK_TRUTHY, AT(retry, bool), "true", 0, 0, 0, "h"},
    {"redisDB", DK_INT, AT(db, int64_t), "0", 0, 0, 0, "h"},
    {"redisPort", DK_INT, AT(port, int64_t), "6379", 1, 65535, 0, "h"},
    {"pin", DK_INT, AT(pin, int64_t), NULL, 1, 9999, DK_SECRET, "h"},
    {"dialTimeout",
     DK_DURATION_MS,
     AT(timeout_ms, int64_t),
     "5s",
     1,
     60000,
     0,
     "h",
     .sentinel = "-1",
     .sentinel_value = -1},
    {"lease", DK_DURATION_S, AT(lease_ms, int64_t), "60", 0, 0, 0, "h"},
    {"color", DK_ENUM, AT(color, int), "green", 0, 0, 0, "h", .words = colors},
    DK_OPTION_END,
};

static struct dk__pool pool;
static struct dk__arena arena;
static struct config config;
static struct dk_fault fault;

static void start(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 4096};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(option, .init = start, .fini = end);

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static enum dk_error parse_pairs(const struct dk_pair *pairs, size_t count) {
    config = (struct config){0};
    fault = (struct dk_fault){0};
    return dk_options_parse(
        options, (struct dk_pairs){.items = pairs, .count = count}, &config, take, &arena, &fault);
}

static enum dk_error parse_words(const char *const *words) {
    struct dk_pair pairs[32];
    size_t count = 0;
    for (; words[0] != NULL; words += 2) {
        pairs[count++] = (struct dk_pair){dk_bytes_of(words[0]), dk_bytes_of(words[1])};
    }
    return parse_pairs(pairs, count);
}

#define PARSE(...) parse_words((const char *const[]){__VA_ARGS__, NULL})
/* With the required one, so that only the other's fault is told. */
#define PARSE_ONE(name, value) PARSE("redisHost", "a:1", name, value)

Test(option, has_its_default_when_it_is_absent) {
    cr_assert(eq(int, PARSE("redisHost", "a:1"), DK_OK), "%s", fault.text);

    cr_assert(eq(str, (char *)config.host, "a:1"));
    cr_assert(eq(ptr, (void *)config.plain, NULL));
    cr_assert(eq(str, (char *)config.user, "default"));
    cr_assert(eq(int, config.tls, false));
    cr_assert(eq(i64, config.port, 6379));
    cr_assert(eq(i64, config.timeout_ms, 5000));
    cr_assert(eq(i64, config.lease_ms, 60000));
    cr_assert(eq(int, config.color, GREEN));
}

Test(option, is_read_in_every_type) {
    cr_assert(
        eq(int,
           PARSE(
               "redisHost",
               "b:22",
               "redisPassword",
               "s3",
               "enableTLS",
               "T",
               "redisDB",
               "-7",
               "redisPort",
               "65535",
               "dialTimeout",
               "1m",
               "lease",
               "90",
               "color",
               "BLUE",
               "plain",
               "any text at all"),
           DK_OK),
        "%s",
        fault.text);

    cr_assert(eq(str, (char *)config.host, "b:22"));
    cr_assert(eq(str, (char *)config.password, "s3"));
    cr_assert(eq(int, config.tls, true));
    cr_assert(eq(i64, config.db, -7));
    cr_assert(eq(i64, config.port, 65535));
    cr_assert(eq(i64, config.timeout_ms, 60000));
    cr_assert(eq(i64, config.lease_ms, 90000));
    cr_assert(eq(int, config.color, BLUE));
    cr_assert(eq(str, (char *)config.plain, "any text at all"));
}

Test(option, copies_its_text) {
    char value[] = "a:1";
    const struct dk_pair pair = {DK_BYTES("redisHost"), {value, 3}};
    cr_assert(eq(int, parse_pairs(&pair, 1), DK_OK));

    memset(value, 'x', sizeof value);

    cr_assert(eq(str, (char *)config.host, "a:1"));
}

Test(option, knows_go_s_words_for_true_and_false) {
    static const char *const truths[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const lies[] = {"0", "f", "F", "FALSE", "false", "False"};
    static const char *const neither[] = {"yes", "on", "tRUE", "2", " true", "truely", "y"};
    for (size_t i = 0; i < 6; i++) {
        cr_assert(eq(int, PARSE_ONE("enableTLS", truths[i]), DK_OK));
        cr_assert(config.tls, "%s", truths[i]);
        cr_assert(eq(int, PARSE_ONE("enableTLS", lies[i]), DK_OK));
        cr_assert(not(config.tls), "%s", lies[i]);
    }
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++) {
        cr_assert(eq(int, PARSE_ONE("enableTLS", neither[i]), DK_INVALID), "%s", neither[i]);
    }
    cr_assert(eq(str, fault.text, "enableTLS: 'y' is not true or false"));
}

Test(option, is_found_whatever_the_case_of_its_name) {
    cr_assert(eq(int, PARSE("REDIShost", "a:1"), DK_OK));

    cr_assert(eq(str, (char *)config.host, "a:1"));
}

Test(option, ignores_names_nobody_knows) {
    cr_assert(
        eq(int, PARSE("redisHost", "a:1", "redisHosts", "x", "", "y", "redisHos", "z"), DK_OK));

    cr_assert(eq(str, (char *)config.host, "a:1"));
}

Test(option, is_absent_when_it_is_empty) {
    cr_assert(eq(int, PARSE("redisHost", "a:1", "redisPort", "", "color", "", "user", ""), DK_OK));
    cr_assert(eq(i64, config.port, 6379));
    cr_assert(eq(int, config.color, GREEN));
    cr_assert(eq(str, (char *)config.user, "default"));

    cr_assert(eq(int, PARSE("redisHost", ""), DK_INVALID));
    cr_assert(eq(str, fault.text, "redisHost: is required"));
}

Test(option, takes_an_alias_only_when_its_own_name_is_absent_or_empty) {
    cr_assert(eq(int, PARSE("ADDRESS", "c:3"), DK_OK));
    cr_assert(eq(str, (char *)config.host, "c:3"));

    cr_assert(eq(int, PARSE("address", "c:3", "server", "b:2"), DK_OK));
    cr_assert(eq(str, (char *)config.host, "b:2"));

    cr_assert(eq(int, PARSE("server", "b:2", "redisHost", "a:1"), DK_OK));
    cr_assert(eq(str, (char *)config.host, "a:1"));

    cr_assert(eq(int, PARSE("server", "b:2", "redisHost", ""), DK_OK));
    cr_assert(eq(str, (char *)config.host, "b:2"));
}

Test(option, must_not_be_there_in_two_cases) {
    cr_assert(eq(int, PARSE("redisHost", "a:1", "RedisHost", "b:2"), DK_INVALID));
    cr_assert(eq(str, fault.text, "redisHost: is there twice, as 'redisHost' and as 'RedisHost'"));

    cr_assert(eq(int, PARSE("server", "a:1", "SERVER", "b:2"), DK_INVALID));
    cr_assert(eq(str, fault.text, "server: is there twice, as 'server' and as 'SERVER'"));
}

Test(option, has_bounds_that_belong_to_it) {
    static const struct {
        const char *name, *value, *words;
    } rows[] = {
        {"redisPort", "1", NULL},
        {"redisPort", "65535", NULL},
        {"redisPort", "0", "redisPort: 0 is outside 1 … 65535"},
        {"redisPort", "65536", "redisPort: 65536 is outside 1 … 65535"},
        {"dialTimeout", "1ms", NULL},
        {"dialTimeout", "60000", NULL},
        {"dialTimeout", "999us", "dialTimeout: 0 ms is outside 1 … 60000 ms"},
        {"dialTimeout", "61s", "dialTimeout: 61000 ms is outside 1 … 60000 ms"},
        {"dialTimeout", "-1", NULL}, /* its sentinel */
        {"dialTimeout", "-2", "dialTimeout: -2 ms is outside 1 … 60000 ms"},
        {"lease", "-5h", NULL}, /* no bounds */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool is_good = rows[i].words == NULL;
        cr_assert(
            eq(int, PARSE_ONE(rows[i].name, rows[i].value), is_good ? DK_OK : DK_INVALID),
            "%s=%s: %s",
            rows[i].name,
            rows[i].value,
            fault.text);
        cr_assert(is_good || strcmp(fault.text, rows[i].words) == 0, "%s", fault.text);
    }
    cr_assert(eq(int, PARSE_ONE("dialTimeout", "-1"), DK_OK));
    cr_assert(eq(i64, config.timeout_ms, -1));
}

Test(option, counts_the_bytes_of_a_text) {
    cr_assert(eq(int, PARSE("redisHost", "ab"), DK_INVALID));
    cr_assert(eq(str, fault.text, "redisHost: 2 bytes is outside 3 … 10 bytes"));
    cr_assert(eq(int, PARSE("redisHost", "0123456789"), DK_OK));
    cr_assert(eq(int, PARSE("redisHost", "0123456789a"), DK_INVALID));
}

Test(option, says_what_it_is_not) {
    static const struct {
        const char *name, *value, *words;
    } rows[] = {
        {"redisDB", "x", "redisDB: 'x' is not an integer"},
        {"redisDB", "1.5", "redisDB: '1.5' is not an integer"},
        {"redisDB", "9223372036854775808", "redisDB: '9223372036854775808' is not an integer"},
        {"dialTimeout", "soon", "dialTimeout: 'soon' is no duration such as 500ms, 3s or 1h30m"},
        {"color", "pink", "color: 'pink' is not one of red, green, blue"},
        {"enableTLS", "maybe", "enableTLS: 'maybe' is not true or false"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, PARSE_ONE(rows[i].name, rows[i].value), DK_INVALID));
        cr_assert(eq(str, fault.text, (char *)rows[i].words));
    }
}

Test(option, refuses_a_nul_byte_in_a_text) {
    const struct dk_pair pair = {DK_BYTES("redisHost"), DK_BYTES("a\0b:1")};

    cr_assert(eq(int, parse_pairs(&pair, 1), DK_INVALID));

    cr_assert(eq(str, fault.text, "redisHost: has a NUL byte"));
}

Test(option, tells_no_secret) {
    cr_assert(eq(int, PARSE_ONE("pin", "x4711"), DK_INVALID));
    cr_assert(eq(str, fault.text, "pin: '***' is not an integer"));

    cr_assert(eq(int, PARSE_ONE("pin", "47110815"), DK_INVALID));
    cr_assert(eq(ptr, strstr(fault.text, "4711"), NULL), "%s", fault.text);
    cr_assert(eq(int, strncmp(fault.text, "pin: '***' is outside 1", 23), 0));

    cr_assert(eq(int, PARSE_ONE("redisPassword", "hunter2"), DK_INVALID));
    cr_assert(eq(ptr, strstr(fault.text, "hunter2"), NULL), "%s", fault.text);

    cr_assert(
        eq(int,
           PARSE("redisHost", "a:1", "redisPassword", "abc", "REDISPASSWORD", "xyz"),
           DK_INVALID));
    cr_assert(eq(ptr, strstr(fault.text, "abc"), NULL), "%s", fault.text);
    cr_assert(eq(ptr, strstr(fault.text, "xyz"), NULL), "%s", fault.text);
}

Test(option, tells_every_fault_of_a_map_at_once) {
    cr_assert(eq(int, PARSE("redisDB", "x", "redisPort", "0", "color", "pink"), DK_INVALID));

    cr_assert(
        eq(str,
           fault.text,
           "redisHost: is required; redisDB: 'x' is not an integer; "
           "redisPort: 0 is outside 1 … 65535; color: 'pink' is not one of red, green, blue"));
}

Test(option, shows_a_long_value_in_part) {
    char value[1000];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';

    cr_assert(eq(int, PARSE_ONE("redisDB", value), DK_INVALID));

    cr_assert(lt(sz, strlen(fault.text), 260));
}

Test(option, needs_memory_for_its_text) {
    arena.bytes_max = 7; /* "a:1" fits, "default" does not */

    cr_assert(eq(int, PARSE("redisHost", "a:1"), DK_EXHAUSTED));

    cr_assert(eq(str, fault.text, "user: no memory for it"));
}

Test(option, may_have_no_rows) {
    cr_assert(eq(
        int, dk_options_parse(NULL, (struct dk_pairs){0}, &config, take, &arena, &fault), DK_OK));
}

Test(option, reads_truthy_words_and_takes_all_others_for_false) {
    static const char *const truths[] = {"y", "YES", "True", "t", "On", "1", " true\n"};
    static const char *const others[] = {"n", "off", "0", "false", "truee", " ", "enabled"};

    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        cr_assert(eq(int, PARSE("redisHost", "host", "retry", truths[i]), DK_OK));
        cr_assert(config.retry, "'%s'", truths[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert(eq(int, PARSE("redisHost", "host", "retry", others[i]), DK_OK));
        cr_assert(not(config.retry), "'%s'", others[i]);
    }
    cr_assert(eq(int, PARSE("redisHost", "host"), DK_OK));
    cr_assert(config.retry, "the default");
}
