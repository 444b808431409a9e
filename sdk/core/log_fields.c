/*
 * An event's own fields, taken apart so that no value can pass for two.
 */
#include "core/log_fields.h"

#include "core/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    FORMAT_BYTES_MAX = 512,
    FIELD_MARK = '\x1E', /* stands before each field */
};

/* The same format with a mark before each word, its quotes gone; returns how many words. */
static size_t format_mark(const char *format, char *marked) {
    size_t words = 0, used = 0;
    bool in_quotes = false, in_word = false;
    assert(2 * strlen(format) < FORMAT_BYTES_MAX);
    for (; *format != '\0'; format++) {
        if (*format == ' ' && !in_quotes) {
            in_word = false;
            continue;
        }
        if (!in_word) {
            in_word = true;
            marked[used++] = FIELD_MARK;
            words++;
        }
        if (*format == '"') {
            in_quotes = !in_quotes;
        } else {
            marked[used++] = *format;
        }
    }
    marked[used] = '\0';
    return words;
}

static size_t marks_in(struct dk_bytes text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == FIELD_MARK ? 1U : 0U;
    }
    return count;
}

/* The marks are set before any foreign byte is in the text: whatever a value holds, blanks, quotes
 * or what looks like a field, it stays one value. A value that holds a mark itself, or a text that
 * does not fit, is found by counting; then everything becomes one plain text. */
void dk__log_fields_make(struct dk__log_fields *fields, const char *format, va_list arguments) {
    char marked[FORMAT_BYTES_MAX], raw[DK__LOG_LINE_BYTES_MAX] = "";
    va_list again;
    va_copy(again, arguments);
    const size_t words = format_mark(format, marked);
    fields->is_cut = false;
/* The marked format is the checked one with other blanks and without quotes. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int size = vsnprintf(raw, sizeof raw, marked, arguments);
#pragma GCC diagnostic pop
    fields->is_plain = size >= (int)sizeof raw || marks_in(dk_bytes_of(raw)) != words;
    if (fields->is_plain) {
        size = vsnprintf(raw, sizeof raw, format, again);
        fields->is_cut = size >= (int)sizeof raw;
    }
    va_end(again);
    struct dk_bytes text = dk_bytes_of(raw);
    text.size = fields->is_cut ? dk__utf8_whole(text) : text.size;
    fields->size = dk__utf8_clean(text, fields->bytes, sizeof fields->bytes);
    /* Cleaning makes one bad byte three: then the end may be missing here. */
    fields->is_cut |= fields->size + sizeof "\uFFFD" > sizeof fields->bytes;
}

bool dk__log_fields_next(
    const struct dk__log_fields *fields,
    size_t *at,
    struct dk_bytes *ret_key,
    struct dk_bytes *ret_value) {
    if (*at >= fields->size) {
        return false;
    }
    if (fields->is_plain) {
        *ret_key = (struct dk_bytes)DK_BYTES("fields");
        *ret_value = (struct dk_bytes){fields->bytes, fields->size};
        *at = fields->size;
        return true;
    }
    const char *const start = fields->bytes + *at + 1;
    const char *const end = fields->bytes + fields->size;
    const char *stop = memchr(start, FIELD_MARK, (size_t)(end - start));
    stop = stop == NULL ? end : stop;
    const char *equals = memchr(start, '=', (size_t)(stop - start));
    equals = equals == NULL ? stop : equals;
    *ret_key = (struct dk_bytes){start, (size_t)(equals - start)};
    *ret_value = equals == stop ? (struct dk_bytes)DK_BYTES("")
                                : (struct dk_bytes){equals + 1, (size_t)(stop - equals - 1)};
    *at = (size_t)(stop - fields->bytes);
    return true;
}

bool dk__log_fields_have(const struct dk__log_fields *fields, struct dk_bytes key) {
    struct dk_bytes found, value;
    size_t at = 0;
    while (dk__log_fields_next(fields, &at, &found, &value)) {
        if (dk_bytes_equal(found, key)) {
            return true;
        }
    }
    return false;
}
