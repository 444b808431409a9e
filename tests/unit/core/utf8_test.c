/* RFC 3629, row by row. */
#include "core/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    struct dk_bytes text;
    bool is_valid;
};

static const struct row rows[] = {
    {"nothing", DK_BYTES(""), true},
    {"ASCII", DK_BYTES("plain text of more than eight bytes"), true},
    {"a NUL byte", DK_BYTES("a\0b"), true},
    {"U+007F", DK_BYTES("\x7F"), true},
    {"U+0080, the first of two bytes", DK_BYTES("\xC2\x80"), true},
    {"U+07FF, the last of two bytes", DK_BYTES("\xDF\xBF"), true},
    {"U+0800, the first of three bytes", DK_BYTES("\xE0\xA0\x80"), true},
    {"U+D7FF, before the surrogates", DK_BYTES("\xED\x9F\xBF"), true},
    {"U+E000, after the surrogates", DK_BYTES("\xEE\x80\x80"), true},
    {"U+FFFF", DK_BYTES("\xEF\xBF\xBF"), true},
    {"U+10000, the first of four bytes", DK_BYTES("\xF0\x90\x80\x80"), true},
    {"U+10FFFF, the last", DK_BYTES("\xF4\x8F\xBF\xBF"), true},
    {"behind eight bytes of ASCII", DK_BYTES("12345678\xC3\xA9"), true},
    {"across the eighth byte", DK_BYTES("1234567\xC3\xA9z"), true},
    {"a lone continuation", DK_BYTES("\x80"), false},
    {"U+0000 in two bytes", DK_BYTES("\xC0\x80"), false},
    {"U+007F in two bytes", DK_BYTES("\xC1\xBF"), false},
    {"U+07FF in three bytes", DK_BYTES("\xE0\x9F\xBF"), false},
    {"U+FFFF in four bytes", DK_BYTES("\xF0\x8F\xBF\xBF"), false},
    {"U+D800, a surrogate", DK_BYTES("\xED\xA0\x80"), false},
    {"U+DFFF, a surrogate", DK_BYTES("\xED\xBF\xBF"), false},
    {"U+110000", DK_BYTES("\xF4\x90\x80\x80"), false},
    {"a first byte F5", DK_BYTES("\xF5\x80\x80\x80"), false},
    {"a first byte FE", DK_BYTES("\xFE"), false},
    {"a first byte FF", DK_BYTES("\xFF"), false},
    {"two bytes cut", DK_BYTES("a\xC3"), false},
    {"three bytes cut", DK_BYTES("\xE2\x82"), false},
    {"four bytes cut", DK_BYTES("\xF0\x9F\x98"), false},
    {"an ASCII byte in a character", DK_BYTES("\xE2\x82z"), false},
    {"a bad byte behind eight good ones", DK_BYTES("12345678\xFF"), false},
    {"a bad byte in the eighth place", DK_BYTES("1234567\xFFz23456"), false},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

Test(utf8, is_what_the_table_of_rfc_3629_says) {
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert(eq(int, dk__utf8_is_valid(rows[i].text), rows[i].is_valid), "%s", rows[i].name);
    }
}

Test(utf8, absent_text_is_valid) {
    cr_assert(dk__utf8_is_valid((struct dk_bytes){0}));
}

Test(utf8, clean_leaves_valid_text_and_mends_the_rest) {
    for (size_t i = 0; i < ROWS; i++) {
        char out[256];
        const size_t size = dk__utf8_clean(rows[i].text, out, sizeof out);

        const struct dk_bytes cleaned = {.data = out, .size = size};
        cr_assert(dk__utf8_is_valid(cleaned), "%s", rows[i].name);
        cr_assert(
            eq(int, dk_bytes_equal(cleaned, rows[i].text), rows[i].is_valid), "%s", rows[i].name);
        cr_assert(eq(chr, out[size], '\0'));
    }
}

Test(utf8, clean_replaces_each_bad_byte) {
    char out[32];

    (void)dk__utf8_clean(dk_bytes_of("a\xFF\xC3z"), out, sizeof out);

    cr_assert(eq(str, out, "a\xEF\xBF\xBD\xEF\xBF\xBDz"));
}

Test(utf8, clean_cuts_between_characters) {
    char out[8];
    for (size_t room = 1; room <= sizeof out; room++) {
        const size_t size = dk__utf8_clean(dk_bytes_of("a\xE2\x82\xAC\xE2\x82\xAC"), out, room);

        cr_assert(lt(sz, size, room));
        cr_assert(dk__utf8_is_valid((struct dk_bytes){.data = out, .size = size}));
        cr_assert(eq(sz, size, room < 2 ? 0 : room < 5 ? 1 : room < 8 ? 4 : 7));
    }
}

Test(utf8, clean_writes_nothing_without_room) {
    char out = 'x';

    cr_assert(eq(sz, dk__utf8_clean(dk_bytes_of("abc"), &out, 0), 0));

    cr_assert(eq(chr, out, 'x'));
}

/* The whole of Unicode, encoded by its definition, and each of its encodings with one byte gone. */
Test(utf8, every_character_is_valid_whole_and_invalid_cut) {
    for (unsigned long point = 0; point <= 0x10FFFF; point++) {
        char bytes[4];
        size_t size = 0;
        if (point < 0x80) {
            bytes[size++] = (char)point;
        } else if (point < 0x800) {
            bytes[size++] = (char)(0xC0 | point >> 6);
        } else if (point < 0x10000) {
            bytes[size++] = (char)(0xE0 | point >> 12);
            bytes[size++] = (char)(0x80 | (point >> 6 & 0x3F));
        } else {
            bytes[size++] = (char)(0xF0 | point >> 18);
            bytes[size++] = (char)(0x80 | (point >> 12 & 0x3F));
            bytes[size++] = (char)(0x80 | (point >> 6 & 0x3F));
        }
        if (point >= 0x80) {
            bytes[size++] = (char)(0x80 | (point & 0x3F));
        }
        const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
        const bool whole = dk__utf8_is_valid((struct dk_bytes){.data = bytes, .size = size});
        const bool cut = dk__utf8_is_valid((struct dk_bytes){.data = bytes, .size = size - 1});
        if (whole == is_surrogate || (size > 1 && cut)) {
            cr_fatal(
                "U+%04lX is %s whole, %s cut",
                point,
                whole ? "valid" : "invalid",
                cut ? "valid" : "invalid");
        }
    }
}

Test(utf8, leaves_off_a_character_whose_end_is_missing_and_nothing_else) {
    static const struct {
        const char *text;
        size_t whole;
    } cuts[] = {
        {"", 0},
        {"a", 1},
        {"a\xC3\xA9", 3},             /* é */
        {"a\xC3", 1},                 /* its first byte */
        {"a\xE2\x82\xAC", 4},         /* € */
        {"a\xE2\x82", 1},             /* two of three */
        {"a\xE2", 1},                 /* one of three */
        {"a\xF0\x9F\x98\x80", 5},     /* a face */
        {"a\xF0\x9F\x98", 1},         /* three of four */
        {"\xF0", 0},                  /* nothing else is there */
        {"a\x80\x80\x80\x80\x80", 6}, /* no character has so many: not cut, wrong */
    };

    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        cr_assert(eq(sz, dk__utf8_whole(dk_bytes_of(cuts[i].text)), cuts[i].whole), "row %zu", i);
    }
}
