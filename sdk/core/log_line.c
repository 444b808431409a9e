/*
 * The two formats of a line.
 */
#include "core/log_line.h"

#include "core/hex.h"
#include "core/process_metrics.h"
#include "core/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    LINE_TAIL_BYTES = 32,    /* of a line: the last quote, the mark, the brace and the newline */
    MESSAGE_BYTES_MAX = 512, /* a message is our own literal; foreign words are fields */
};

/* ── a line under construction ──────────────────────────────────────────────────────────────── */

static void put(struct dk__log_line *line, const char *bytes, size_t size) {
    if (line->is_full || line->used + size > DK__LOG_LINE_BYTES_MAX - LINE_TAIL_BYTES) {
        line->is_cut = true;
        line->is_full = true;
        return;
    }
    memcpy(line->bytes + line->used, bytes, size);
    line->used += size;
}

static void put_text(struct dk__log_line *line, const char *text) {
    put(line, text, strlen(text));
}

/* What ends a value or the line; it goes to the room kept for it. */
static void put_end(struct dk__log_line *line, const char *text) {
    const size_t size = strlen(text);
    memcpy(line->bytes + line->used, text, size);
    line->used += size;
}

/* Inside double quotes, JSON and text alike. `text` is UTF-8 already. */
static void put_escaped(struct dk__log_line *line, struct dk_bytes text) {
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
static void put_words(struct dk__log_line *line, const char *words) {
    char text[MESSAGE_BYTES_MAX];
    const size_t size = dk__utf8_clean(dk_bytes_of(words), text, sizeof text);
    line->is_cut |= strlen(words) >= sizeof text;
    put_escaped(line, (struct dk_bytes){text, size});
}

static void put_time(struct dk__log_line *line) {
    struct timespec now;
    struct tm utc;
    char text[48];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    const size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text + size, sizeof text - size, ".%09ldZ", now.tv_nsec);
    put_text(line, text);
}

const char *dk__log_level_word(enum dk_log_level level, enum dk_log_format format) {
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

/* One member after another, or one word after another: the format's way to write a field. */
typedef void put_field_fn(struct dk__log_line *line, struct dk_bytes key, struct dk_bytes value);

static void put_field_json(struct dk__log_line *line, struct dk_bytes key, struct dk_bytes value) {
    const size_t before = line->used;
    put_text(line, is_dapr_key(key) ? ",\"event_" : ",\"");
    put_escaped(line, key);
    put_text(line, "\":\"");
    if (line->is_full) {
        line->used = before;
        return;
    }
    put_escaped(line, value);
    put_end(line, "\"");
}

static void put_field_plain(struct dk__log_line *line, struct dk_bytes key, struct dk_bytes value) {
    const size_t before = line->used;
    const bool quotes = needs_quotes(value);
    put_text(line, " ");
    put_escaped(line, key);
    put_text(line, quotes ? "=\"" : "=");
    if (line->is_full) {
        line->used = before;
        return;
    }
    put_escaped(line, value);
    put_end(line, quotes ? "\"" : "");
}

static struct dk_bytes hex_of(const unsigned char *bytes, size_t size, char *target) {
    const char *const end = dk__hex_write(bytes, size, target);
    return (struct dk_bytes){.data = target, .size = (size_t)(end - target)};
}

/* The thread's call first, so that a cut line keeps it; then the event's own. */
static void put_fields(
    struct dk__log_line *line, const struct dk__log_event *event, put_field_fn *put_field) {
    const struct dk__log_fields *fields = event->fields;
    const struct dk__log_context *context = event->context;
    static const struct dk_bytes component = DK_BYTES("component"), trace_id = DK_BYTES("trace_id"),
                                 span_id = DK_BYTES("span_id");
    char hex[2 * DK__LOG_TRACE_BYTES];
    struct dk_bytes key, value;
    size_t at = 0;
    if (context->component != NULL && !dk__log_fields_have(fields, component)) {
        char name[MESSAGE_BYTES_MAX];
        value.size = dk__utf8_clean(dk_bytes_of(context->component), name, sizeof name);
        value.data = name;
        put_field(line, component, value);
    }
    if (context->is_traced && !dk__log_fields_have(fields, trace_id)) {
        put_field(line, trace_id, hex_of(context->trace_id, sizeof context->trace_id, hex));
        put_field(line, span_id, hex_of(context->span_id, sizeof context->span_id, hex));
    }
    while (!line->is_full && dk__log_fields_next(fields, &at, &key, &value)) {
        put_field(line, key, value);
    }
}

static void put_json(struct dk__log_line *line, const struct dk__log_event *event) {
    put_text(line, "{\"app_id\":\"");
    put_words(line, event->program);
    put_text(line, "\",\"instance\":\"");
    put_words(line, event->host);
    put_text(line, "\",\"level\":\"");
    put_text(line, dk__log_level_word(event->level, DK_LOG_JSON));
    put_text(line, "\",\"msg\":\"");
    put_words(line, event->message);
    put_text(line, "\",\"scope\":\"");
    put_escaped(line, dk_bytes_of(event->scope)); /* a word of ours, as the keys are */
    put_text(line, "\",\"time\":\"");
    put_time(line);
    put_text(line, "\",\"type\":\"log\",\"ver\":\"");
    put_words(line, dk__build_version());
    put_text(line, "\"");
    put_fields(line, event, put_field_json);
    put_end(line, line->is_cut ? ",\"cut\":\"true\"}\n" : "}\n");
}

static void put_plain(struct dk__log_line *line, const struct dk__log_event *event) {
    put_text(line, "time=");
    put_time(line);
    put_text(line, " level=");
    put_text(line, dk__log_level_word(event->level, DK_LOG_TEXT));
    put_text(line, " scope=");
    put_text(line, event->scope);
    put_text(line, " msg=\"");
    put_words(line, event->message);
    put_text(line, "\"");
    put_fields(line, event, put_field_plain);
    put_end(line, line->is_cut ? " …\n" : "\n");
}

void dk__log_line_make(
    struct dk__log_line *line, enum dk_log_format format, const struct dk__log_event *event) {
    line->used = 0;
    line->is_cut = event->fields->is_cut;
    line->is_full = false;
    (format == DK_LOG_JSON ? put_json : put_plain)(line, event);
}
