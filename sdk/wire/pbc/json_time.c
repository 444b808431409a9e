/*
 * RFC 3339 and seconds with a fraction. The calendar is computed (proleptic Gregorian, as protobuf
 * says), because C's own knows years by the machine's settings.
 */
#include "wire/pbc/json_time.h"

#include <inttypes.h>
#include <stdio.h>

enum { NANOSECONDS = 1000000000, DAY_SECONDS = 86400, FRACTION_DIGITS = 9 };

#define TIMESTAMP_MIN      INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_MAX      INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DURATION_SECONDS   INT64_C(315576000000)
#define DAYS_TO_1970_MARCH 719468 /* from March 1 of the year 0 */

/* Days since 1970 of a date. Years begin in March here, so that a leap day ends one. */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           DAYS_TO_1970_MARCH;
}

struct date {
    int64_t year, month, day;
};

static struct date date_of(int64_t days) {
    const int64_t z = days + DAYS_TO_1970_MARCH;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t day_of_era = z - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct date){
        .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

/* Where the text is read; `is_good` falls once and stays. */
struct scan {
    struct dk_bytes text;
    size_t at;
    bool is_good;
};

static int64_t scan_digits(struct scan *scan, size_t least, size_t most) {
    int64_t value = 0;
    size_t count = 0;
    while (count < most && scan->at < scan->text.size && scan->text.data[scan->at] >= '0' &&
           scan->text.data[scan->at] <= '9') {
        value = value * 10 + (scan->text.data[scan->at] - '0');
        scan->at++;
        count++;
    }
    scan->is_good = scan->is_good && count >= least;
    return value;
}

static bool scan_is(struct scan *scan, char letter) {
    if (scan->at < scan->text.size && scan->text.data[scan->at] == letter) {
        scan->at++;
        return true;
    }
    return false;
}

static void scan_want(struct scan *scan, char letter) {
    scan->is_good = scan_is(scan, letter) && scan->is_good;
}

/* ".25" as nanoseconds; 0 without a point. */
static int64_t scan_fraction(struct scan *scan) {
    if (!scan_is(scan, '.')) {
        return 0;
    }
    const size_t from = scan->at;
    int64_t value = scan_digits(scan, 1, FRACTION_DIGITS);
    for (size_t digits = scan->at - from; digits < FRACTION_DIGITS; digits++) {
        value *= 10;
    }
    return value;
}

static bool is_in(int64_t value, int64_t low, int64_t high) {
    return value >= low && value <= high;
}

/* "Z", "+01:00" in seconds east. */
static int64_t scan_offset(struct scan *scan) {
    if (scan_is(scan, 'Z') || scan_is(scan, 'z')) {
        return 0;
    }
    const bool is_west = scan_is(scan, '-');
    if (!is_west) {
        scan_want(scan, '+');
    }
    const int64_t hours = scan_digits(scan, 2, 2);
    scan_want(scan, ':');
    const int64_t minutes = scan_digits(scan, 2, 2);
    scan->is_good = scan->is_good && hours < 24 && minutes < 60;
    return (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
}

bool dk__json_timestamp_read(struct dk_bytes text, struct dk__json_time *ret_time) {
    struct scan scan = {.text = text, .is_good = true};
    const int64_t year = scan_digits(&scan, 4, 4);
    scan_want(&scan, '-');
    const int64_t month = scan_digits(&scan, 2, 2);
    scan_want(&scan, '-');
    const int64_t day = scan_digits(&scan, 2, 2);
    if (!scan_is(&scan, 'T')) {
        scan_want(&scan, 't');
    }
    const int64_t hour = scan_digits(&scan, 2, 2);
    scan_want(&scan, ':');
    const int64_t minute = scan_digits(&scan, 2, 2);
    scan_want(&scan, ':');
    const int64_t second = scan_digits(&scan, 2, 2);
    const int64_t nanoseconds = scan_fraction(&scan);
    const int64_t offset = scan_offset(&scan);
    if (!scan.is_good || scan.at != text.size || !is_in(month, 1, 12) || !is_in(day, 1, 31) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    const int64_t days = days_of(year, month, day);
    const struct date back = date_of(days);
    const int64_t seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    if (back.month != month || back.day != day || !is_in(seconds, TIMESTAMP_MIN, TIMESTAMP_MAX)) {
        return false; /* February 30 has become a day in March */
    }
    *ret_time = (struct dk__json_time){seconds, (int32_t)nanoseconds};
    return true;
}

bool dk__json_duration_read(struct dk_bytes text, struct dk__json_time *ret_time) {
    struct scan scan = {.text = text, .is_good = true};
    const int sign = scan_is(&scan, '-') ? -1 : 1;
    const int64_t seconds = scan_digits(&scan, 1, 12);
    const int64_t nanoseconds = scan_fraction(&scan);
    scan_want(&scan, 's');
    if (!scan.is_good || scan.at != text.size || seconds > DURATION_SECONDS) {
        return false;
    }
    *ret_time = (struct dk__json_time){sign * seconds, (int32_t)(sign * nanoseconds)};
    return true;
}

/* ── writing ────────────────────────────────────────────────────────────────────────────────── */

/* The fraction with 0, 3, 6 or 9 digits. */
static int put_fraction(char *target, size_t size, int32_t nanoseconds) {
    if (nanoseconds == 0) {
        target[0] = '\0';
        return 0;
    }
    if (nanoseconds % 1000000 == 0) {
        return snprintf(target, size, ".%03d", nanoseconds / 1000000);
    }
    if (nanoseconds % 1000 == 0) {
        return snprintf(target, size, ".%06d", nanoseconds / 1000);
    }
    return snprintf(target, size, ".%09d", nanoseconds);
}

size_t dk__json_timestamp_write(struct dk__json_time time, char *target) {
    if (!is_in(time.seconds, TIMESTAMP_MIN, TIMESTAMP_MAX) ||
        !is_in(time.nanoseconds, 0, NANOSECONDS - 1)) {
        return 0;
    }
    int64_t days = time.seconds / DAY_SECONDS;
    int64_t rest = time.seconds % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    const struct date date = date_of(days);
    int size = snprintf(
        target,
        DK__JSON_TIME_BYTES,
        "%04d-%02d-%02dT%02d:%02d:%02d",
        (int)date.year,
        (int)date.month,
        (int)date.day,
        (int)(rest / 3600),
        (int)(rest / 60 % 60),
        (int)(rest % 60));
    size += put_fraction(target + size, DK__JSON_TIME_BYTES - (size_t)size, time.nanoseconds);
    target[size++] = 'Z';
    target[size] = '\0';
    return (size_t)size;
}

size_t dk__json_duration_write(struct dk__json_time time, char *target) {
    const bool is_negative = time.seconds < 0 || time.nanoseconds < 0;
    const int64_t seconds = is_negative ? -time.seconds : time.seconds;
    const int32_t nanoseconds = is_negative ? -time.nanoseconds : time.nanoseconds;
    if (!is_in(seconds, 0, DURATION_SECONDS) || !is_in(nanoseconds, 0, NANOSECONDS - 1)) {
        return 0; /* signs that differ are outside too */
    }
    int size = snprintf(target, DK__JSON_TIME_BYTES, "%s%" PRId64, is_negative ? "-" : "", seconds);
    size += put_fraction(target + size, DK__JSON_TIME_BYTES - (size_t)size, nanoseconds);
    target[size++] = 's';
    target[size] = '\0';
    return (size_t)size;
}
