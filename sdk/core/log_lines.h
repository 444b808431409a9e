#ifndef DK_CORE_LOG_LINES_H
#define DK_CORE_LOG_LINES_H

#include <dk/log.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What has been logged, for /metrics and /statusz: how many lines of each level, and the last of
 * those that say trouble.
 *
 * Thread: any. Bound: DK__LOG_LINES_KEPT lines of warnings and errors, DK__LOG_LINE_BYTES of each.
 */
enum { DK__LOG_LEVELS = 4, DK__LOG_LINES_KEPT = 8, DK__LOG_LINE_BYTES = 512 };

/* Notes a line that was written; `line` ends with its newline. */
void dk__log_lines_note(enum dk_log_level level, const char *line, size_t size);
/* Lines written at that level since the start. */
int64_t dk__log_lines_count(enum dk_log_level level);
/* The kept lines, oldest first. */
void dk__log_lines_write(FILE *output);

#endif /* DK_CORE_LOG_LINES_H */
