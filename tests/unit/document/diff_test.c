/* Diffs: right always, smallest within their bound, and readable by whoever applies them. */
#include "support/document_rig.h"

#include "document/diff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_diff, .init = document_rig_start, .fini = document_rig_end);

static struct document_diff diff_of(const char *from, const char *to) {
    struct document_diff diff = {0};

    cr_assert(
        eq(int,
           document_diff_make(document_rig_call(), dk_bytes_of(from), dk_bytes_of(to), &diff),
           DK_OK));
    return diff;
}

static char *unified(const struct document_diff *diff, size_t context) {
    char *text = NULL;

    cr_assert(
        eq(int, document_diff_unified(document_rig_call(), diff, "a", "b", context, &text), DK_OK));
    return text;
}

/* ── oracles ────────────────────────────────────────────────────────────────────────────────── */

/* The lines of both that did not change are the same lines in the same order. */
static bool is_right(const struct document_diff *diff) {
    size_t from = 0, to = 0;

    for (;;) {
        while (from < diff->from.count && diff->from.items[from].is_changed) {
            from++;
        }
        while (to < diff->to.count && diff->to.items[to].is_changed) {
            to++;
        }
        if (from == diff->from.count || to == diff->to.count) {
            return from == diff->from.count && to == diff->to.count;
        }
        const struct document_line *left = &diff->from.items[from++];
        const struct document_line *right = &diff->to.items[to++];
        if (left->size != right->size || memcmp(left->data, right->data, left->size) != 0) {
            return false;
        }
    }
}

/* Longest common subsequence, the slow way: what the smallest diff keeps. */
static size_t lines_kept_at_best(const struct document_diff *diff) {
    static size_t table[64][64];

    for (size_t i = 0; i <= diff->from.count; i++) {
        for (size_t j = 0; j <= diff->to.count; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = 0;
                continue;
            }
            const struct document_line *left = &diff->from.items[i - 1];
            const struct document_line *right = &diff->to.items[j - 1];
            const bool is_same =
                left->size == right->size && memcmp(left->data, right->data, left->size) == 0;
            const size_t best =
                table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
            table[i][j] = is_same ? table[i - 1][j - 1] + 1 : best;
        }
    }
    return table[diff->from.count][diff->to.count];
}

/* Applies a unified diff to the text it was made from, and holds every line of it against it. */
static void apply(const char *from, const char *patch, char *result) {
    const char *rest = from;

    result[0] = '\0';
    if (patch[0] == '\0') {
        strcpy(result, from);
        return;
    }
    patch = strchr(strchr(patch, '\n') + 1, '\n') + 1; /* the two names */
    size_t line = 1;
    while (*patch != '\0') {
        size_t start = 0, count = 0, new_start = 0, new_count = 0;
        cr_assert(
            eq(int,
               sscanf(patch, "@@ -%zu,%zu +%zu,%zu @@\n", &start, &count, &new_start, &new_count),
               4));
        const size_t until = count == 0 ? start + 1 : start;
        while (line < until) {
            const size_t size = (size_t)(strchr(rest, '\n') - rest) + 1;
            strncat(result, rest, size);
            rest += size;
            line++;
        }
        patch = strchr(patch, '\n') + 1;
        while (*patch != '\0' && *patch != '@') {
            const char mark = *patch;
            const size_t size = (size_t)(strchr(patch, '\n') - patch); /* without mark, with \n */
            const bool is_open = patch[size + 1] == '\\';
            const size_t text_size = is_open ? size - 1 : size;
            if (mark != '+') {
                cr_assert(eq(int, strncmp(rest, patch + 1, text_size), 0));
                rest += text_size;
                line++;
                count--;
            }
            if (mark != '-') {
                strncat(result, patch + 1, text_size);
                new_count--;
            }
            patch += size + 1;
            patch = is_open ? strchr(patch, '\n') + 1 : patch;
        }
        cr_assert(eq(sz, count, 0));
        cr_assert(eq(sz, new_count, 0));
    }
    strcat(result, rest);
}

static void make_text(char *text, uint32_t *state) {
    *state = *state * 1664525U + 1013904223U;
    const size_t lines = (*state >> 16) % 30;

    text[0] = '\0';
    for (size_t i = 0; i < lines; i++) {
        *state = *state * 1664525U + 1013904223U;
        const char letter[] = {(char)('a' + (*state >> 24) % 4), '\n', '\0'};
        strcat(text, letter);
    }
    if (*state % 3 == 0 && lines > 0) {
        text[strlen(text) - 1] = '\0'; /* the last line is open */
    }
}

/* ── tests ──────────────────────────────────────────────────────────────────────────────────── */

Test(document_diff, of_many_texts_is_right_smallest_and_applies) {
    uint32_t state = 7;

    for (int i = 0; i < 2000; i++) {
        char from[128], to[128], result[256];
        make_text(from, &state);
        make_text(to, &state);
        const struct document_diff diff = diff_of(from, to);
        cr_assert(is_right(&diff), "'%s' '%s'", from, to);
        cr_assert(
            eq(sz, diff.from.count - diff.removed, lines_kept_at_best(&diff)),
            "'%s' '%s'",
            from,
            to);
        for (size_t context = 0; context < 4; context++) {
            apply(from, unified(&diff, context), result);
            cr_assert(eq(str, result, to), "'%s' '%s' context %zu", from, to, context);
        }
        if (i % 100 == 0) {
            document_rig_start(); /* calls are kept until then */
        }
    }
}

Test(document_diff, reads_as_diff_writes_it) {
    const struct document_diff diff =
        diff_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nV\n6\n7\n8\n9");

    cr_assert(eq(
        str,
        unified(&diff, 1),
        "--- a\n+++ b\n@@ -4,3 +4,3 @@\n 4\n-5\n+V\n 6\n@@ -8,2 +8,2 @@\n 8\n-9\n+9\n\\ No newline "
        "at end of file\n"));
    cr_assert(eq(sz, diff.removed, 2));
    cr_assert(eq(sz, diff.added, 2));
}

Test(document_diff, of_equal_texts_is_empty) {
    const struct document_diff diff = diff_of("a\nb\n", "a\nb\n");

    cr_assert(eq(str, unified(&diff, 3), ""));
}

Test(document_diff, beyond_its_bound_is_still_right) {
    char *from = malloc(100000), *to = malloc(100000);
    size_t left = 0, right = 0;
    for (int i = 0; i < 4000; i++) { /* 4000 edits at best */
        left += (size_t)sprintf(from + left, "same %d\nold %d\n", i % 7, i);
        right += (size_t)sprintf(to + right, "same %d\nnew %d\n", i % 7, i);
    }

    const struct document_diff diff = diff_of(from, to);

    cr_assert(is_right(&diff));
    cr_assert(gt(sz, diff.removed, DOCUMENT_DIFF_EDITS_MAX));
}

Test(document_diff, of_too_many_lines_is_refused) {
    char *text = malloc(DOCUMENT_DIFF_LINES_MAX + 2);
    struct document_diff diff = {0};
    memset(text, '\n', DOCUMENT_DIFF_LINES_MAX + 1);
    text[DOCUMENT_DIFF_LINES_MAX] = '\0';
    cr_assert(eq(sz, diff_of(text, "").removed, DOCUMENT_DIFF_LINES_MAX));
    text[DOCUMENT_DIFF_LINES_MAX] = '\n';
    text[DOCUMENT_DIFF_LINES_MAX + 1] = '\0';

    cr_assert(
        eq(int,
           document_diff_make(document_rig_call(), dk_bytes_of(text), dk_bytes_of(""), &diff),
           DK_INVALID));
    cr_assert(ne(ptr, strstr(document_rig_text(), "20001"), NULL));
}

/* ── the method ─────────────────────────────────────────────────────────────────────────────── */

static enum dk_error compare(
    uint64_t from, uint64_t to, DaprKit__Document__V1__DiffAnswer *ret_answer) {
    DaprKit__Document__V1__DiffRequest request;

    dapr_kit__document__v1__diff_request__init(&request);
    dapr_kit__document__v1__diff_answer__init(ret_answer);
    request.id = "d1";
    request.from = from;
    request.to = to;
    return document_rig_run(documents_diff, &request.base, &ret_answer->base);
}

Test(document_diff, of_two_versions_names_fields_and_lines) {
    DaprKit__Document__V1__DiffAnswer answer;
    document_rig_create("d1", "one\ntwo\n", NULL);
    document_rig_replace("d1", "", "one\nthree\n", NULL);
    document_rig_tag("d1", "red");

    cr_assert(eq(int, compare(1, 3, &answer), DK_OK));
    cr_assert(eq(sz, answer.n_changed_fields, 2));
    cr_assert(eq(str, answer.changed_fields[0], "tags"));
    cr_assert(eq(str, answer.changed_fields[1], "content"));
    cr_assert(eq(str, answer.unified, "--- d1@1\n+++ d1@3\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"));

    cr_assert(eq(int, compare(0, 0, &answer), DK_OK)); /* the last change */
    cr_assert(eq(u64, answer.from, 2));
    cr_assert(eq(u64, answer.to, 3));
    cr_assert(eq(str, answer.unified, ""));
    cr_assert(eq(int, compare(3, 2, &answer), DK_OK)); /* backwards */
    cr_assert(eq(int, compare(1, 4, &answer), DK_NOT_FOUND));
    cr_assert(eq(int, compare(0, 1, &answer), DK_NOT_FOUND));
}

Test(document_diff, of_bytes_says_so) {
    DaprKit__Document__V1__ReplaceRequest request;
    DaprKit__Document__V1__DiffAnswer answer;
    pb_document document;
    dapr_kit__document__v1__replace_request__init(&request);
    dapr_kit__document__v1__document__init(&document);
    document_rig_create("d1", "text", NULL);
    request.id = "d1";
    request.content_case = DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST__CONTENT_DATA;
    request.data = pb_bytes(document_rig_bytes(10, 1));
    document_rig_run(documents_replace, &request.base, &document.base);

    cr_assert(eq(int, compare(1, 2, &answer), DK_OK));

    cr_assert(answer.binary);
    cr_assert(eq(str, answer.unified, ""));
}

/* A text of so many bytes, in lines; another one for another letter. */
static struct dk_bytes text_of(size_t size, char letter) {
    char *text = malloc(size);
    cr_assert(ne(ptr, text, NULL));
    memset(text, 'x', size);
    for (size_t i = 199; i < size; i += 200) {
        text[i] = '\n';
    }
    text[size / 2] = letter;
    return (struct dk_bytes){.data = text, .size = size};
}

Test(document_diff, of_texts_that_came_by_parts_is_one_of_lines) {
    DaprKit__Document__V1__DiffAnswer answer;
    const size_t size = DOCUMENT_CHUNK_BYTES + 5000;
    cr_assert(eq(int, document_rig_upload("d1", text_of(size, 'a')), DK_OK));
    cr_assert(eq(int, document_rig_upload("d1", text_of(size, 'b')), DK_OK));

    cr_assert(eq(int, compare(1, 2, &answer), DK_OK), "%s", document_rig_text());

    cr_assert(not(answer.binary));
    cr_assert(eq(u64, answer.lines_added, 1));
    cr_assert(eq(u64, answer.lines_removed, 1));
    cr_assert(ne(ptr, strchr(answer.unified, 'b'), NULL));
}

Test(document_diff, of_a_text_and_an_upload_of_text_is_one_of_lines) {
    DaprKit__Document__V1__DiffAnswer answer;
    document_rig_create("d1", "one\n", NULL);
    cr_assert(eq(int, document_rig_upload("d1", dk_bytes_of("one\nzw\xC3\xB6lf\n")), DK_OK));

    cr_assert(eq(int, compare(1, 2, &answer), DK_OK));

    cr_assert(
        eq(str, answer.unified, "--- d1@1\n+++ d1@2\n@@ -1,1 +1,2 @@\n one\n+zw\xC3\xB6lf\n"));
}

/* No JSON and no field of type string has them. */
Test(document_diff, of_uploads_that_are_no_text_says_so) {
    static const struct dk_bytes contents[] = {
        DK_BYTES("half a \xC3"), DK_BYTES("a nul \0 within"), DK_BYTES("\xED\xA0\x80")};
    DaprKit__Document__V1__DiffAnswer answer;
    for (size_t i = 0; i < 3; i++) {
        document_rig_start();
        document_rig_create("d1", "one\n", NULL);
        cr_assert(eq(int, document_rig_upload("d1", contents[i]), DK_OK));

        cr_assert(eq(int, compare(1, 2, &answer), DK_OK));

        cr_assert(answer.binary, "content %zu", i);
    }
}

Test(document_diff, of_longer_texts_than_it_compares_names_the_bound) {
    DaprKit__Document__V1__DiffAnswer answer;
    document_rig_create("d1", "one\n", NULL);
    cr_assert(eq(int, document_rig_upload("d1", text_of(DOCUMENT_DIFF_BYTES_MAX, 'a')), DK_OK));
    cr_assert(eq(int, document_rig_upload("d1", text_of(DOCUMENT_DIFF_BYTES_MAX + 1, 'b')), DK_OK));
    cr_assert(eq(
        int, document_rig_upload("d1", document_rig_bytes(DOCUMENT_DIFF_BYTES_MAX + 1, 3)), DK_OK));

    cr_assert(eq(int, compare(1, 2, &answer), DK_OK), "%s", document_rig_text());
    cr_assert(eq(int, compare(2, 3, &answer), DK_INVALID));
    cr_assert(
        ne(ptr,
           strstr(
               document_rig_text(), "version 3 is a text of 2097153 bytes, 2097152 are compared"),
           NULL),
        "%s",
        document_rig_text());
    cr_assert(eq(int, compare(3, 4, &answer), DK_OK), "what is no text is told at any length");
    cr_assert(answer.binary);
}
