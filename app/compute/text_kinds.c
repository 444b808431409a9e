/* The tables of kinds, and the look into them. */
#include "compute/text_kinds.h"

#include <utf8proc.h>

const unsigned char text_ascii_kinds[128] = {
    ['\t'] = TEXT_KIND_SPACE,
    TEXT_KIND_NEWLINE,
    TEXT_KIND_SPACE,
    TEXT_KIND_SPACE,
    TEXT_KIND_SPACE,
    [' '] = TEXT_KIND_SPACE,
    ['!'] = TEXT_KIND_CALL,
    ['?'] = TEXT_KIND_CALL,
    ['.'] = TEXT_KIND_STOP,
    ['"'] = TEXT_KIND_CLOSER,
    ['\''] = TEXT_KIND_APOSTROPHE,
    ['('] = TEXT_KIND_OPENER,
    TEXT_KIND_CLOSER,
    ['['] = TEXT_KIND_OPENER,
    [']'] = TEXT_KIND_CLOSER,
    ['{'] = TEXT_KIND_OPENER,
    ['}'] = TEXT_KIND_CLOSER,
    ['-'] = TEXT_KIND_HYPHEN,
    ['*'] = TEXT_KIND_BULLET,
    ['+'] = TEXT_KIND_BULLET,
    ['#'] = TEXT_KIND_BULLET,
    ['0'] = TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    TEXT_KIND_DIGIT,
    ['A'] = TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    ['a'] = TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
    TEXT_KIND_LETTER,
};

/* Characters whose category does not tell enough, in order. */
static const struct {
    uint32_t first, last;
    enum text_kind kind;
} ranges[] = {
    {0x00AD, 0x00AD, TEXT_KIND_MARK}, /* soft hyphen */
    {0x037E, 0x037E, TEXT_KIND_CALL}, /* the Greek question mark */
    {0x0589, 0x0589, TEXT_KIND_FULL}, /* Armenian */
    {0x061F, 0x061F, TEXT_KIND_CALL},
    {0x06D4, 0x06D4, TEXT_KIND_FULL}, /* Arabic */
    {0x0964, 0x0965, TEXT_KIND_FULL}, /* danda */
    {0x0E01, 0x0E30, TEXT_KIND_SINGLE},
    {0x0E32, 0x0E33, TEXT_KIND_SINGLE},
    {0x0E40, 0x0E46, TEXT_KIND_SINGLE}, /* Thai */
    {0x0E81, 0x0EB0, TEXT_KIND_SINGLE},
    {0x0EB2, 0x0EB3, TEXT_KIND_SINGLE},
    {0x0EBD, 0x0EC6, TEXT_KIND_SINGLE}, /* Lao */
    {0x1000, 0x102A, TEXT_KIND_SINGLE},
    {0x104A, 0x104B, TEXT_KIND_FULL}, /* Burmese */
    {0x1362, 0x1362, TEXT_KIND_FULL}, /* Ethiopic */
    {0x1780, 0x17B3, TEXT_KIND_SINGLE},
    {0x17D4, 0x17D5, TEXT_KIND_FULL}, /* Khmer */
    {0x200B, 0x200B, TEXT_KIND_SPACE},
    {0x200C, 0x200F, TEXT_KIND_MARK},
    {0x2010, 0x2011, TEXT_KIND_HYPHEN},
    {0x2019, 0x2019, TEXT_KIND_APOSTROPHE},
    {0x2022, 0x2022, TEXT_KIND_BULLET},
    {0x2026, 0x2026, TEXT_KIND_STOP},
    {0x2028, 0x2029, TEXT_KIND_NEWLINE},
    {0x203C, 0x203C, TEXT_KIND_CALL},
    {0x2047, 0x2049, TEXT_KIND_CALL},
    {0x3002, 0x3002, TEXT_KIND_FULL}, /* the ideographic full stop */
    {0x3041, 0x3096, TEXT_KIND_SINGLE},
    {0x309D, 0x309F, TEXT_KIND_SINGLE},
    {0x30A1, 0x30FA, TEXT_KIND_SINGLE}, /* kana */
    {0x30FC, 0x30FF, TEXT_KIND_SINGLE},
    {0x3400, 0x4DBF, TEXT_KIND_SINGLE},
    {0x4E00, 0x9FFF, TEXT_KIND_SINGLE}, /* Han */
    {0xF900, 0xFAFF, TEXT_KIND_SINGLE},
    {0xFEFF, 0xFEFF, TEXT_KIND_MARK},
    {0xFF01, 0xFF01, TEXT_KIND_FULL},
    {0xFF0E, 0xFF0E, TEXT_KIND_FULL},
    {0xFF1F, 0xFF1F, TEXT_KIND_FULL},
    {0xFF61, 0xFF61, TEXT_KIND_FULL},
    {0xFF66, 0xFF9D, TEXT_KIND_SINGLE},
    {0x20000, 0x3FFFF, TEXT_KIND_SINGLE},
};

/* By halving: a few steps however long the table is. */
static enum text_kind range_kind(uint32_t character) {
    size_t low = 0, high = sizeof ranges / sizeof ranges[0];
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (character > ranges[middle].last) {
            low = middle + 1;
        } else if (character < ranges[middle].first) {
            high = middle;
        } else {
            return ranges[middle].kind;
        }
    }
    return TEXT_KIND_OTHER;
}

static enum text_kind category_kind(utf8proc_category_t category) {
    switch ((int)category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return TEXT_KIND_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return TEXT_KIND_DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return TEXT_KIND_MARK;
    case UTF8PROC_CATEGORY_ZS:
        return TEXT_KIND_SPACE;
    case UTF8PROC_CATEGORY_PS:
        return TEXT_KIND_OPENER;
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
        return TEXT_KIND_CLOSER;
    default:
        return TEXT_KIND_OTHER;
    }
}

enum text_kind text_kind_of(uint32_t character) {
    const enum text_kind kind = range_kind(character);
    return kind != TEXT_KIND_OTHER ? kind
                                   : category_kind(utf8proc_category((utf8proc_int32_t)character));
}
