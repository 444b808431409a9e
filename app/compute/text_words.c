/*
 * From characters to words, phrases and sentences, in one pass:
 *
 *     gap ─▶ word ─▶ gap ─▶ word …
 *      │
 *      └─ what stood in it, and the words on both sides, say whether a phrase or a sentence ended
 *
 * Thread: any.
 */
#include "compute/text_words.h"

#include <string.h>
#include <utf8proc.h>

enum kind {
    OTHER, /* punctuation and symbols without a meaning here */
    SPACE,
    NEWLINE,
    LETTER,
    DIGIT,
    SINGLE, /* a letter that is a word of its own */
    MARK,   /* joins what stands before it, or is invisible */
    APOSTROPHE,
    HYPHEN,
    STOP, /* ends a sentence perhaps: . … */
    CALL, /* ends one nearly always: ! ? */
    FULL, /* ends one without a space behind it: 。 */
    OPENER,
    CLOSER, /* a quote may open as well as close */
    BULLET,
};

static const unsigned char ascii_kinds[128] = {
    ['\t'] = SPACE,
    NEWLINE,
    SPACE,
    SPACE,
    SPACE,
    [' '] = SPACE,
    ['!'] = CALL,
    ['?'] = CALL,
    ['.'] = STOP,
    ['"'] = CLOSER,
    ['\''] = APOSTROPHE,
    ['('] = OPENER,
    CLOSER,
    ['['] = OPENER,
    [']'] = CLOSER,
    ['{'] = OPENER,
    ['}'] = CLOSER,
    ['-'] = HYPHEN,
    ['*'] = BULLET,
    ['+'] = BULLET,
    ['#'] = BULLET,
    ['0'] = DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    DIGIT,
    ['A'] = LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    ['a'] = LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
    LETTER,
};

/* Characters whose category does not tell enough, in order. */
static const struct {
    uint32_t first, last;
    enum kind kind;
} ranges[] = {
    {0x00AD, 0x00AD, MARK},                               /* soft hyphen */
    {0x037E, 0x037E, CALL},                               /* the Greek question mark */
    {0x0589, 0x0589, FULL},                               /* Armenian */
    {0x061F, 0x061F, CALL},       {0x06D4, 0x06D4, FULL}, /* Arabic */
    {0x0964, 0x0965, FULL},                               /* danda */
    {0x0E01, 0x0E30, SINGLE},     {0x0E32, 0x0E33, SINGLE},   {0x0E40, 0x0E46, SINGLE}, /* Thai */
    {0x0E81, 0x0EB0, SINGLE},     {0x0EB2, 0x0EB3, SINGLE},   {0x0EBD, 0x0EC6, SINGLE}, /* Lao */
    {0x1000, 0x102A, SINGLE},     {0x104A, 0x104B, FULL}, /* Burmese */
    {0x1362, 0x1362, FULL},                               /* Ethiopic */
    {0x1780, 0x17B3, SINGLE},     {0x17D4, 0x17D5, FULL}, /* Khmer */
    {0x200B, 0x200B, SPACE},      {0x200C, 0x200F, MARK},     {0x2010, 0x2011, HYPHEN},
    {0x2019, 0x2019, APOSTROPHE}, {0x2022, 0x2022, BULLET},   {0x2026, 0x2026, STOP},
    {0x2028, 0x2029, NEWLINE},    {0x203C, 0x203C, CALL},     {0x2047, 0x2049, CALL},
    {0x3002, 0x3002, FULL}, /* the ideographic full stop */
    {0x3041, 0x3096, SINGLE},     {0x309D, 0x309F, SINGLE},   {0x30A1, 0x30FA, SINGLE}, /* kana */
    {0x30FC, 0x30FF, SINGLE},     {0x3400, 0x4DBF, SINGLE},   {0x4E00, 0x9FFF, SINGLE}, /* Han */
    {0xF900, 0xFAFF, SINGLE},     {0xFEFF, 0xFEFF, MARK},     {0xFF01, 0xFF01, FULL},
    {0xFF0E, 0xFF0E, FULL},       {0xFF1F, 0xFF1F, FULL},     {0xFF61, 0xFF61, FULL},
    {0xFF66, 0xFF9D, SINGLE},     {0x20000, 0x3FFFF, SINGLE},
};

/* Lower case without dots, in order of strcmp. English, German, French, Spanish, Portuguese,
 * Italian, Dutch and Scandinavian ones that stand before a name, a number or an example; those that
 * may as well end a sentence ("etc.", "usw.") are left out, as are words ("art", "est", "min"). */
static const char *const abbreviations[] = {
    "abb",   "abs", "afb",  "approx", "apr",  "aug",  "av",     "bd",   "bl",   "bspw", "bzgl",
    "bzw",   "ca",  "cap",  "cf",     "chap", "col",  "dec",    "dept", "dez",  "dhr",  "dipl",
    "dr",    "dra", "ed",   "eds",    "engl", "evtl", "feb",    "ff",   "fig",  "figs", "fr",
    "gen",   "ggf", "gov",  "hr",     "hrn",  "hrsg", "ing",    "inkl", "insb", "jan",  "jr",
    "jul",   "jun", "kap",  "lt",     "maj",  "max",  "messrs", "mgr",  "mio",  "mlle", "mme",
    "mr",    "mrd", "mrs",  "ms",     "mt",   "mw",   "nov",    "nr",   "okt",  "op",   "p",
    "pag",   "pp",  "prof", "rep",    "resp", "rev",  "s",      "sen",  "sept", "sgt",  "sig",
    "sogen", "sr",  "sra",  "srta",   "st",   "ste",  "str",    "tab",  "tel",  "vgl",  "vol",
    "vols",  "vs",  "zzgl",
};

/* German, Danish, Norwegian and Dutch months by their first letters, and "Jahrhundert". */
static const char *const dated[] = {
    "jan", "feb", "mär", "mar", "maa", "apr", "mai", "maj", "mei", "jun",
    "jul", "aug", "sep", "okt", "nov", "dez", "des", "dec", "jah",
};

/* By halving: a few steps however long the table is. */
static enum kind range_kind(uint32_t character) {
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
    return OTHER;
}

static enum kind category_kind(utf8proc_category_t category) {
    switch ((int)category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return MARK;
    case UTF8PROC_CATEGORY_ZS:
        return SPACE;
    case UTF8PROC_CATEGORY_PS:
        return OPENER;
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
        return CLOSER;
    default:
        return OTHER;
    }
}

static enum kind kind_at(const unsigned char *at, size_t *ret_size, uint32_t *ret_character) {
    *ret_character = text_decode(at, ret_size);
    if (*at < 0x80) {
        return ascii_kinds[*at];
    }
    const enum kind kind = range_kind(*ret_character);
    return kind != OTHER ? kind
                         : category_kind(utf8proc_category((utf8proc_int32_t)*ret_character));
}

static bool begins_word(enum kind kind) {
    return kind == LETTER || kind == DIGIT || kind == SINGLE;
}

static enum kind kind_of_next(const unsigned char *at, const unsigned char *end) {
    size_t size = 0;
    uint32_t character = 0;
    return at < end ? kind_at(at, &size, &character) : NEWLINE;
}

/* What stands between two words. */
struct gap {
    const unsigned char
        *stop_end; /* behind the first mark that may end a sentence and its closers */
    const unsigned char *opening; /* where quotes that touch the next word begin */
    enum kind stop;               /* OTHER: none */
    unsigned newlines, hyphens;
    bool has_space, has_break, is_stop_open, is_line_start, is_paragraph;
};

static void gap_add_stop(struct gap *gap, enum kind kind, const unsigned char *next) {
    gap->has_break = true;
    gap->opening = NULL;
    if (gap->stop == OTHER || (gap->is_stop_open && kind > gap->stop)) {
        gap->stop = kind;
        gap->is_stop_open = true;
    }
    if (gap->is_stop_open) {
        gap->stop_end = next;
    }
}

static void gap_add_quote(
    struct gap *gap, enum kind kind, const unsigned char *at, const unsigned char *next) {
    gap->has_break = true;
    if (gap->is_stop_open && kind != OPENER) {
        gap->stop_end = next;
    } else if (gap->opening == NULL) {
        gap->opening = at;
    }
}

static void gap_add_space(struct gap *gap, enum kind kind) {
    gap->has_space = true;
    gap->is_stop_open = false;
    gap->opening = NULL;
    if (kind == NEWLINE) {
        gap->newlines++;
        gap->is_line_start = true;
    }
}

static void gap_add(
    struct gap *gap,
    enum kind kind,
    const unsigned char *at,
    const unsigned char *next,
    const unsigned char *end) {
    if (kind == SPACE || kind == NEWLINE) {
        gap_add_space(gap, kind);
        return;
    }
    if (gap->is_line_start && (kind == BULLET || kind == HYPHEN) &&
        kind_of_next(next, end) == SPACE) {
        gap->is_paragraph = true;
    }
    gap->is_line_start = false;
    if (kind == STOP || kind == CALL || kind == FULL) {
        gap_add_stop(gap, kind, next);
    } else if (kind == OPENER || kind == CLOSER || (kind == APOSTROPHE && gap->has_break)) {
        gap_add_quote(gap, kind, at, next);
    } else if (kind == HYPHEN) {
        gap->hyphens++;
        gap->is_stop_open = false;
        gap->opening = NULL;
    } else if (kind == OTHER || kind == BULLET) {
        gap->has_break = true;
        gap->is_stop_open = false;
        gap->opening = NULL;
    } else if (kind == APOSTROPHE && gap->has_space) { /* a quote opens */
        gap->has_break = true;
        gap->opening = gap->opening == NULL ? at : gap->opening;
    }
}

/* Lower case of an ASCII letter, the byte itself otherwise. */
static char lower(unsigned char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte | 32 : byte);
}

static bool is_abbreviation(const unsigned char *word, size_t size) {
    char text[8] = {0};
    size_t low = 0, high = sizeof abbreviations / sizeof abbreviations[0];
    if (size >= sizeof text) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = lower(word[i]);
    }
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const int order = strcmp(text, abbreviations[middle]);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

static bool is_dated(const unsigned char *word, const unsigned char *end) {
    for (size_t i = 0; i < sizeof dated / sizeof dated[0]; i++) {
        const size_t size = strlen(dated[i]);
        size_t same = 0;
        while (same < size && word + same < end && lower(word[same]) == dated[i][same]) {
            same++;
        }
        if (same == size) {
            return true;
        }
    }
    return false;
}

/* Whether the dot behind the word before belongs to it. */
static bool dot_belongs(const struct text_reader *reader, const unsigned char *next_word) {
    const struct text_word *word = &reader->previous;
    const unsigned char *const at = reader->begin + word->offset;
    if ((word->flags & TEXT_HAS_LETTER) == 0) {
        return reader->sentence_words == 1 || (word->size <= 2 && is_dated(next_word, reader->end));
    }
    size_t size = 0;
    (void)text_decode(at, &size);
    if (size == word->size) { /* one letter */
        return (word->flags & TEXT_IS_CAPITAL) != 0 || (at > reader->begin && at[-1] == '.') ||
               (reader->end - next_word > 1 && next_word[1] == '.') ||
               is_abbreviation(at, word->size);
    }
    return is_abbreviation(at, word->size);
}

/* Whether a sentence ended in the gap before the word at reader->at. */
static bool sentence_ends(const struct text_reader *reader, const struct gap *gap) {
    size_t size = 0;
    if (gap->newlines >= 2 || gap->is_paragraph || gap->stop == FULL ||
        reader->sentence_words >= TEXT_SENTENCE_WORDS_MAX) {
        return true;
    }
    if (gap->stop == OTHER || !gap->has_space) {
        return false;
    }
    const utf8proc_int32_t next = (utf8proc_int32_t)text_decode(reader->at, &size);
    if (utf8proc_category(next) == UTF8PROC_CATEGORY_LL) {
        return false;
    }
    return gap->stop == CALL || !dot_belongs(reader, reader->at);
}

static uint32_t offset_of(const struct text_reader *reader, const unsigned char *at) {
    return (uint32_t)(at - reader->begin);
}

static unsigned gap_flags(struct text_reader *reader, const struct gap *gap) {
    unsigned flags = 0;
    if (!reader->has_previous || sentence_ends(reader, gap)) {
        flags = TEXT_BEGINS_SENTENCE | TEXT_BEGINS_PHRASE;
        reader->sentence_end = reader->previous.offset + reader->previous.size;
        if (gap->stop_end != NULL && reader->has_previous) {
            reader->sentence_end = offset_of(reader, gap->stop_end);
        }
        reader->sentence_begin = offset_of(reader, reader->at);
        if (gap->opening != NULL && offset_of(reader, gap->opening) >= reader->sentence_end) {
            reader->sentence_begin = offset_of(reader, gap->opening);
        }
    } else if (gap->has_break || gap->hyphens > 1 || (gap->hyphens == 1 && gap->has_space)) {
        flags = TEXT_BEGINS_PHRASE;
    }
    return flags;
}

static bool is_ascii_letter(unsigned char byte) {
    return (unsigned char)((byte | 32) - 'a') < 26;
}

/* Goes to the next word; false when there is none. */
static bool gap_read(struct text_reader *reader, struct gap *gap) {
    if (reader->end - reader->at > 1 && reader->at[0] == ' ' && is_ascii_letter(reader->at[1])) {
        gap->has_space = true; /* most gaps */
        reader->at++;
        return true;
    }
    while (reader->at < reader->end) {
        size_t size = 0;
        uint32_t character = 0;
        const enum kind kind = kind_at(reader->at, &size, &character);
        if (begins_word(kind)) {
            return true;
        }
        gap_add(gap, kind, reader->at, reader->at + size, reader->end);
        reader->at += size;
    }
    return false;
}

/* What one letter or digit adds to what is known of its word. */
struct casing {
    unsigned letters, capitals;
    bool is_capital, has_digit, is_ascii, is_single;
};

static void casing_add(struct casing *casing, enum kind kind, uint32_t character) {
    casing->is_ascii = casing->is_ascii && character < 0x80;
    if (kind == DIGIT) {
        casing->has_digit = true;
        return;
    }
    if (kind != LETTER && kind != SINGLE) {
        return;
    }
    casing->is_single = casing->is_single || kind == SINGLE;
    const bool is_capital =
        character < 0x80 ? character < 'a'
                         : utf8proc_category((utf8proc_int32_t)character) == UTF8PROC_CATEGORY_LU;
    if (is_capital) {
        casing->capitals++;
        casing->is_capital = casing->is_capital || casing->letters == 0;
    }
    casing->letters++;
}

static unsigned casing_flags(const struct casing *casing) {
    return (casing->is_capital ? TEXT_IS_CAPITAL : 0U) |
           (casing->letters >= 2 && casing->capitals == casing->letters ? TEXT_IS_ACRONYM : 0U) |
           (casing->has_digit ? TEXT_HAS_DIGIT : 0U) |
           (casing->letters > 0 ? TEXT_HAS_LETTER : 0U) | (casing->is_ascii ? TEXT_IS_ASCII : 0U) |
           (casing->is_single ? TEXT_IS_SINGLE : 0U);
}

/* Reads the ASCII letters at the head of a word, which most words have nothing else than. */
static const unsigned char *casing_add_ascii(
    struct casing *casing, const unsigned char *at, const unsigned char *end) {
    const unsigned char *const begin = at;
    while (at < end && is_ascii_letter(*at)) {
        casing->capitals += *at < 'a';
        at++;
    }
    casing->letters = (unsigned)(at - begin);
    casing->is_capital = at > begin && *begin < 'a';
    return at;
}

/* Whether one or two letters, and no more, follow. */
static bool has_short_rest(const unsigned char *at, const unsigned char *end) {
    size_t size = 0, letters = 0;
    uint32_t character = 0;
    while (at < end && letters < 3) {
        const enum kind kind = kind_at(at, &size, &character);
        if (kind != LETTER && kind != MARK) {
            break;
        }
        letters += kind == LETTER;
        at += size;
    }
    return letters == 1 || letters == 2;
}

/* Whether the character of this kind at `at`, inside or behind a word, belongs to it. */
static bool joins(
    enum kind kind, enum kind before, const unsigned char *next, const unsigned char *end) {
    if (kind == APOSTROPHE) {
        return before == LETTER && has_short_rest(next, end);
    }
    /* Only "." and "," come here besides. */
    return before == DIGIT && kind_of_next(next, end) == DIGIT;
}

static bool is_decimal(const unsigned char *at) {
    return *at == '.' || *at == ',';
}

/* Reads the word at reader->at and notes its size and casing. */
static void word_read(struct text_reader *reader, struct text_word *word) {
    const unsigned char *const begin = reader->at, *const end = reader->end;
    struct casing casing = {.is_ascii = true};
    const unsigned char *const limit =
        end - begin < TEXT_WORD_BYTES_MAX ? end : begin + TEXT_WORD_BYTES_MAX;
    const unsigned char *at = casing_add_ascii(&casing, begin, limit);
    enum kind before = at > begin ? LETTER : OTHER;
    while (at < end) {
        size_t size = 0;
        uint32_t character = 0;
        const enum kind kind = kind_at(at, &size, &character);
        const bool belongs =
            kind == MARK || ((kind == LETTER || kind == DIGIT) && before != SINGLE) ||
            (kind == SINGLE && before == OTHER) ||
            ((kind == APOSTROPHE || is_decimal(at)) && joins(kind, before, at + size, end));
        if (!belongs || (size_t)(at - begin) + size > TEXT_WORD_BYTES_MAX) {
            break;
        }
        casing_add(&casing, kind, character);
        before = kind == MARK ? before : kind;
        at += size;
    }
    word->offset = offset_of(reader, begin);
    word->term = 0;
    word->size = (uint16_t)(at - begin);
    word->flags = (uint16_t)(word->flags | casing_flags(&casing));
    reader->at = at;
}

void text_reader_begin(struct text_reader *reader, struct dk_bytes text) {
    const unsigned char *const begin = text_begin(text);
    *reader = (struct text_reader){.begin = begin, .end = begin + text.size, .at = begin};
}

bool text_reader_next(struct text_reader *reader, struct text_word *ret_word) {
    struct gap gap = {.is_line_start = !reader->has_previous};
    if (!gap_read(reader, &gap)) {
        if (reader->has_previous) {
            reader->sentence_end = gap.stop_end != NULL
                                       ? offset_of(reader, gap.stop_end)
                                       : reader->previous.offset + reader->previous.size;
        }
        return false;
    }
    const unsigned flags = gap_flags(reader, &gap);
    reader->sentence_words = (flags & TEXT_BEGINS_SENTENCE) != 0 ? 1 : reader->sentence_words + 1;
    ret_word->flags = (uint16_t)flags;
    word_read(reader, ret_word);
    reader->previous = *ret_word;
    reader->has_previous = true;
    return true;
}
