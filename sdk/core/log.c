/*
 * Who logs, what repeats, and the one write() of each line.
 *
 *     dk_log ─▶ level? ─▶ log_limit: repeated too often? ─▶ log_fields, log_line: on the stack ─▶ write
 */
#include "core/log.h"

#include "core/log_limit.h"
#include "core/log_line.h"
#include "core/log_lines.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 64 };

static struct {
    _Atomic(int) level; /* read by every thread */
    /* Set before other threads start: */
    enum dk_log_level usual_level;
    enum dk_log_format format;
    char program[NAME_BYTES_MAX];
    char host[NAME_BYTES_MAX];
} setup = {
    .level = DK_LOG_INFO,
    .usual_level = DK_LOG_INFO,
    .format = DK_LOG_TEXT,
    .program = "dk",
    .host = ""};

/* What repeats. The mutex is held for a look into the table, never for a write. */
static struct {
    pthread_mutex_t mutex; /* of all below */
    struct dk__log_limit limit;
    void (*on_held)(void *context);
    void *context;
    bool is_told; /* that something is held */
} repeats = {
    .mutex = PTHREAD_MUTEX_INITIALIZER, .limit = {.lines_max = 0, .window_us = DK__LOG_WINDOW_US}};

/* Whom this thread's lines belong to. */
static _Thread_local struct dk__log_context context;

__attribute__((format(printf, 4, 0))) static void line_write(
    enum dk_log_level level,
    const char *scope,
    const char *message,
    const char *format,
    va_list arguments) {
    struct dk__log_fields fields;
    struct dk__log_line line;
    fields.size = 0;
    fields.is_cut = false;
    fields.is_plain = false;
    if (format != NULL) {
        dk__log_fields_make(&fields, format, arguments);
    }
    const struct dk__log_event event = {
        .level = level,
        .program = setup.program,
        .host = setup.host,
        .scope = scope,
        .message = message,
        .context = &context,
        .fields = &fields};
    dk__log_line_make(&line, setup.format, &event);
    const ssize_t written = write(STDERR_FILENO, line.bytes, line.used);
    (void)written; /* nobody is left to be told */
    dk__log_lines_note(level, line.bytes, line.used);
}

__attribute__((format(printf, 4, 5))) static void line_write_now(
    enum dk_log_level level, const char *scope, const char *message, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    line_write(level, scope, message, format, arguments);
    va_end(arguments);
}

/* ── what repeats ───────────────────────────────────────────────────────────────────────────── */

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* It belongs to no call, whichever thread writes it. */
static void held_tell(const struct dk__log_held *held) {
    const struct dk__log_context mine = context;
    dk__log_context_clear();
    line_write_now(
        held->level,
        held->scope,
        "more of these were not written",
        "lines=%llu message=\"%s\"",
        (unsigned long long)held->lines,
        held->message);
    context = mine;
}

/* False: the line is held back. */
static bool repeats_take(enum dk_log_level level, const char *scope, const char *message) {
    struct dk__log_held told = {.lines = 0};
    if (level == DK_LOG_DEBUG) {
        return true;
    }
    (void)pthread_mutex_lock(&repeats.mutex);
    const bool is_written =
        repeats.limit.lines_max == 0 ||
        dk__log_limit_take(&repeats.limit, level, scope, message, now_us(), &told);
    if (!is_written && !repeats.is_told && repeats.on_held != NULL) {
        repeats.is_told = true;
        repeats.on_held(
            repeats.context); /* under the mutex: it ends where dk__log_on_held returns */
    }
    (void)pthread_mutex_unlock(&repeats.mutex);
    if (told.lines > 0) {
        held_tell(&told);
    }
    return is_written;
}

static int64_t flush_until(int64_t until_us) {
    struct dk__log_held told;
    int64_t due_us = INT64_MAX;
    bool is_due = false;
    do {
        (void)pthread_mutex_lock(&repeats.mutex);
        is_due = dk__log_limit_due(&repeats.limit, until_us, &told);
        if (!is_due) {
            due_us = dk__log_limit_due_us(&repeats.limit);
            repeats.is_told = repeats.is_told && due_us != INT64_MAX;
        }
        (void)pthread_mutex_unlock(&repeats.mutex);
        if (is_due) {
            held_tell(&told);
        }
    } while (is_due);
    return due_us;
}

int64_t dk__log_flush(void) {
    const int64_t start_us = now_us();
    const int64_t due_us = flush_until(start_us);
    return due_us == INT64_MAX ? -1 : due_us - start_us;
}

void dk__log_flush_all(void) {
    (void)flush_until(INT64_MAX);
}

void dk__log_hold_after(uint32_t lines_max) {
    (void)pthread_mutex_lock(&repeats.mutex);
    repeats.limit.lines_max = lines_max;
    (void)pthread_mutex_unlock(&repeats.mutex);
}

void dk__log_on_held(void (*on_held)(void *context), void *on_held_context) {
    (void)pthread_mutex_lock(&repeats.mutex);
    repeats.on_held = on_held;
    repeats.context = on_held_context;
    repeats.is_told = false;
    (void)pthread_mutex_unlock(&repeats.mutex);
}

/* ── whom lines belong to ───────────────────────────────────────────────────────────────────── */

void dk__log_context_component(const char *component) {
    context.component = component != NULL && component[0] != '\0' ? component : NULL;
}

void dk__log_context_trace(const unsigned char *trace_id, const unsigned char *span_id) {
    context.is_traced = trace_id != NULL && span_id != NULL;
    if (context.is_traced) {
        memcpy(context.trace_id, trace_id, sizeof context.trace_id);
        memcpy(context.span_id, span_id, sizeof context.span_id);
    }
}

void dk__log_context_clear(void) {
    context.component = NULL;
    context.is_traced = false;
}

/* ── dk/log.h ───────────────────────────────────────────────────────────────────────────────── */

void dk_log(
    enum dk_log_level level, const char *scope, const char *message, const char *format, ...) {
    if (!dk_log_wants(level) || !repeats_take(level, scope, message)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    line_write(level, scope, message, format, arguments);
    va_end(arguments);
}

bool dk_log_wants(enum dk_log_level level) {
    return (int)level >= atomic_load_explicit(&setup.level, memory_order_relaxed);
}

void dk_log_setup(enum dk_log_level level, enum dk_log_format format, const char *program) {
    atomic_store_explicit(&setup.level, (int)level, memory_order_relaxed);
    setup.usual_level = level;
    setup.format = format;
    (void)snprintf(setup.program, sizeof setup.program, "%s", program);
    if (gethostname(setup.host, sizeof setup.host - 1) != 0) {
        setup.host[0] = '\0';
    }
}

void dk__log_toggle(void) {
    const bool is_raised = !dk_log_wants(DK_LOG_DEBUG);
    const enum dk_log_level level = is_raised ? DK_LOG_DEBUG : setup.usual_level;
    atomic_store_explicit(&setup.level, (int)level, memory_order_relaxed);
    /* Whatever the level: who asked for it looks for this line. */
    line_write_now(
        DK_LOG_INFO,
        "log",
        "the level has changed",
        "to=%s",
        dk__log_level_word(level, DK_LOG_TEXT));
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
