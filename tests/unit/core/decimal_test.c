#include "core/decimal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* As printf writes it, and not a byte beside it. */
static bool is_written_as_printf_does(uint64_t number) {
    char wanted[DK__DECIMAL_BYTES_MAX + 1], room[DK__DECIMAL_BYTES_MAX + 2];
    const int size = snprintf(wanted, sizeof wanted, "%" PRIu64, number);
    char *const end = room + sizeof room - 1;
    memset(room, '#', sizeof room);
    const char *first = dk__decimal(number, end);
    return end - first == size && memcmp(first, wanted, (size_t)size) == 0 && first[-1] == '#' &&
           *end == '#';
}

Test(decimal, writes_what_printf_writes) {
    const uint64_t numbers[] = {0, 1, 9, 10, 99, 100, 65536, UINT64_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cr_assert(is_written_as_printf_does(numbers[i]), "%" PRIu64, numbers[i]);
    }
    for (uint64_t number = 0; number < 20000; number++) {
        cr_assert(is_written_as_printf_does(number), "%" PRIu64, number);
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        cr_assert(is_written_as_printf_does(power * 10), "%" PRIu64, power * 10);
        cr_assert(is_written_as_printf_does(power * 10 - 1), "%" PRIu64, power * 10 - 1);
    }
}
