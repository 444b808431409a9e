#ifndef DK_LOG_H
#define DK_LOG_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dk_log_level { DK_LOG_DEBUG, DK_LOG_INFO, DK_LOG_WARN, DK_LOG_ERROR };
enum dk_log_format { DK_LOG_TEXT, DK_LOG_JSON };

/*
 * One event per line to standard error, written by one write() so that lines never mix.
 *
 * Text: time=… level=warn scope=redis msg="connection lost, retrying" host=10.0.0.7:6379
 * JSON: Dapr's fields (app_id, instance, level, msg, scope, time, type, ver) and the event's own.
 * Between them, of a line that belongs to a call, stands whose call it is: `component`, the name of the
 * Component document, and of a traced call `trace_id` and `span_id`, in hexadecimal. An event that names
 * such a field itself is taken at its word.
 *
 * `format` and what follows give the event's own fields as `key=value` words; a value with blanks
 * stands in double quotes: dk_log(DK_LOG_WARN, "redis", "connection lost", "host=%s", host).
 * The words are those of `format`: a value that holds blanks, quotes or `=` stays one value. NULL
 * `format`: no fields of its own. Bytes that are not UTF-8 become U+FFFD; in JSON, a field with the
 * name of one of Dapr's gets "event_" before it.
 *
 * Thread: any. Bound: a line of 4096 bytes, a message of 512, a format of 256; what is longer is
 *        cut at a character and marked, "…" in text and the member "cut" in JSON. Of lines with the
 *        same level, scope and message, --log-repeats-max in 10 s; one line tells of the others.
 */
void dk_log(
    enum dk_log_level level, const char *scope, const char *message, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether a level is written at all: spares the work of building a field. Thread: any. */
bool dk_log_wants(enum dk_log_level level);

/* Sets level and format for the process. Thread: main, before other threads log. */
void dk_log_setup(enum dk_log_level level, enum dk_log_format format, const char *program);

/* Reads "debug", "info", "warn" or "error"; false and untouched output otherwise. */
bool dk_log_level_parse(const char *text, enum dk_log_level *ret_level);

#ifdef __cplusplus
}
#endif

#endif /* DK_LOG_H */
