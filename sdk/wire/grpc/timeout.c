/*
 * grpc-timeout. Eight digits of hours are 3.6e17 µs: no product here leaves int64_t.
 */
#include "wire/grpc/timeout.h"

enum { DIGITS_MAX = 8 };

/* µs in one of the unit; 0 for no unit. Nanoseconds are the one unit below a µs: see the caller. */
static int64_t unit_us(char unit) {
    switch (unit) {
    case 'H':
        return INT64_C(3600000000);
    case 'M':
        return 60000000;
    case 'S':
        return 1000000;
    case 'm':
        return 1000;
    case 'u':
    case 'n':
        return 1;
    default:
        return 0;
    }
}

bool dk__timeout_parse(struct dk_bytes text, int64_t *ret_us) {
    if (text.size < 2 || text.size > DIGITS_MAX + 1) {
        return false;
    }
    const char unit = text.data[text.size - 1];
    int64_t count = 0;
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        count = count * 10 + (text.data[i] - '0');
    }
    if (unit_us(unit) == 0) {
        return false;
    }
    *ret_us = unit == 'n' ? (count + 999) / 1000 : count * unit_us(unit);
    return true;
}
