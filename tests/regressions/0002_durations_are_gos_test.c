/*
 * Durations lost a nanosecond with each digit of a fraction, and with it a millisecond at the end;
 * a bare number was held to 63 bits of milliseconds, which no timer can take, and one that did not
 * fit wrote its output all the same.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/option.h>

static int64_t parsed(const char *text, int64_t bare_unit_ms) {
    int64_t ms = -77; /* what failure leaves alone */
    const bool ok = dk_duration_parse(dk_bytes_of(text), bare_unit_ms, &ms);
    cr_assert(ok || ms == -77, "'%s' is refused and still wrote", text);
    return ms;
}

Test(duration_regression, long_fraction_gives_gos_milliseconds) {
    /* What Go's time.ParseDuration makes of them. */
    cr_assert(eq(i64, parsed("0.0002777777777778h", 1), 1000));
    cr_assert(eq(i64, parsed("0.9007199254740993s", 1), 900));
    cr_assert(eq(i64, parsed("0.3333333333333333333h", 1), 1200000));
    cr_assert(eq(i64, parsed("1.99999999999999999999999999999s", 1), 2000));
}

Test(duration_regression, bare_number_beyond_63_bits_of_nanoseconds_is_refused) {
    cr_assert(eq(i64, parsed("9223372036854", 1), INT64_C(9223372036854)));
    cr_assert(eq(i64, parsed("9223372036855", 1), -77));
    cr_assert(eq(i64, parsed("9223372036", 1000), INT64_C(9223372036000)));
    cr_assert(eq(i64, parsed("9223372037", 1000), -77));
    cr_assert(eq(i64, parsed("-9223372037", 1000), -77));
    cr_assert(eq(i64, parsed("9223372036854775807", 1000), -77));
}
