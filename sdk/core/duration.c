/*
 * Numbers as users write them: decimal integers, and Go's durations.
 * Source: the documentation of Go's time.ParseDuration.
 */
#include <dk/option.h>
#include <string.h>

bool dk_integer_parse(struct dk_bytes text, int64_t *ret_value) {
    size_t at = 0;
    bool negative = false;
    int64_t value = 0;
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
        negative = text.data[0] == '-';
        at = 1;
    }
    if (at == text.size) {
        return false;
    }
    for (; at < text.size; at++) {
        const char digit = text.data[at];
        if (digit < '0' || digit > '9') {
            return false;
        }
        /* Counted downwards, because INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit - '0', &value)) {
            return false;
        }
    }
    if (!negative) {
        if (value == INT64_MIN) {
            return false;
        }
        value = -value;
    }
    *ret_value = value;
    return true;
}

struct unit {
    const char *name;
    int64_t ns;
};

/* Longer names first, so that "ms" is not read as minutes. */
static const struct unit units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* U+00B5 */
    {"\xCE\xBCs", 1000}, /* U+03BC */
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", INT64_C(60) * 1000000000},
    {"h", INT64_C(3600) * 1000000000},
};

static const struct unit *unit_at(struct dk_bytes text) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const size_t size = strlen(units[i].name);
        if (text.size >= size && memcmp(text.data, units[i].name, size) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

static struct dk_bytes rest(struct dk_bytes text, size_t used) {
    return (struct dk_bytes){.data = text.data + used, .size = text.size - used};
}

static size_t digits(struct dk_bytes text) {
    size_t count = 0;
    while (count < text.size && text.data[count] >= '0' && text.data[count] <= '9') {
        count++;
    }
    return count;
}

/* One "1.5h" at the front; returns the bytes used, 0 when there is none or it does not fit. */
static size_t part_parse(struct dk_bytes text, int64_t *ret_ns) {
    const size_t whole_digits = digits(text);
    size_t used = whole_digits, fraction_digits = 0;
    int64_t ns = 0;
    if (used < text.size && text.data[used] == '.') {
        fraction_digits = digits(rest(text, used + 1));
        used += 1 + fraction_digits;
    }
    const struct unit *unit = unit_at(rest(text, used));
    if (whole_digits + fraction_digits == 0 || unit == NULL) {
        return 0;
    }
    int64_t whole = 0;
    if ((whole_digits > 0 &&
         !dk_integer_parse((struct dk_bytes){text.data, whole_digits}, &whole)) ||
        __builtin_mul_overflow(whole, unit->ns, &ns)) {
        return 0;
    }
    /* Go's way: digits beyond 63 bits are dropped, the rest is scaled once, in floating point. */
    int64_t fraction = 0;
    double scale = 1;
    for (size_t i = 0; i < fraction_digits && fraction <= (INT64_MAX - 9) / 10; i++) {
        fraction = fraction * 10 + (text.data[whole_digits + 1 + i] - '0');
        scale *= 10;
    }
    const int64_t fraction_ns = (int64_t)((double)fraction * ((double)unit->ns / scale));
    if (__builtin_add_overflow(ns, fraction_ns, &ns)) {
        return 0;
    }
    *ret_ns = ns;
    return used + strlen(unit->name);
}

bool dk_duration_parse(struct dk_bytes text, int64_t bare_unit_ms, int64_t *ret_ms) {
    int64_t total_ns = 0, bare = 0;
    bool negative = false;
    if (dk_integer_parse(text, &bare)) {
        const int64_t bare_max = INT64_MAX / 1000000 / bare_unit_ms;
        if (bare > bare_max || bare < -bare_max) {
            return false;
        }
        *ret_ms = bare * bare_unit_ms;
        return true;
    }
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
        negative = text.data[0] == '-';
        text = rest(text, 1);
    }
    if (text.size == 0) {
        return false;
    }
    while (text.size > 0) {
        int64_t ns = 0;
        const size_t used = part_parse(text, &ns);
        if (used == 0 || __builtin_add_overflow(total_ns, ns, &total_ns)) {
            return false;
        }
        text = rest(text, used);
    }
    *ret_ms = (negative ? -total_ns : total_ns) / 1000000;
    return true;
}
