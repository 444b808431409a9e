/* A diff as the unified form has it: written twice, the first time to know how long it is. */
#include "document/diff.h"

#include <stdio.h>
#include <string.h>

struct writer {
    char *text; /* NULL: only count */
    size_t size;
};

static void write_bytes(struct writer *writer, const char *data, size_t size) {
    if (writer->text != NULL) {
        memcpy(writer->text + writer->size, data, size);
    }
    writer->size += size;
}

static void write_line(struct writer *writer, char mark, const struct document_line *line) {
    static const char open_end[] = "\n\\ No newline at end of file\n";

    write_bytes(writer, &mark, 1);
    write_bytes(writer, line->data, line->size);
    if (line->data[line->size - 1] != '\n') {
        write_bytes(writer, open_end, sizeof open_end - 1);
    }
}

static void write_name(struct writer *writer, const char *mark, const char *name) {
    write_bytes(writer, mark, strlen(mark));
    write_bytes(writer, name, strlen(name));
    write_bytes(writer, "\n", 1);
}

/* Lines of both texts from … to, which are one hunk. */
struct hunk {
    size_t from, from_end, to, to_end;
};

/* "start,count", counted from 1; an empty range is named by the line before it. */
static void write_range(struct writer *writer, char mark, size_t start, size_t end) {
    char text[64];
    const size_t count = end - start;
    const int size =
        snprintf(text, sizeof text, "%c%zu,%zu ", mark, count == 0 ? start : start + 1, count);

    write_bytes(writer, text, (size_t)size);
}

static void write_hunk(
    struct writer *writer, const struct document_diff *diff, const struct hunk *hunk) {
    size_t from = hunk->from, to = hunk->to;

    write_bytes(writer, "@@ ", 3);
    write_range(writer, '-', hunk->from, hunk->from_end);
    write_range(writer, '+', hunk->to, hunk->to_end);
    write_bytes(writer, "@@\n", 3);
    while (from < hunk->from_end || to < hunk->to_end) {
        if (from < hunk->from_end && diff->from.items[from].is_changed) {
            write_line(writer, '-', &diff->from.items[from++]);
        } else if (to < hunk->to_end && diff->to.items[to].is_changed) {
            write_line(writer, '+', &diff->to.items[to++]);
        } else {
            write_line(writer, ' ', &diff->from.items[from++]);
            to++;
        }
    }
}

/* Past equal lines, both at once, but at most `most` of them; false when no change is near. */
static bool skip_equal(const struct document_diff *diff, size_t *from, size_t *to, size_t most) {
    size_t skipped = 0;

    while (*from < diff->from.count && *to < diff->to.count &&
           !diff->from.items[*from].is_changed && !diff->to.items[*to].is_changed &&
           skipped < most) {
        (*from)++;
        (*to)++;
        skipped++;
    }
    return (*from < diff->from.count && diff->from.items[*from].is_changed) ||
           (*to < diff->to.count && diff->to.items[*to].is_changed);
}

static void skip_changed(const struct document_diff *diff, size_t *from, size_t *to) {
    while (*from < diff->from.count && diff->from.items[*from].is_changed) {
        (*from)++;
    }
    while (*to < diff->to.count && diff->to.items[*to].is_changed) {
        (*to)++;
    }
}

/* Changes with at most twice the context between them share a hunk. */
static void write_all(
    struct writer *writer,
    const struct document_diff *diff,
    const char *from_name,
    const char *to_name,
    size_t context) {
    size_t from = 0, to = 0;

    if (!skip_equal(diff, &from, &to, SIZE_MAX)) {
        return;
    }
    write_name(writer, "--- ", from_name);
    write_name(writer, "+++ ", to_name);
    bool has_more = true;
    while (has_more) {
        const size_t before = from < context ? from : context;
        struct hunk hunk = {.from = from - before, .to = to - before};
        do {
            skip_changed(diff, &from, &to);
            hunk.from_end = from;
            hunk.to_end = to;
        } while (skip_equal(diff, &from, &to, 2 * context));
        const size_t after_max = diff->from.count - hunk.from_end;
        const size_t after = after_max < context ? after_max : context;
        hunk.from_end += after;
        hunk.to_end += after;
        write_hunk(writer, diff, &hunk);
        has_more = skip_equal(diff, &from, &to, SIZE_MAX);
    }
}

enum dk_error document_diff_unified(
    struct dk_call *call,
    const struct document_diff *diff,
    const char *from_name,
    const char *to_name,
    size_t context,
    char **ret_text) {
    struct writer writer = {0};

    write_all(&writer, diff, from_name, to_name, context);
    char *text = dk_call_take(call, writer.size + 1);
    if (text == NULL) {
        return document_no_memory(call);
    }
    writer = (struct writer){.text = text};
    write_all(&writer, diff, from_name, to_name, context);
    *ret_text = text;
    return DK_OK;
}
