/*
 * Myers' greedy search for the shortest edit script ("An O(ND) Difference Algorithm", 1986): after d
 * edits, how far does each diagonal k = x - y of the edit graph reach? The answers for every d are
 * kept and walked back from the end.
 */
#include "document/diff.h"

#include <string.h>

/* ── lines ──────────────────────────────────────────────────────────────────────────────────── */

static uint64_t hash_of(const char *data, size_t size) { /* FNV-1a */
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

static size_t line_size(struct dk_bytes rest) {
    const char *end = memchr(rest.data, '\n', rest.size);

    return end == NULL ? rest.size : (size_t)(end - rest.data) + 1;
}

static size_t lines_count(struct dk_bytes text) {
    size_t count = 0;

    while (text.size > 0) {
        const size_t size = line_size(text);
        text.data += size;
        text.size -= size;
        count++;
    }
    return count;
}

static enum dk_error lines_cut(
    struct dk_call *call, struct dk_bytes text, struct document_lines *ret_lines) {
    const size_t count = lines_count(text);

    if (count > DOCUMENT_DIFF_LINES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "diff: a text has %zu lines, %d are compared",
            count,
            DOCUMENT_DIFF_LINES_MAX);
    }
    struct document_line *items = dk_call_take(call, (count + 1) * sizeof *items);
    if (items == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t size = line_size(text);
        items[i] = (struct document_line){
            .data = text.data, .size = size, .hash = hash_of(text.data, size)};
        text.data += size;
        text.size -= size;
    }
    *ret_lines = (struct document_lines){.items = items, .count = count};
    return DK_OK;
}

static bool lines_equal(const struct document_line *left, const struct document_line *right) {
    return left->hash == right->hash && left->size == right->size &&
           memcmp(left->data, right->data, left->size) == 0;
}

/* ── the search ─────────────────────────────────────────────────────────────────────────────── */

/* What lies between the common beginning and end. */
struct middle {
    struct document_line *from, *to;
    int32_t from_count, to_count;
};

/* reach[k + d] of d edits: how many lines of `from` diagonal k has come past. */
struct trace {
    int32_t *reach[DOCUMENT_DIFF_EDITS_MAX + 1];
};

static bool goes_down(const int32_t *reach, int32_t d, int32_t k) {
    return k == -d || (k != d && reach[k - 1 + d - 1] < reach[k + 1 + d - 1]);
}

/* Of the reach before, on diagonals -(d - 1) … d - 1: where a step of edit d starts on diagonal k. */
static int32_t step_start(const int32_t *before, int32_t d, int32_t k) {
    if (d == 0) {
        return 0;
    }
    return goes_down(before, d, k) ? before[k + 1 + d - 1] : before[k - 1 + d - 1] + 1;
}

static void walk_back(const struct middle *middle, const struct trace *trace, int32_t edits) {
    int32_t x = middle->from_count, y = middle->to_count;

    for (int32_t d = edits; d > 0; d--) {
        const int32_t *before = trace->reach[d - 1];
        const int32_t k = x - y;
        if (goes_down(before, d, k)) { /* a line of `to` is new */
            x = before[k + 1 + d - 1];
            y = x - (k + 1);
            middle->to[y].is_changed = true;
        } else {
            x = before[k - 1 + d - 1];
            y = x - (k - 1);
            middle->from[x].is_changed = true;
        }
    }
}

/* -1: more edits than are looked for. Errors: no memory. */
static enum dk_error search(
    struct dk_call *call, const struct middle *middle, struct trace *trace, int32_t *ret_edits) {
    *ret_edits = -1;
    for (int32_t d = 0; d <= DOCUMENT_DIFF_EDITS_MAX; d++) {
        int32_t *reach = dk_call_take(call, (size_t)(2 * d + 1) * sizeof *reach);
        if (reach == NULL) {
            return document_no_memory(call);
        }
        trace->reach[d] = reach;
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t x = step_start(d == 0 ? NULL : trace->reach[d - 1], d, k);
            int32_t y = x - k;
            while (x < middle->from_count && y < middle->to_count && y >= 0 &&
                   lines_equal(&middle->from[x], &middle->to[y])) {
                x++;
                y++;
            }
            reach[k + d] = x;
            if (x >= middle->from_count && y >= middle->to_count) {
                *ret_edits = d;
                return DK_OK;
            }
        }
    }
    return DK_OK;
}

static enum dk_error middle_mark(struct dk_call *call, const struct middle *middle) {
    const struct dk_call_memory memory = dk_call_memory_begin(call);
    struct trace *trace = dk_call_take(call, sizeof *trace);
    int32_t edits = -1;
    const enum dk_error error =
        trace == NULL ? document_no_memory(call) : search(call, middle, trace, &edits);

    if (error == DK_OK && edits >= 0) {
        walk_back(middle, trace, edits);
    } else if (error == DK_OK) {
        for (int32_t i = 0; i < middle->from_count; i++) {
            middle->from[i].is_changed = true;
        }
        for (int32_t i = 0; i < middle->to_count; i++) {
            middle->to[i].is_changed = true;
        }
    }
    dk_call_memory_end(call, memory);
    return error;
}

static size_t changed_count(const struct document_lines *lines) {
    size_t count = 0;

    for (size_t i = 0; i < lines->count; i++) {
        count += lines->items[i].is_changed ? 1 : 0;
    }
    return count;
}

enum dk_error document_diff_make(
    struct dk_call *call,
    struct dk_bytes from,
    struct dk_bytes to,
    struct document_diff *ret_diff) {
    struct document_diff diff = {0};
    size_t start = 0, end = 0;
    enum dk_error error = lines_cut(call, from, &diff.from);

    if (error == DK_OK) {
        error = lines_cut(call, to, &diff.to);
    }
    if (error != DK_OK) {
        return error;
    }
    const size_t shorter = diff.from.count < diff.to.count ? diff.from.count : diff.to.count;
    while (start < shorter && lines_equal(&diff.from.items[start], &diff.to.items[start])) {
        start++;
    }
    while (end < shorter - start && lines_equal(
                                        &diff.from.items[diff.from.count - 1 - end],
                                        &diff.to.items[diff.to.count - 1 - end])) {
        end++;
    }
    error = middle_mark(
        call,
        &(struct middle){
            .from = diff.from.items + start,
            .to = diff.to.items + start,
            .from_count = (int32_t)(diff.from.count - start - end),
            .to_count = (int32_t)(diff.to.count - start - end)});
    if (error != DK_OK) {
        return error;
    }
    diff.removed = changed_count(&diff.from);
    diff.added = changed_count(&diff.to);
    *ret_diff = diff;
    return DK_OK;
}
