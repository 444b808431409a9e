#include "wire/grpc/timeout.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(timeout, reads_every_unit) {
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"1H", INT64_C(3600000000)},
        {"2M", 120000000},
        {"3S", 3000000},
        {"4m", 4000},
        {"5u", 5},
        {"6000n", 6},
        {"0S", 0},
        {"00000001m", 1000},
        {"99999999H", INT64_C(359999996400000000)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = -1;

        cr_assert(dk__timeout_parse(dk_bytes_of(rows[i].text), &us), "%s", rows[i].text);

        cr_expect(eq(i64, us, rows[i].us), "%s", rows[i].text);
    }
}

Test(timeout, rounds_nanoseconds_up) {
    int64_t us = -1;

    cr_assert(dk__timeout_parse(dk_bytes_of("1n"), &us));

    cr_assert(eq(i64, us, 1));
}

Test(timeout, refuses_what_the_grammar_has_not) {
    static const char *const texts[] = {
        "", "S", "1", "1s", "1h", "-1S", "+1S", " 1S", "1 S", "1.5S", "123456789S", "1SS", "0x1S"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t us = 42;

        cr_expect(not(dk__timeout_parse(dk_bytes_of(texts[i]), &us)), "'%s'", texts[i]);

        cr_expect(eq(i64, us, 42), "'%s' wrote its output", texts[i]);
    }
}
