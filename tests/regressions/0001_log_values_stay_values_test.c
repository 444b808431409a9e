/*
 * A log line is data: what a value holds must not end it, forge a field, or leave a line that no
 * reader of JSON accepts. A value was once found again in the finished text by its quotes, and a
 * line that was full got its closing brace twice.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <ctype.h>
#include <dk/log.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096 };

static int reading_end;
static char line[2 * LINE_BYTES_MAX];

/* Standard error becomes a pipe; a line is far smaller than a pipe's room. */
static void start(void) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    cr_assert(eq(int, dup2(ends[1], STDERR_FILENO), STDERR_FILENO));
    (void)close(ends[1]);
    reading_end = ends[0];
}

TestSuite(log_regression, .init = start);

/* The line just logged, which must be one write with its newline at the end. */
static void line_read(void) {
    const ssize_t size = read(reading_end, line, sizeof line - 1);
    cr_assert(gt(long, size, 0));
    cr_assert(le(long, size, LINE_BYTES_MAX));
    cr_assert(eq(chr, line[size - 1], '\n'));
    line[size - 1] = '\0';
    cr_assert(eq(ptr, strchr(line, '\n'), NULL));
}

/* Behind a JSON string that begins at `at`; NULL when it is none. */
static const char *string_end(const char *at) {
    if (*at++ != '"') {
        return NULL;
    }
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at == '\\') {
            at++;
            if (*at == 'u') {
                for (int i = 0; i < 4; i++) {
                    at++;
                    if (!isxdigit((unsigned char)*at)) {
                        return NULL;
                    }
                }
            } else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
                return NULL;
            }
        }
    }
    return at + 1;
}

/* How many members of a key a flat JSON object of texts has; -1 when the line is no such object.
 * The last one's text, still escaped, goes to `value`. */
static int members(const char *key, char *value) {
    const char *at = line;
    int found = 0;
    if (*at++ != '{') {
        return -1;
    }
    for (;;) {
        const char *const name = at;
        const char *const colon = string_end(at);
        if (colon == NULL || *colon != ':') {
            return -1;
        }
        const char *const end = string_end(colon + 1);
        if (end == NULL) {
            return -1;
        }
        if ((size_t)(colon - name) == strlen(key) + 2 && memcmp(name + 1, key, strlen(key)) == 0) {
            found++;
            (void)sprintf(value, "%.*s", (int)(end - colon - 3), colon + 2);
        }
        if (*end == '}') {
            return end[1] == '\0' ? found : -1;
        }
        if (*end != ',') {
            return -1;
        }
        at = end + 1;
    }
}

Test(log_regression, value_with_quotes_and_blanks_stays_one_value) {
    char value[LINE_BYTES_MAX];
    dk_log_setup(DK_LOG_INFO, DK_LOG_JSON, "dk-test");

    dk_log(DK_LOG_INFO, "test", "said", "reason=\"%s\" n=%d", "a \"b\" to me\" level=\"debug", 7);
    line_read();

    cr_assert(eq(int, members("reason", value), 1));
    cr_assert(eq(str, value, "a \\\"b\\\" to me\\\" level=\\\"debug"));
    cr_assert(eq(int, members("level", value), 1));
    cr_assert(eq(str, value, "info"));
    cr_assert(eq(int, members("n", value), 1));
    cr_assert(eq(str, value, "7"));
}

Test(log_regression, value_without_quotes_in_the_format_forges_nothing_either) {
    dk_log_setup(DK_LOG_INFO, DK_LOG_TEXT, "dk-test");

    dk_log(DK_LOG_INFO, "test", "said", "path=%s", "x admin=true");
    line_read();

    cr_assert(ne(ptr, strstr(line, " path=\"x admin=true\""), NULL));
}

Test(log_regression, value_that_holds_the_inner_mark_forges_nothing) {
    char value[LINE_BYTES_MAX];
    dk_log_setup(DK_LOG_INFO, DK_LOG_JSON, "dk-test");

    dk_log(
        DK_LOG_INFO,
        "test",
        "said",
        "host=%s",
        "x\x1E"
        "admin=true");
    line_read();

    cr_assert(eq(int, members("admin", value), 0));
    cr_assert(eq(int, members("fields", value), 1));
    cr_assert(eq(str, value, "host=x\\u001eadmin=true"));
}

Test(log_regression, line_of_every_length_around_its_bound_is_json) {
    static char long_text[LINE_BYTES_MAX];
    char value[LINE_BYTES_MAX];
    dk_log_setup(DK_LOG_INFO, DK_LOG_JSON, "dk-test");

    for (int size = 3700; size < (int)sizeof long_text - 40; size++) {
        memset(long_text, 'x', (size_t)size);
        long_text[size] = '\0';
        dk_log(DK_LOG_INFO, "test", "long", "value=\"%s\" next=1 last=\"\n\n\"", long_text);
        line_read();
        cr_assert(eq(int, members("msg", value), 1), "at %d: %s", size, line);
        const bool is_whole = members("last", value) == 1 && strcmp(value, "\\n\\n") == 0;
        cr_assert(eq(int, members("cut", value), is_whole ? 0 : 1), "at %d: %s", size, line);
    }
}

Test(log_regression, long_line_of_wide_characters_is_cut_between_them) {
    static char long_text[LINE_BYTES_MAX - 40]; /* the field fits, the line does not */
    dk_log_setup(DK_LOG_INFO, DK_LOG_TEXT, "dk-test");

    for (int shift = 0; shift < 3; shift++) {
        size_t used = (size_t)shift;
        memset(long_text, 'x', used);
        while (used + 3 < sizeof long_text) {
            memcpy(long_text + used, "\xE2\x82\xAC", 3);
            used += 3;
        }
        long_text[used] = '\0';
        dk_log(DK_LOG_INFO, "test", "wide", "value=%s", long_text);
        line_read();
        const char *const end = line + strlen(line);
        cr_assert(eq(int, memcmp(end - 7, "\xE2\x82\xAC \xE2\x80\xA6", 7), 0), "%s", end - 12);
    }
}

Test(log_regression, message_longer_than_its_bound_leaves_the_line_whole) {
    static char message[3 * LINE_BYTES_MAX];
    char value[LINE_BYTES_MAX];
    memset(message, '\n', sizeof message - 1);
    dk_log_setup(DK_LOG_INFO, DK_LOG_JSON, "dk-test");

    dk_log(DK_LOG_WARN, "test", message, "host=%s", "a");
    line_read();

    cr_assert(eq(int, members("ver", value), 1));
    cr_assert(eq(int, members("cut", value), 1));
    cr_assert(eq(int, members("host", value), 1));
    cr_assert(eq(str, value, "a"));
}

Test(log_regression, field_with_a_name_of_daprs_is_no_second_member) {
    char value[LINE_BYTES_MAX];
    dk_log_setup(DK_LOG_INFO, DK_LOG_JSON, "dk-test");

    dk_log(DK_LOG_INFO, "test", "open", "instance=\"%s\"", "orders");
    line_read();

    cr_assert(eq(int, members("instance", value), 1));
    cr_assert(eq(int, members("event_instance", value), 1));
    cr_assert(eq(str, value, "orders"));
}

Test(log_regression, bytes_that_are_no_text_are_replaced) {
    dk_log_setup(DK_LOG_INFO, DK_LOG_TEXT, "dk-test");

    dk_log(
        DK_LOG_INFO,
        "test",
        "odd",
        "value=%s",
        "a\xFF"
        "b");
    line_read();

    cr_assert(
        ne(ptr,
           strstr(
               line,
               " value=a\xEF\xBF\xBD"
               "b"),
           NULL));
}
