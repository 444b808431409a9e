/* Log lines read back: by a JSON library, and by eye. */
#include "core/log.h"

#include "core/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/log.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096 };

static int reading_end;
static char line[LINE_BYTES_MAX + 1];

/* Standard error becomes a pipe, whose room is far larger than a line. */
static void start(void) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    cr_assert(eq(int, dup2(ends[1], STDERR_FILENO), STDERR_FILENO));
    (void)close(ends[1]);
    reading_end = ends[0];
}

TestSuite(log, .init = start);

static void line_read(void) {
    const ssize_t size = read(reading_end, line, sizeof line - 1);
    cr_assert(gt(long, size, 0));
    cr_assert(eq(chr, line[size - 1], '\n'));
    line[size - 1] = '\0';
    cr_assert(eq(ptr, strchr(line, '\n'), NULL));
}

static json_t *line_parsed(void) {
    json_error_t error;
    line_read();
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    cr_assert(ne(ptr, object, NULL), "%s: %s", error.text, line);
    return object;
}

static const char *member(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "(absent)" : text;
}

Test(log, writes_dapr_s_members_in_json) {
    char host[64] = "";
    (void)gethostname(host, sizeof host - 1);
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");

    dk_log(
        DK_LOG_WARN, "redis", "connection \"lost\"", "host=%s retry_ms=%d", "10.0.0.7:6379", 250);

    json_t *object = line_parsed();
    cr_assert(eq(str, (char *)member(object, "app_id"), "dk-test"));
    cr_assert(eq(str, (char *)member(object, "instance"), host));
    cr_assert(eq(str, (char *)member(object, "level"), "warning"));
    cr_assert(eq(str, (char *)member(object, "msg"), "connection \"lost\""));
    cr_assert(eq(str, (char *)member(object, "scope"), "redis"));
    cr_assert(eq(str, (char *)member(object, "type"), "log"));
    cr_assert(eq(str, (char *)member(object, "host"), "10.0.0.7:6379"));
    cr_assert(eq(str, (char *)member(object, "retry_ms"), "250"));
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ns_at = 0;
    cr_assert(
        eq(int,
           sscanf(
               member(object, "time"),
               "%4d-%2d-%2dT%2d:%2d:%2d.%n",
               &year,
               &month,
               &day,
               &hour,
               &minute,
               &second,
               &ns_at),
           6));
    cr_assert(eq(sz, strspn(member(object, "time") + ns_at, "0123456789"), 9));
    cr_assert(eq(str, (char *)member(object, "time") + ns_at + 9, "Z"));
    json_decref(object);
}

Test(log, writes_one_line_of_text) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");

    dk_log(
        DK_LOG_WARN, "redis", "connection lost", "host=%s reason=\"%s\"", "a:1", "it \"broke\"\n");

    line_read();
    cr_assert(eq(int, strncmp(line, "time=20", 7), 0));
    cr_assert(
        eq(str,
           strstr(line, " level="),
           " level=warn scope=redis msg=\"connection lost\" host=a:1 "
           "reason=\"it \\\"broke\\\"\\n\""));
}

Test(log, needs_no_fields) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");

    dk_log(DK_LOG_INFO, "serve", "ready", NULL);

    line_read();
    cr_assert(eq(str, strstr(line, " level="), " level=info scope=serve msg=\"ready\""));
}

Test(log, has_a_word_for_each_level) {
    static const struct {
        enum dk_log_level level;
        const char *text, *json;
    } rows[] = {
        {DK_LOG_DEBUG, "debug", "debug"},
        {DK_LOG_INFO, "info", "info"},
        {DK_LOG_WARN, "warn", "warning"},
        {DK_LOG_ERROR, "error", "error"},
    };
    for (size_t i = 0; i < 4; i++) {
        enum dk_log_level level = DK_LOG_INFO;
        char word[32];
        (void)snprintf(word, sizeof word, " level=%s ", rows[i].text);
        cr_assert(dk_log_level_parse(rows[i].text, &level));
        cr_assert(eq(int, level, rows[i].level));

        dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");
        dk_log(rows[i].level, "s", "m", NULL);
        line_read();
        cr_assert(ne(ptr, strstr(line, word), NULL));

        dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
        dk_log(rows[i].level, "s", "m", NULL);
        json_t *object = line_parsed();
        cr_assert(eq(str, (char *)member(object, "level"), (char *)rows[i].json));
        json_decref(object);
    }
}

Test(log, reads_no_other_word_as_a_level) {
    static const char *const words[] = {"", "INFO", "warning", "trace", "info "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        enum dk_log_level level = DK_LOG_ERROR;
        cr_assert(not(dk_log_level_parse(words[i], &level)));
        cr_assert(eq(int, level, DK_LOG_ERROR));
    }
}

Test(log, leaves_out_what_is_below_its_level) {
    dk_log_setup(DK_LOG_WARN, DK_LOG_TEXT, "dk-test");
    cr_assert(not(dk_log_wants(DK_LOG_INFO)));
    cr_assert(dk_log_wants(DK_LOG_WARN));

    dk_log(DK_LOG_INFO, "s", "hidden", NULL);
    dk_log(DK_LOG_ERROR, "s", "seen", NULL);

    line_read();
    cr_assert(ne(ptr, strstr(line, "seen"), NULL));
}

/* Whatever bytes a value has, a reader of the line gets them back, cleaned. */
Test(log, gives_every_value_back) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    srand(11);
    for (int round = 0; round < 3000; round++) {
        char value[64], clean[4 * sizeof value];
        const int size = rand() % (int)(sizeof value - 1);
        for (int i = 0; i < size; i++) {
            do {
                static const char odd[] = "\"\\ =\n\t\x7F{}%";
                value[i] = rand() % 2 == 0 ? odd[rand() % (int)(sizeof odd - 1)] : (char)rand();
            } while (value[i] == '\0' || value[i] == '\x1E'); /* 1E: regressions/0001 */
        }
        value[size] = '\0';
        (void)dk__utf8_clean(dk_bytes_of(value), clean, sizeof clean);

        dk_log(DK_LOG_INFO, "s", "m", "before=1 value=\"%s\" after=2", value);

        json_t *object = line_parsed();
        cr_assert(eq(str, (char *)member(object, "value"), clean), "%s", line);
        cr_assert(eq(str, (char *)member(object, "before"), "1"));
        cr_assert(eq(str, (char *)member(object, "after"), "2"));
        json_decref(object);
    }
}

Test(log, cuts_a_line_at_its_bound_and_it_stays_json) {
    static char value[2 * LINE_BYTES_MAX];
    static const char *const parts[] = {
        "x", "\"", "\n", "\x01", "\xC3\xA9", "\xE2\x82\xAC", "\xFF"};
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        value[0] = '\0';
        size_t used = 0;
        while (used + strlen(parts[part]) < sizeof value) {
            memcpy(value + used, parts[part], strlen(parts[part]) + 1);
            used += strlen(parts[part]);
        }
        for (size_t shift = 0; shift < 8; shift++) {
            dk_log(DK_LOG_INFO, "s", "m", "pad=%.*s value=\"%s\"", (int)shift, "12345678", value);

            json_t *object = line_parsed();
            cr_assert(eq(str, (char *)member(object, "msg"), "m"));
            cr_assert(eq(str, (char *)member(object, "cut"), "true"));
            json_decref(object);
        }
    }
}

Test(log, marks_a_cut_line_of_text) {
    static char value[2 * LINE_BYTES_MAX];
    memset(value, 'x', sizeof value - 1);
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");

    dk_log(DK_LOG_INFO, "s", "m", "value=%s", value);

    line_read();
    cr_assert(eq(str, line + strlen(line) - 4, " …"));
}

static void *log_many(void *context) {
    for (int i = 0; i < 20; i++) {
        dk_log(DK_LOG_INFO, "s", "m", "who=%s n=%d", (const char *)context, i);
    }
    return NULL;
}

Test(log, never_mixes_the_lines_of_two_threads) {
    pthread_t threads[2];
    static char whos[2][128];
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    for (int i = 0; i < 2; i++) {
        memset(whos[i], 'a' + i, sizeof whos[i] - 1);
        cr_assert(eq(int, pthread_create(&threads[i], NULL, log_many, whos[i]), 0));
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);

    FILE *lines = fdopen(reading_end, "r");
    int next[2] = {0};
    for (int i = 0; i < 40; i++) {
        cr_assert(ne(ptr, fgets(line, sizeof line, lines), NULL));
        json_t *object = json_loads(line, 0, NULL);
        cr_assert(ne(ptr, object, NULL), "%s", line);
        const int who = member(object, "who")[0] - 'a';
        cr_assert(eq(str, (char *)member(object, "who"), whos[who]));
        cr_assert(eq(int, atoi(member(object, "n")), next[who]++));
        json_decref(object);
    }
    (void)fclose(lines);
}

/* ── whom lines belong to ───────────────────────────────────────────────────────────────────── */

static const unsigned char trace_id[16] = {
    0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
static const unsigned char span_id[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};

Test(log, says_whom_a_line_belongs_to) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    dk__log_context_component("orders");
    dk__log_context_trace(trace_id, span_id);

    dk_log(DK_LOG_WARN, "s", "m", "host=a");

    json_t *object = line_parsed();
    cr_assert(eq(str, (char *)member(object, "component"), "orders"));
    cr_assert(eq(str, (char *)member(object, "trace_id"), "0af7651916cd43dd8448eb211c80319c"));
    cr_assert(eq(str, (char *)member(object, "span_id"), "b7ad6b7169203331"));
    cr_assert(eq(str, (char *)member(object, "host"), "a"));
    json_decref(object);
}

Test(log, says_it_in_text_too) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");
    dk__log_context_component("my orders");
    dk__log_context_trace(trace_id, span_id);

    dk_log(DK_LOG_WARN, "s", "m", "host=a");

    line_read();
    cr_assert(
        eq(str,
           strstr(line, " msg="),
           " msg=\"m\" component=\"my orders\" trace_id=0af7651916cd43dd8448eb211c80319c "
           "span_id=b7ad6b7169203331 host=a"));
}

Test(log, prefers_an_event_s_own_word_for_whom_it_belongs_to) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    dk__log_context_component("orders");
    dk__log_context_trace(trace_id, span_id);

    dk_log(DK_LOG_WARN, "s", "m", "component=\"%s\" trace_id=1 span_id=2", "others");

    json_t *object = line_parsed(); /* a member twice is an error there */
    cr_assert(eq(str, (char *)member(object, "component"), "others"));
    cr_assert(eq(str, (char *)member(object, "trace_id"), "1"));
    cr_assert(eq(str, (char *)member(object, "span_id"), "2"));
    json_decref(object);
}

Test(log, belongs_to_nobody_once_that_is_cleared) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");
    dk__log_context_component("orders");
    dk__log_context_trace(trace_id, span_id);

    dk__log_context_clear();

    dk_log(DK_LOG_WARN, "s", "m", NULL);
    line_read();
    cr_assert(eq(str, strstr(line, " msg="), " msg=\"m\""));
    dk__log_context_component("");
    dk__log_context_trace(NULL, NULL);
    dk_log(DK_LOG_WARN, "s", "m", NULL);
    line_read();
    cr_assert(eq(str, strstr(line, " msg="), " msg=\"m\""));
}

static void *log_elsewhere(void *context) {
    (void)context;
    dk_log(DK_LOG_WARN, "s", "m", NULL);
    return NULL;
}

Test(log, belongs_to_the_call_of_its_own_thread) {
    pthread_t thread;
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");
    dk__log_context_component("orders");

    cr_assert(eq(int, pthread_create(&thread, NULL, log_elsewhere, NULL), 0));

    pthread_join(thread, NULL);
    line_read();
    cr_assert(eq(ptr, strstr(line, "orders"), NULL));
}

Test(log, keeps_whom_a_cut_line_belongs_to) {
    static char value[2 * LINE_BYTES_MAX];
    memset(value, 'x', sizeof value - 1);
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    dk__log_context_trace(trace_id, span_id);

    dk_log(DK_LOG_INFO, "s", "m", "value=%s", value);

    json_t *object = line_parsed();
    cr_assert(eq(str, (char *)member(object, "span_id"), "b7ad6b7169203331"));
    cr_assert(eq(str, (char *)member(object, "cut"), "true"));
    json_decref(object);
}

/* ── levels at run time ─────────────────────────────────────────────────────────────────────── */

Test(log, goes_to_debug_and_back) {
    dk_log_setup(DK_LOG_WARN, DK_LOG_TEXT, "dk-test");

    dk__log_toggle();
    cr_assert(dk_log_wants(DK_LOG_DEBUG));
    line_read();
    cr_assert(ne(ptr, strstr(line, "msg=\"the level has changed\" to=debug"), NULL));

    dk__log_toggle();
    cr_assert(not(dk_log_wants(DK_LOG_INFO)));
    cr_assert(dk_log_wants(DK_LOG_WARN));
    line_read();
    cr_assert(ne(ptr, strstr(line, "msg=\"the level has changed\" to=warn"), NULL));
}

/* ── what repeats ───────────────────────────────────────────────────────────────────────────── */

static void count_call(void *context) {
    int *calls = context;
    (*calls)++;
}

Test(log, holds_back_what_repeats_and_tells_how_much) {
    int calls = 0;
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_JSON, "dk-test");
    dk__log_hold_after(2);
    dk__log_on_held(count_call, &calls);
    cr_assert(eq(i64, dk__log_flush(), -1));
    dk__log_context_component("orders");
    for (int i = 0; i < 5; i++) {
        dk_log(DK_LOG_WARN, "redis", "connection lost", "n=%d", i);
        if (i < 2) {
            line_read();
        }
    }

    cr_assert(eq(int, calls, 1));
    const int64_t due_us = dk__log_flush();
    cr_assert(gt(i64, due_us, 0));
    cr_assert(le(i64, due_us, DK__LOG_WINDOW_US));
    dk__log_flush_all();
    json_t *object = line_parsed();
    cr_assert(eq(str, (char *)member(object, "level"), "warning"));
    cr_assert(eq(str, (char *)member(object, "scope"), "redis"));
    cr_assert(eq(str, (char *)member(object, "msg"), "more of these were not written"));
    cr_assert(eq(str, (char *)member(object, "lines"), "3"));
    cr_assert(eq(str, (char *)member(object, "message"), "connection lost"));
    cr_assert(eq(str, (char *)member(object, "component"), "(absent)"));
    json_decref(object);
    cr_assert(eq(i64, dk__log_flush(), -1));
}

Test(log, never_holds_back_what_is_there_to_find_a_fault) {
    dk_log_setup(DK_LOG_DEBUG, DK_LOG_TEXT, "dk-test");
    dk__log_hold_after(1);
    for (int i = 0; i < 5; i++) {
        dk_log(DK_LOG_DEBUG, "s", "m", NULL);
        line_read();
    }

    cr_assert(eq(i64, dk__log_flush(), -1));
}
