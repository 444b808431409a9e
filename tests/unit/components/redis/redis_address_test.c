#include "clients/redis/redis_address.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct redis_address addresses[REDIS_ADDRESSES_MAX];
static size_t count;
static struct dk_fault fault;

static enum dk_error parse(const char *text, int64_t port) {
    memset(&fault, 0, sizeof fault);
    return redis_addresses_parse(text, port, addresses, &count, &fault);
}

static bool is_said(const char *words) {
    return strstr(fault.text, words) != NULL;
}

Test(redis_address, reads_host_and_port) {
    cr_assert(eq(int, parse("redis.example:7000", 0), DK_OK));

    cr_assert(eq(sz, count, 1));
    cr_assert(eq(str, addresses[0].host, "redis.example"));
    cr_assert(eq(int, addresses[0].port, 7000));
}

Test(redis_address, without_a_port_means_6379_or_redis_port) {
    cr_assert(eq(int, parse("a", 0), DK_OK));
    cr_assert(eq(int, addresses[0].port, 6379));

    cr_assert(eq(int, parse("a", 7001), DK_OK));
    cr_assert(eq(int, addresses[0].port, 7001));
}

Test(redis_address, reads_a_list_with_blanks) {
    cr_assert(eq(int, parse(" a:9 ,\tb , c\n", 9), DK_OK));

    cr_assert(eq(sz, count, 3));
    cr_assert(eq(str, addresses[1].host, "b"));
    cr_assert(eq(str, addresses[2].host, "c"));
    cr_assert(eq(int, addresses[1].port, 9));
    cr_assert(eq(int, addresses[2].port, 9));
}

Test(redis_address, reads_ipv6_with_and_without_brackets) {
    cr_assert(eq(int, parse("[::1]:7000", 0), DK_OK));
    cr_assert(eq(str, addresses[0].host, "::1"));
    cr_assert(eq(int, addresses[0].port, 7000));
    cr_assert(eq(str, redis_address_text(&addresses[0]).text, "[::1]:7000"));

    cr_assert(eq(int, parse("fe80::1", 0), DK_OK));
    cr_assert(eq(str, addresses[0].host, "fe80::1"));
    cr_assert(eq(int, addresses[0].port, 6379));
}

Test(redis_address, reads_a_path) {
    cr_assert(eq(int, parse("/run/redis.sock", 0), DK_OK));

    cr_assert(redis_address_is_path(&addresses[0]));
    cr_assert(eq(str, redis_address_text(&addresses[0]).text, "/run/redis.sock"));
}

Test(redis_address, refuses_a_port_that_differs_from_redis_port) {
    cr_assert(eq(int, parse("a:7000", 7001), DK_INVALID));

    cr_assert(is_said("'a:7000' already contains port 7000, but redisPort is set to 7001"));
    cr_assert(eq(int, parse("a:7000", 7000), DK_OK));
}

Test(redis_address, refuses_what_is_no_address) {
    static const char *const wrong[] = {
        "", "a,,b", "a:", "a:0", "a:65536", "a:x", ":1", "[::1", "[::1]x", "[]:1", "a, "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(eq(int, parse(wrong[i], 0), DK_INVALID), "'%s'", wrong[i]);
        cr_assert(is_said("redisHost: "), "'%s': %s", wrong[i], fault.text);
    }
}

Test(redis_address, refuses_names_and_lists_over_their_bounds) {
    char long_name[400];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';

    cr_assert(eq(int, parse(long_name, 0), DK_INVALID));
    cr_assert(eq(int, parse("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", 0), DK_OK));
    cr_assert(eq(int, parse("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", 0), DK_INVALID));
}
