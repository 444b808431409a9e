/*
 * Log lines: made on the stack of whoever logs, written by one write().
 */
#include "core/utf8.h"

#include <dk/log.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096, FIELDS_BYTES_MAX = 2048, NAME_BYTES_MAX = 64 };

static struct {
    _Atomic(int) level; /* read by every thread, set before they start */
    enum dk_log_format format;
    char program[NAME_BYTES_MAX];
    char host[NAME_BYTES_MAX];
} setup = {.level = DK_LOG_INFO, .format = DK_LOG_TEXT, .program = "dk", .host = ""};

/* A line under construction; what does not fit is cut and marked at the end. */
struct line {
    char bytes[LINE_BYTES_MAX];
    size_t used;
    bool is_cut;
};

enum { LINE_TAIL_BYTES = 16 }; /* kept for the mark, the closing brace and the newline */

static void put(struct line *line, const char *bytes, size_t size) {
    if (size > LINE_BYTES_MAX - LINE_TAIL_BYTES - line->used) {
        line->is_cut = true;
        return;
    }
    memcpy(line->bytes + line->used, bytes, size);
    line->used += size;
}

static void put_text(struct line *line, const char *text) {
    put(line, text, strlen(text));
}

/* Inside double quotes, JSON and text alike. `text` is UTF-8 already. */
static void put_escaped(struct line *line, struct dk_bytes text) {
    for (size_t i = 0; i < text.size && !line->is_cut; i++) {
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

/* Takes the next key=value off the front of `fields`; false when there is none. A value in double
 * quotes ends at the last quote before a blank or the end, so that quotes in it do no harm. */
static bool field_next(
    struct dk_bytes *fields, struct dk_bytes *ret_key, struct dk_bytes *ret_value) {
    const char *at = fields->data, *const end = fields->data + fields->size;
    while (at < end && *at == ' ') {
        at++;
    }
    const char *equals = at < end ? memchr(at, '=', (size_t)(end - at)) : NULL;
    if (equals == NULL) {
        return false;
    }
    *ret_key = (struct dk_bytes){at, (size_t)(equals - at)};
    at = equals + 1;
    const char *stop = at;
    if (at < end && *at == '"') {
        at++;
        stop = at;
        while (stop < end && !(*stop == '"' && (stop + 1 == end || stop[1] == ' '))) {
            stop++;
        }
        *ret_value = (struct dk_bytes){at, (size_t)(stop - at)};
        stop = stop < end ? stop + 1 : stop;
    } else {
        while (stop < end && *stop != ' ') {
            stop++;
        }
        *ret_value = (struct dk_bytes){at, (size_t)(stop - at)};
    }
    *fields = (struct dk_bytes){stop, (size_t)(end - stop)};
    return true;
}

static bool needs_quotes(struct dk_bytes value) {
    for (size_t i = 0; i < value.size; i++) {
        const unsigned char byte = (unsigned char)value.data[i];
        if (byte <= ' ' || byte == '"' || byte == '=' || byte == 0x7F) {
            return true;
        }
    }
    return value.size == 0;
}

static void put_json(
    struct line *line,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    struct dk_bytes fields) {
    put_text(line, "{\"app_id\":\"");
    put_escaped(line, dk_bytes_of(setup.program));
    put_text(line, "\",\"instance\":\"");
    put_escaped(line, dk_bytes_of(setup.host));
    put_text(line, "\",\"level\":\"");
    put_text(line, level_word(level, DK_LOG_JSON));
    put_text(line, "\",\"msg\":\"");
    put_escaped(line, dk_bytes_of(message));
    put_text(line, "\",\"scope\":\"");
    put_escaped(line, dk_bytes_of(scope));
    put_text(line, "\",\"time\":\"");
    put_time(line);
    put_text(line, "\",\"type\":\"log\",\"ver\":\"" DK_VERSION "\"");
    struct dk_bytes key, value;
    while (!line->is_cut && field_next(&fields, &key, &value)) {
        const size_t before = line->used;
        put_text(line, ",\"");
        put_escaped(line, key);
        put_text(line, "\":\"");
        put_escaped(line, value);
        put_text(line, "\"");
        if (line->is_cut) {
            line->used = before; /* a line is valid JSON, cut or not */
        }
    }
    put_text(line, "}");
}

static void put_plain(
    struct line *line,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    struct dk_bytes fields) {
    put_text(line, "time=");
    put_time(line);
    put_text(line, " level=");
    put_text(line, level_word(level, DK_LOG_TEXT));
    put_text(line, " scope=");
    put_text(line, scope);
    put_text(line, " msg=\"");
    put_escaped(line, dk_bytes_of(message));
    put_text(line, "\"");
    struct dk_bytes key, value;
    while (!line->is_cut && field_next(&fields, &key, &value)) {
        const bool quotes = needs_quotes(value);
        put_text(line, " ");
        put_escaped(line, key);
        put_text(line, quotes ? "=\"" : "=");
        put_escaped(line, value);
        put_text(line, quotes ? "\"" : "");
    }
}

void dk_log(
    enum dk_log_level level, const char *scope, const char *message, const char *format, ...) {
    char raw[FIELDS_BYTES_MAX] = "", fields[FIELDS_BYTES_MAX];
    struct line line;
    if (!dk_log_wants(level)) {
        return;
    }
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(raw, sizeof raw, format, arguments);
        va_end(arguments);
    }
    const size_t size = dk__utf8_clean(dk_bytes_of(raw), fields, sizeof fields);
    line.used = 0;
    line.is_cut = false;
    (setup.format == DK_LOG_JSON ? put_json : put_plain)(
        &line, level, scope, message, (struct dk_bytes){fields, size});
    if (line.is_cut) {
        static const char mark[] = " …";
        static const char json_end[] = "}";
        const bool json = setup.format == DK_LOG_JSON;
        const char *const tail = json ? json_end : mark;
        memcpy(line.bytes + line.used, tail, strlen(tail));
        line.used += strlen(tail);
    }
    line.bytes[line.used++] = '\n';
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
