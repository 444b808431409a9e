/* ttlInSeconds of a request. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/state.h>
#include <string.h>

static struct dk_fault fault;
static bool given;
static int64_t ttl_s;

static enum dk_error parse(const char *key, const char *value) {
    const struct dk_pair pairs[] = {
        {DK_BYTES("other"), DK_BYTES("1")}, {dk_bytes_of(key), dk_bytes_of(value)}};
    given = false;
    ttl_s = 77;
    fault = (struct dk_fault){0};
    return dk_ttl_parse((struct dk_pairs){.items = pairs, .count = 2}, &given, &ttl_s, &fault);
}

Test(ttl, is_read_whatever_the_case_of_its_name) {
    cr_assert(eq(int, parse("TTLinSECONDS", "120"), DK_OK));

    cr_assert(given);
    cr_assert(eq(i64, ttl_s, 120));
}

Test(ttl, may_be_anything_from_minus_one_to_68_years) {
    const struct {
        const char *text;
        int64_t ttl_s;
    } rows[] = {{"-1", -1}, {"0", 0}, {"1", 1}, {"+5", 5}, {"2147483647", 2147483647}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, parse("ttlInSeconds", rows[i].text), DK_OK));
        cr_assert(given);
        cr_assert(eq(i64, ttl_s, rows[i].ttl_s));
    }
}

Test(ttl, leaves_the_output_alone_when_absent_or_empty) {
    cr_assert(eq(int, parse("ttl", "5"), DK_OK));
    cr_assert(not(given));
    cr_assert(eq(i64, ttl_s, 77));

    cr_assert(eq(int, parse("ttlInSeconds", ""), DK_OK));
    cr_assert(not(given));
    cr_assert(eq(i64, ttl_s, 77));
}

Test(ttl, refuses_what_is_no_number_of_seconds_and_quotes_it) {
    const char *const texts[] = {
        "-2", "x", "1.5", "1s", " 1", "2147483648", "99999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert(eq(int, parse("ttlInSeconds", texts[i]), DK_INVALID), "%s", texts[i]);
        cr_assert(not(given));
        cr_assert(eq(i64, ttl_s, 77));
        cr_assert(ne(ptr, strstr(fault.text, texts[i]), NULL));
    }
}
