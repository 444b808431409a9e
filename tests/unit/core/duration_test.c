/* Numbers and durations: the table of Go's ParseDuration, then what is ours. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/option.h>
#include <inttypes.h>

struct row {
    const char *text;
    int64_t value;
};

static const struct row durations[] = {
    {"0s", 0},
    {"5s", 5000},
    {"30s", 30000},
    {"1478s", 1478000},
    {"-5s", -5000},
    {"+5s", 5000},
    {"-0s", 0},
    {"5.0s", 5000},
    {"5.6s", 5600},
    {"5.s", 5000},
    {".5s", 500},
    {"-.5s", -500},
    {"1.004s", 1004},
    {"1.00400s", 1004},
    {"100.00100s", 100001},
    {"1000000ns", 1},
    {"11000us", 11},
    {"12000\xC2\xB5s", 12},
    {"12000\xCE\xBCs", 12},
    {"13ms", 13},
    {"14s", 14000},
    {"15m", 900000},
    {"16h", 57600000},
    {"3h30m", 12600000},
    {"10.5s4m", 250500},
    {"-2m3.4s", -123400},
    {"1h2m3s4ms5us6ns", 3723004},
    {"39h9m14.425s", 140954425},
    {"52763797000ns", 52763},
    {"0.3333333333333333333h", 1200000},
    {"9007199254740993ns", 9007199254},
    {"9223372036854775807ns", 9223372036854},
    {"9223372036854775.807us", 9223372036854},
    {"9223372036s854ms775us807ns", 9223372036854},
    {"-9223372036854775807ns", -9223372036854},
    {"0.100000000000000000000h", 360000},
    {"0.830103483285477580700h", 2988372},
    {"0.000000277777777778h", 1}, /* 1.0000000000008 ms */
    {"0.00001666666666666667m", 1},
    {"999us", 0},
    {"-999us", 0},
};

Test(duration, is_what_go_reads) {
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int64_t ms = -77;
        cr_assert(
            dk_duration_parse(dk_bytes_of(durations[i].text), 1, &ms), "%s", durations[i].text);
        cr_assert(eq(i64, ms, durations[i].value), "%s gave %" PRId64, durations[i].text, ms);
    }
}

Test(duration, is_refused_where_go_refuses_it) {
    static const char *const texts[] = {
        "",
        "-",
        "+",
        "s",
        ".",
        "-.",
        ".s",
        "+.s",
        "3 s",
        " 3s",
        "3s ",
        "1d",
        "1.5",
        "1e3s",
        "--1s",
        "1-s",
        "1s2",
        "1h-2m",
        "\x85\x85",
        "\xFFs",
        "1\xC2s",
        "hello",
        "3000000h",
        "9223372036854775808ns",
        "9223372036854775.808us",
        "9223372036854ms775us808ns",
        "99999999999999999999h",
        "0x1s",
        "1..5s",
        "1.2.3s",
        "1S",
        "1MS"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ms = -77;
        cr_assert(not(dk_duration_parse(dk_bytes_of(texts[i]), 1, &ms)), "'%s'", texts[i]);
        cr_assert(eq(i64, ms, -77), "'%s' touched the output", texts[i]);
    }
}

Test(duration, has_a_unit_of_its_own_when_bare) {
    int64_t ms = 0;

    cr_assert(dk_duration_parse(dk_bytes_of("250"), 1, &ms));
    cr_assert(eq(i64, ms, 250));
    cr_assert(dk_duration_parse(dk_bytes_of("250"), 1000, &ms));
    cr_assert(eq(i64, ms, 250000));
    cr_assert(dk_duration_parse(dk_bytes_of("-1"), 1000, &ms));
    cr_assert(eq(i64, ms, -1000));
}

Test(duration, fits_63_bits_of_nanoseconds_bare_or_not) {
    int64_t ms = -77;

    cr_assert(dk_duration_parse(dk_bytes_of("9223372036854"), 1, &ms));
    cr_assert(eq(i64, ms, 9223372036854));
    ms = -77;
    cr_assert(not(dk_duration_parse(dk_bytes_of("9223372036855"), 1, &ms)));
    cr_assert(not(dk_duration_parse(dk_bytes_of("9223372037"), 1000, &ms)));
    cr_assert(not(dk_duration_parse(dk_bytes_of("9223372036854775807"), 1000, &ms)));
    cr_assert(eq(i64, ms, -77));
}

Test(duration, ends_where_its_bytes_end) {
    int64_t ms = 0;

    cr_assert(dk_duration_parse((struct dk_bytes){.data = "5msXX", .size = 3}, 1, &ms));
    cr_assert(eq(i64, ms, 5));
    cr_assert(dk_duration_parse((struct dk_bytes){.data = "5ms", .size = 2}, 1, &ms));
    cr_assert(eq(i64, ms, 300000));
    cr_assert(not(dk_duration_parse((struct dk_bytes){.data = "5.5", .size = 2}, 1, &ms)));
    cr_assert(not(dk_duration_parse((struct dk_bytes){0}, 1, &ms)));
}

Test(integer, is_decimal_with_a_sign) {
    static const struct row rows[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"-42", -42},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = -77;
        cr_assert(dk_integer_parse(dk_bytes_of(rows[i].text), &value), "%s", rows[i].text);
        cr_assert(eq(i64, value, rows[i].value));
    }
}

Test(integer, is_nothing_else) {
    static const char *const texts[] = {
        "",
        "-",
        "+",
        "--1",
        "1 ",
        " 1",
        "1.0",
        "0x10",
        "1e3",
        "1_000",
        "٣",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t value = -77;
        cr_assert(not(dk_integer_parse(dk_bytes_of(texts[i]), &value)), "'%s'", texts[i]);
        cr_assert(eq(i64, value, -77));
    }
}
