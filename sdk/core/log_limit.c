/*
 * The windows of lines that repeat: a small table, searched from end to end.
 */
#include "core/log_limit.h"

#include "core/utf8.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static uint64_t hash_more(uint64_t hash, const char *text) {
    do { /* the NUL too: "ab" "c" is not "a" "bc" */
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    } while (*text++ != '\0');
    return hash;
}

/* FNV-1a; never 0. */
static uint64_t hash_of(enum dk_log_level level, const char *scope, const char *message) {
    const uint64_t start = UINT64_C(0xCBF29CE484222325) + (uint64_t)level;
    const uint64_t hash = hash_more(hash_more(start, scope), message);
    return hash == 0 ? 1 : hash;
}

static void text_keep(char *target, size_t target_size, const char *text) {
    (void)snprintf(target, target_size, "%s", text);
    target[dk__utf8_whole(dk_bytes_of(target))] = '\0';
}

static bool is_over(
    const struct dk__log_limit *limit, const struct dk__log_kind *kind, int64_t us) {
    return us - kind->opened_us >= limit->window_us;
}

/* The kind's own place, else a free one, else the one whose window opened first. */
static struct dk__log_kind *kind_place(struct dk__log_limit *limit, uint64_t hash) {
    struct dk__log_kind *place = &limit->kinds[0];
    for (size_t i = 0; i < DK__LOG_KINDS_MAX; i++) {
        struct dk__log_kind *kind = &limit->kinds[i];
        if (kind->hash == hash) {
            return kind;
        }
        if (place->hash != 0 && (kind->hash == 0 || kind->opened_us < place->opened_us)) {
            place = kind;
        }
    }
    return place;
}

bool dk__log_limit_take(
    struct dk__log_limit *limit,
    enum dk_log_level level,
    const char *scope,
    const char *message,
    int64_t now_us,
    struct dk__log_held *ret_told) {
    const uint64_t hash = hash_of(level, scope, message);
    struct dk__log_kind *kind = kind_place(limit, hash);
    ret_told->lines = 0;
    if (kind->hash != hash || is_over(limit, kind, now_us)) {
        if (kind->held.lines > 0) {
            *ret_told = kind->held;
        }
        *kind = (struct dk__log_kind){.hash = hash, .opened_us = now_us};
    }
    if (kind->written < limit->lines_max) {
        kind->written++;
        return true;
    }
    if (kind->held.lines == 0) {
        kind->held.level = level;
        text_keep(kind->held.scope, sizeof kind->held.scope, scope);
        text_keep(kind->held.message, sizeof kind->held.message, message);
    }
    kind->held.lines++;
    return false;
}

bool dk__log_limit_due(struct dk__log_limit *limit, int64_t now_us, struct dk__log_held *ret_told) {
    for (size_t i = 0; i < DK__LOG_KINDS_MAX; i++) {
        struct dk__log_kind *kind = &limit->kinds[i];
        if (kind->held.lines > 0 && is_over(limit, kind, now_us)) {
            *ret_told = kind->held;
            kind->hash = 0; /* its next line opens a window of its own */
            kind->held.lines = 0;
            return true;
        }
    }
    return false;
}

int64_t dk__log_limit_due_us(const struct dk__log_limit *limit) {
    int64_t due_us = INT64_MAX;
    for (size_t i = 0; i < DK__LOG_KINDS_MAX; i++) {
        const struct dk__log_kind *kind = &limit->kinds[i];
        if (kind->held.lines > 0 && kind->opened_us + limit->window_us < due_us) {
            due_us = kind->opened_us + limit->window_us;
        }
    }
    return due_us;
}
