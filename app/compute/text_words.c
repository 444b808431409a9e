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

#include "compute/text_kinds.h"

#include <string.h>
#include <utf8proc.h>

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

static enum text_kind kind_of_next(const unsigned char *at, const unsigned char *end) {
    size_t size = 0;
    uint32_t character = 0;
    return at < end ? text_kind_at(at, &size, &character) : TEXT_KIND_NEWLINE;
}

/* What stands between two words. */
struct gap {
    const unsigned char
        *stop_end; /* behind the first mark that may end a sentence and its closers */
    const unsigned char *opening; /* where quotes that touch the next word begin */
    enum text_kind stop;          /* TEXT_KIND_OTHER: none */
    unsigned newlines, hyphens;
    bool has_space, has_break, is_stop_open, is_line_start, is_paragraph;
};

static void gap_add_stop(struct gap *gap, enum text_kind kind, const unsigned char *next) {
    gap->has_break = true;
    gap->opening = NULL;
    if (gap->stop == TEXT_KIND_OTHER || (gap->is_stop_open && kind > gap->stop)) {
        gap->stop = kind;
        gap->is_stop_open = true;
    }
    if (gap->is_stop_open) {
        gap->stop_end = next;
    }
}

static void gap_add_quote(
    struct gap *gap, enum text_kind kind, const unsigned char *at, const unsigned char *next) {
    gap->has_break = true;
    if (gap->is_stop_open && kind != TEXT_KIND_OPENER) {
        gap->stop_end = next;
    } else if (gap->opening == NULL) {
        gap->opening = at;
    }
}

static void gap_add_space(struct gap *gap, enum text_kind kind) {
    gap->has_space = true;
    gap->is_stop_open = false;
    gap->opening = NULL;
    if (kind == TEXT_KIND_NEWLINE) {
        gap->newlines++;
        gap->is_line_start = true;
    }
}

static void gap_add(
    struct gap *gap,
    enum text_kind kind,
    const unsigned char *at,
    const unsigned char *next,
    const unsigned char *end) {
    if (kind == TEXT_KIND_SPACE || kind == TEXT_KIND_NEWLINE) {
        gap_add_space(gap, kind);
        return;
    }
    if (gap->is_line_start && (kind == TEXT_KIND_BULLET || kind == TEXT_KIND_HYPHEN) &&
        kind_of_next(next, end) == TEXT_KIND_SPACE) {
        gap->is_paragraph = true;
    }
    gap->is_line_start = false;
    if (kind == TEXT_KIND_STOP || kind == TEXT_KIND_CALL || kind == TEXT_KIND_FULL) {
        gap_add_stop(gap, kind, next);
    } else if (
        kind == TEXT_KIND_OPENER || kind == TEXT_KIND_CLOSER ||
        (kind == TEXT_KIND_APOSTROPHE && gap->has_break)) {
        gap_add_quote(gap, kind, at, next);
    } else if (kind == TEXT_KIND_HYPHEN) {
        gap->hyphens++;
        gap->is_stop_open = false;
        gap->opening = NULL;
    } else if (kind == TEXT_KIND_OTHER || kind == TEXT_KIND_BULLET) {
        gap->has_break = true;
        gap->is_stop_open = false;
        gap->opening = NULL;
    } else if (kind == TEXT_KIND_APOSTROPHE && gap->has_space) { /* a quote opens */
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
    if (gap->newlines >= 2 || gap->is_paragraph || gap->stop == TEXT_KIND_FULL ||
        reader->sentence_words >= TEXT_SENTENCE_WORDS_MAX) {
        return true;
    }
    if (gap->stop == TEXT_KIND_OTHER || !gap->has_space) {
        return false;
    }
    const utf8proc_int32_t next = (utf8proc_int32_t)text_decode(reader->at, &size);
    if (utf8proc_category(next) == UTF8PROC_CATEGORY_LL) {
        return false;
    }
    return gap->stop == TEXT_KIND_CALL || !dot_belongs(reader, reader->at);
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
        const enum text_kind kind = text_kind_at(reader->at, &size, &character);
        if (text_kind_begins_word(kind)) {
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

static void casing_add(struct casing *casing, enum text_kind kind, uint32_t character) {
    casing->is_ascii = casing->is_ascii && character < 0x80;
    if (kind == TEXT_KIND_DIGIT) {
        casing->has_digit = true;
        return;
    }
    if (kind != TEXT_KIND_LETTER && kind != TEXT_KIND_SINGLE) {
        return;
    }
    casing->is_single = casing->is_single || kind == TEXT_KIND_SINGLE;
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
        const enum text_kind kind = text_kind_at(at, &size, &character);
        if (kind != TEXT_KIND_LETTER && kind != TEXT_KIND_MARK) {
            break;
        }
        letters += kind == TEXT_KIND_LETTER;
        at += size;
    }
    return letters == 1 || letters == 2;
}

/* Whether the character of this kind at `at`, inside or behind a word, belongs to it. */
static bool joins(
    enum text_kind kind,
    enum text_kind before,
    const unsigned char *next,
    const unsigned char *end) {
    if (kind == TEXT_KIND_APOSTROPHE) {
        return before == TEXT_KIND_LETTER && has_short_rest(next, end);
    }
    /* Only "." and "," come here besides. */
    return before == TEXT_KIND_DIGIT && kind_of_next(next, end) == TEXT_KIND_DIGIT;
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
    enum text_kind before = at > begin ? TEXT_KIND_LETTER : TEXT_KIND_OTHER;
    while (at < end) {
        size_t size = 0;
        uint32_t character = 0;
        const enum text_kind kind = text_kind_at(at, &size, &character);
        const bool belongs =
            kind == TEXT_KIND_MARK ||
            ((kind == TEXT_KIND_LETTER || kind == TEXT_KIND_DIGIT) && before != TEXT_KIND_SINGLE) ||
            (kind == TEXT_KIND_SINGLE && before == TEXT_KIND_OTHER) ||
            ((kind == TEXT_KIND_APOSTROPHE || is_decimal(at)) &&
             joins(kind, before, at + size, end));
        if (!belongs || (size_t)(at - begin) + size > TEXT_WORD_BYTES_MAX) {
            break;
        }
        casing_add(&casing, kind, character);
        before = kind == TEXT_KIND_MARK ? before : kind;
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
