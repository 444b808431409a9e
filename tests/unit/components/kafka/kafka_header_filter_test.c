#include "clients/kafka/kafka_header_filter.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct kafka_header_filter *filter_of(const char *expression) {
    struct dk_fault fault = {.error = DK_OK};
    struct kafka_header_filter *filter = NULL;
    cr_assert(
        eq(int, kafka_header_filter_new(expression, &filter, &fault), DK_OK), "%s", fault.text);
    return filter;
}

static bool matches(const char *expression, struct dk_bytes name) {
    struct kafka_header_filter *filter = filter_of(expression);
    const bool is_match = kafka_header_filter_matches(filter, name);
    kafka_header_filter_free(filter);
    return is_match;
}

Test(kafka_header_filter, searches_a_name_for_its_expression) {
    cr_assert(matches("secret|^x-", dk_bytes_of("my-secret-1")));
    cr_assert(matches("secret|^x-", dk_bytes_of("x-1")));
    cr_assert(not(matches("secret|^x-", dk_bytes_of("ax-1"))));
    cr_assert(not(matches("Secret", dk_bytes_of("secret"))));
    cr_assert(matches("(?i)Secret", dk_bytes_of("secret")));
}

Test(kafka_header_filter, matches_nothing_without_an_expression) {
    cr_assert(not(matches("", dk_bytes_of("x"))));
    cr_assert(not(matches(NULL, (struct dk_bytes){0})));
}

Test(kafka_header_filter, takes_names_of_any_bytes) {
    cr_assert(matches("^a", (struct dk_bytes){"a\xFF\x00", 3}));
    cr_assert(matches("^$", (struct dk_bytes){0}));
}

Test(kafka_header_filter, names_what_is_wrong_with_an_expression) {
    struct dk_fault fault = {.error = DK_OK};
    struct kafka_header_filter *filter = NULL;

    cr_assert(eq(int, kafka_header_filter_new("a(b", &filter, &fault), DK_INVALID));

    cr_assert(ne(
        ptr, strstr(fault.text, "excludeHeaderMetaRegex: 'a(b' is no expression: missing"), NULL));
}

Test(kafka_header_filter, gives_up_on_a_name_that_takes_too_long) {
    cr_assert(not(matches(
        "^(a+)+$", dk_bytes_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"))));
}
