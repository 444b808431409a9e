#ifndef DK_CORE_LOG_LIMIT_H
#define DK_CORE_LOG_LIMIT_H

#include <dk/log.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Which lines are written and which are only counted. Each kind of line has a window of its own,
 * which its first line opens: so many are written in it, and what is more is held.
 *
 *     take: written … written, held … held │ window over: due ─▶ "so many more were not written"
 *
 * Pure; time is the caller's, in monotonic µs. Thread: the caller sees to it that it is one.
 * Bound:  DK__LOG_KINDS_MAX kinds. One more takes the place of the window that opened first, and
 *         what that one holds is given out at once: nothing held is ever forgotten.
 */
enum {
    DK__LOG_KINDS_MAX = 64,
    DK__LOG_SCOPE_BYTES_MAX = 64,
    DK__LOG_MESSAGE_BYTES_MAX = 160, /* of a summary; a longer one is cut at a character */
};

/* Lines of one kind that were not written. */
struct dk__log_held {
    enum dk_log_level level;
    char scope[DK__LOG_SCOPE_BYTES_MAX];
    char message[DK__LOG_MESSAGE_BYTES_MAX];
    uint64_t lines;
};

struct dk__log_kind {
    uint64_t hash; /* of level, scope and message; 0: free */
    int64_t opened_us;
    uint32_t written;
    struct dk__log_held held;
};

struct dk__log_limit {
    uint32_t lines_max;
    int64_t window_us;
    struct dk__log_kind kinds[DK__LOG_KINDS_MAX];
};

/* True: write the line. What had to make room for it is in `ret_told` with lines > 0, or lines = 0. */
bool dk__log_limit_take(
    struct dk__log_limit *limit,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    int64_t now_us,
    struct dk__log_held *ret_told);

/* Gives out one kind whose window is over at `now_us` and holds something; false: there is none. */
bool dk__log_limit_due(struct dk__log_limit *limit, int64_t now_us, struct dk__log_held *ret_told);

/* When the first window that holds something is over; INT64_MAX: none holds anything. */
int64_t dk__log_limit_due_us(const struct dk__log_limit *limit);

#endif /* DK_CORE_LOG_LIMIT_H */
