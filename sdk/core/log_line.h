#ifndef DK_CORE_LOG_LINE_H
#define DK_CORE_LOG_LINE_H

#include "core/log.h"
#include "core/log_fields.h"

/* Whom a thread's lines belong to. */
struct dk__log_context {
    const char *component; /* NULL: none */
    bool is_traced;
    unsigned char trace_id[DK__LOG_TRACE_BYTES], span_id[DK__LOG_SPAN_BYTES];
};

struct dk__log_event {
    enum dk_log_level level;
    const char *program, *host, *scope, *message;
    const struct dk__log_context *context;
    const struct dk__log_fields *fields;
};

/* A line, its newline included. Bound: DK__LOG_LINE_BYTES_MAX; a cut one says so. Thread: any. */
struct dk__log_line {
    char bytes[DK__LOG_LINE_BYTES_MAX];
    size_t used;
    bool is_cut;  /* something is missing: the line says so */
    bool is_full; /* and nothing more goes in but its end */
};

void dk__log_line_make(
    struct dk__log_line *line, enum dk_log_format format, const struct dk__log_event *event);

/* "warn", in Dapr's format Dapr's word "warning". */
const char *dk__log_level_word(enum dk_log_level level, enum dk_log_format format);

#endif /* DK_CORE_LOG_LINE_H */
