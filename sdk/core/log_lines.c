/*
 * Counts by level, and a ring of the last warnings and errors. Nothing here is on a call's way: a
 * line costs a write() of its own.
 */
#include "core/log_lines.h"

#include "core/utf8.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(int64_t) counts[DK__LOG_LEVELS];

static struct {
    pthread_mutex_t mutex; /* of all that follows */
    uint64_t noted;
    struct {
        char bytes[DK__LOG_LINE_BYTES];
        size_t size;
    } lines[DK__LOG_LINES_KEPT];
} ring = {.mutex = PTHREAD_MUTEX_INITIALIZER};

_Static_assert(DK_LOG_ERROR + 1 == DK__LOG_LEVELS, "one count for each level");

void dk__log_lines_note(enum dk_log_level level, const char *line, size_t size) {
    (void)atomic_fetch_add_explicit(&counts[level], 1, memory_order_relaxed);
    if (level < DK_LOG_WARN) {
        return;
    }
    (void)pthread_mutex_lock(&ring.mutex);
    const size_t at = ring.noted % DK__LOG_LINES_KEPT;
    struct dk_bytes text = {.data = line, .size = size > 0 ? size - 1 : 0}; /* without newline */
    if (text.size > DK__LOG_LINE_BYTES) {
        text.size = DK__LOG_LINE_BYTES;
        text.size = dk__utf8_whole(text);
    }
    memcpy(ring.lines[at].bytes, text.data, text.size);
    ring.lines[at].size = text.size;
    ring.noted++;
    (void)pthread_mutex_unlock(&ring.mutex);
}

int64_t dk__log_lines_count(enum dk_log_level level) {
    return atomic_load_explicit(&counts[level], memory_order_relaxed);
}

void dk__log_lines_write(FILE *output) {
    (void)pthread_mutex_lock(&ring.mutex);
    const uint64_t first = ring.noted > DK__LOG_LINES_KEPT ? ring.noted - DK__LOG_LINES_KEPT : 0;
    for (uint64_t i = first; i < ring.noted; i++) {
        const size_t at = i % DK__LOG_LINES_KEPT;
        (void)fprintf(output, "%.*s\n", (int)ring.lines[at].size, ring.lines[at].bytes);
    }
    (void)pthread_mutex_unlock(&ring.mutex);
}
