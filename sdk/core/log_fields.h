#ifndef DK_CORE_LOG_FIELDS_H
#define DK_CORE_LOG_FIELDS_H

#include <dk/bytes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The `key=value` words of one event, as dk_log takes them. Thread: any; a structure is its maker's.
 * Bound: DK__LOG_LINE_BYTES_MAX; what does not fit is cut at a character, and is_cut says so.
 */
enum { DK__LOG_LINE_BYTES_MAX = 4096 };

struct dk__log_fields {
    char bytes[DK__LOG_LINE_BYTES_MAX];
    size_t size;
    bool is_cut;
    bool is_plain; /* one text without marks: the field "fields" */
};

void dk__log_fields_make(struct dk__log_fields *fields, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Takes the next field off the front, from 0 at `at`; false when there is none. Views of `fields`. */
bool dk__log_fields_next(
    const struct dk__log_fields *fields,
    size_t *at,
    struct dk_bytes *ret_key,
    struct dk_bytes *ret_value);

bool dk__log_fields_have(const struct dk__log_fields *fields, struct dk_bytes key);

#endif /* DK_CORE_LOG_FIELDS_H */
