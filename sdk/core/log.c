/*
 * Log lines: made on the stack of whoever logs, written by one write().
 */
#include "core/utf8.h"

#include <assert.h>
#include <dk/log.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 4096,
    LINE_TAIL_BYTES = 32,    /* of these: the last quote, the mark, the brace and the newline */
    MESSAGE_BYTES_MAX = 512, /* a message is our own literal; foreign words are fields */
    FORMAT_BYTES_MAX = 512,
    NAME_BYTES_MAX = 64,
};

static struct {
    _Atomic(int) level; /* read by every thread, set before they start */
    enum dk_log_format format;
    char program[NAME_BYTES_MAX];
    char host[NAME_BYTES_MAX];
} setup = {.level = DK_LOG_INFO, .format = DK_LOG_TEXT, .program = "dk", .host = ""};

/* ── a line under construction ──────────────────────────────────────────────────────────────── */

struct line {
    char bytes[LINE_BYTES_MAX];
    size_t used;
    bool is_cut;  /* something is missing: the line says so */
    bool is_full; /* and nothing more goes in but its end */
};

static void put(struct line *line, const char *bytes, size_t size) {
    if (line->is_full || line->used + size > LINE_BYTES_MAX - LINE_TAIL_BYTES) {
        line->is_cut = true;
        line->is_full = true;
        return;
    }
    memcpy(line->bytes + line->used, bytes, size);
    line->used += size;
}

static void put_text(struct line *line, const char *text) {
    put(line, text, strlen(text));
}

/* What ends a value or the line; it goes to the room kept for it. */
static void put_end(struct line *line, const char *text) {
    const size_t size = strlen(text);
    memcpy(line->bytes + line->used, text, size);
    line->used += size;
}

/* Inside double quotes, JSON and text alike. `text` is UTF-8 already. */
static void put_escaped(struct line *line, struct dk_bytes text) {
    for (size_t i = 0; i < text.size && !line->is_full; i++) {
        const char byte = text.data[i];
        char escape[8];
        if (byte == '"' || byte == '\\') {
            escape[0] = '\\';
            escape[1] = byte;
            put(line, escape, 2);
        } else if (byte == '\n') {
            put(line, "\\n", 2);
        } else if ((unsigned char)byte < 0x20 || byte == 0x7F) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
            put(line, escape, 6);
        } else {
            put(line, &byte, 1);
        }
    }
    if (line->is_full) {
        line->used = dk__utf8_whole((struct dk_bytes){line->bytes, line->used});
    }
}

/* Own words, made UTF-8 and held to a size. */
static void put_words(struct line *line, const char *words) {
    char text[MESSAGE_BYTES_MAX];
    const size_t size = dk__utf8_clean(dk_bytes_of(words), text, sizeof text);
    line->is_cut |= strlen(words) >= sizeof text;
    put_escaped(line, (struct dk_bytes){text, size});
}

static void put_time(struct line *line) {
    struct timespec now;
    struct tm utc;
    char text[48];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    const size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text + size, sizeof text - size, ".%09ldZ", now.tv_nsec);
    put_text(line, text);
}

static const char *level_word(enum dk_log_level level, enum dk_log_format format) {
    switch (level) {
    case DK_LOG_DEBUG:
        return "debug";
    case DK_LOG_INFO:
        return "info";
    case DK_LOG_WARN:
        return format == DK_LOG_JSON ? "warning" : "warn"; /* Dapr's word in Dapr's format */
    case DK_LOG_ERROR:
        return "error";
    }
    return "info";
}

/* ── an event's own fields ──────────────────────────────────────────────────────────────────── */

enum { FIELD_MARK = '\x1E' }; /* stands before each field */

struct fields {
    char bytes[LINE_BYTES_MAX];
    size_t size;
    bool is_cut;
    bool is_plain; /* one text without marks */
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
__attribute__((format(printf, 2, 0))) static void fields_make(
    struct fields *fields, const char *format, va_list arguments) {
    char marked[FORMAT_BYTES_MAX], raw[LINE_BYTES_MAX] = "";
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

/* Takes the next field off the front; false when there is none. */
static bool field_next(
    const struct fields *fields, size_t *at, struct dk_bytes *ret_key, struct dk_bytes *ret_value) {
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

static bool needs_quotes(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        const unsigned char byte = (unsigned char)value.data[i];
        if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte == 0x7F) {
            return true;
        }
    }
    return value.size == 0;
}

/* ── the two formats ────────────────────────────────────────────────────────────────────────── */

/* Dapr's own members; an event's field of such a name would be a second one. */
static bool is_dapr_key(struct dk_bytes key) {
    static const char *const keys[] = {
        "app_id", "instance", "level", "msg", "scope", "time", "type", "ver", "cut"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (dk_bytes_equal(key, dk_bytes_of(keys[i]))) {
            return true;
        }
    }
    return false;
}

static void put_json(
    struct line *line,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    const struct fields *fields) {
    put_text(line, "{\"app_id\":\"");
    put_words(line, setup.program);
    put_text(line, "\",\"instance\":\"");
    put_words(line, setup.host);
    put_text(line, "\",\"level\":\"");
    put_text(line, level_word(level, DK_LOG_JSON));
    put_text(line, "\",\"msg\":\"");
    put_words(line, message);
    put_text(line, "\",\"scope\":\"");
    put_escaped(line, dk_bytes_of(scope)); /* a word of ours, as the keys are */
    put_text(line, "\",\"time\":\"");
    put_time(line);
    put_text(line, "\",\"type\":\"log\",\"ver\":\"" DK_VERSION "\"");
    struct dk_bytes key, value;
    size_t at = 0;
    while (!line->is_full && field_next(fields, &at, &key, &value)) {
        const size_t before = line->used;
        put_text(line, is_dapr_key(key) ? ",\"event_" : ",\"");
        put_escaped(line, key);
        put_text(line, "\":\"");
        if (line->is_full) {
            line->used = before;
            break;
        }
        put_escaped(line, value);
        put_end(line, "\"");
    }
    put_end(line, line->is_cut ? ",\"cut\":\"true\"}\n" : "}\n");
}

static void put_plain(
    struct line *line,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    const struct fields *fields) {
    put_text(line, "time=");
    put_time(line);
    put_text(line, " level=");
    put_text(line, level_word(level, DK_LOG_TEXT));
    put_text(line, " scope=");
    put_text(line, scope);
    put_text(line, " msg=\"");
    put_words(line, message);
    put_text(line, "\"");
    struct dk_bytes key, value;
    size_t at = 0;
    while (!line->is_full && field_next(fields, &at, &key, &value)) {
        const size_t before = line->used;
        const bool quotes = needs_quotes(value);
        put_text(line, " ");
        put_escaped(line, key);
        put_text(line, quotes ? "=\"" : "=");
        if (line->is_full) {
            line->used = before;
            break;
        }
        put_escaped(line, value);
        put_end(line, quotes ? "\"" : "");
    }
    put_end(line, line->is_cut ? " …\n" : "\n");
}

void dk_log(
    enum dk_log_level level, const char *scope, const char *message, const char *format, ...) {
    struct fields fields;
    struct line line;
    if (!dk_log_wants(level)) {
        return;
    }
    fields.size = 0;
    fields.is_cut = false;
    fields.is_plain = false;
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        fields_make(&fields, format, arguments);
        va_end(arguments);
    }
    line.used = 0;
    line.is_cut = fields.is_cut;
    line.is_full = false;
    (setup.format == DK_LOG_JSON ? put_json : put_plain)(&line, level, scope, message, &fields);
    const ssize_t written = write(STDERR_FILENO, line.bytes, line.used);
    (void)written; /* nobody is left to be told */
}

bool dk_log_wants(enum dk_log_level level) {
    return (int)level >= atomic_load_explicit(&setup.level, memory_order_relaxed);
}

void dk_log_setup(enum dk_log_level level, enum dk_log_format format, const char *program) {
    atomic_store_explicit(&setup.level, (int)level, memory_order_relaxed);
    setup.format = format;
    (void)snprintf(setup.program, sizeof setup.program, "%s", program);
    if (gethostname(setup.host, sizeof setup.host - 1) != 0) {
        setup.host[0] = '\0';
    }
}

bool dk_log_level_parse(const char *text, enum dk_log_level *ret_level) {
    static const char *const words[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < (int)(sizeof words / sizeof words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_level = (enum dk_log_level)i;
            return true;
        }
    }
    return false;
}
