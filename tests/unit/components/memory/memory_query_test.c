/* The query of the memory store: what matches, in which order, page by page. */
#include "statestore/memory/memory_query.h"

#include "statestore/memory/memory_store.h"
#include "support/store_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct store_rig rig;

static const struct {
    const char *key, *value;
} stored[] = {
    {"a", "{\"n\":1,\"s\":\"apple\",\"in\":{\"deep\":{\"er\":true}},\"list\":[1,2]}"},
    {"b", "{\"n\":2,\"s\":\"banana\",\"in\":{\"deep\":{\"er\":false}},\"nil\":null}"},
    {"c", "{\"n\":10,\"s\":\"Apple\"}"},
    {"d", "{\"n\":2.5,\"s\":\"\"}"},
    {"e", "{\"n\":\"2\",\"s\":7}"},
    {"f", "{\"n\":1.0}"},
    {"g", "[1,2,3]"},
    {"h", "42"},
    {"i", "no JSON at all"},
    {"j", "{\"n\":1"},
    {"k", ""},
};

static void start(void) {
    const char *const none[] = {NULL};
    store_rig_open(&rig, &memory_store);
    cr_assert(eq(int, store_rig_init(&rig, "", none).error, DK_OK));
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
        const struct rig_answer answer = rig_set(
            &rig,
            "",
            (struct dk_set){
                .key = dk_bytes_of(stored[i].key), .value = dk_bytes_of(stored[i].value)});
        cr_assert(eq(int, answer.error, DK_OK));
    }
}

static void end(void) {
    store_rig_close(&rig);
}

TestSuite(memory_query, .init = start, .fini = end);

/* The keys of the rows, in a word. */
static const char *keys_of(struct rig_answer answer) {
    static char keys[64];
    keys[0] = '\0';
    cr_assert(eq(int, answer.error, DK_OK), "%s", answer.text == NULL ? "" : answer.text);
    for (size_t i = 0; i < answer.count; i++) {
        (void)strncat(keys, answer.items[i].key.data, answer.items[i].key.size);
    }
    return keys;
}

static struct rig_answer query(const char *word, const char *operand) {
    return rig_query(
        &rig,
        "",
        (struct dk_query){
            .filter_operator = dk_bytes_of(word), .filter_operand = dk_bytes_of(operand)});
}

struct row {
    const char *word, *operand, *keys;
};

static const struct row comparisons[] = {
    {"EQ", "{\"n\":1}", "af"}, /* 1.0 is 1 */
    {"EQ", "{\"n\":2.5}", "d"},
    {"EQ", "{\"n\":\"2\"}", "e"}, /* a text is no number */
    {"EQ", "{\"s\":\"apple\"}", "a"},
    {"EQ", "{\"s\":\"\"}", "d"},
    {"EQ", "{\"s\":\"pear\"}", ""},
    {"EQ", "{\"in.deep.er\":true}", "a"},
    {"EQ", "{\"in.deep\":{\"er\":false}}", "b"},
    {"EQ", "{\"list\":[1,2]}", "a"},
    {"EQ", "{\"list\":[2,1]}", ""},
    {"EQ", "{\"nil\":null}", "b"}, /* null is there, absent is not */
    {"EQ", "{\"n.x\":1}", ""},
    {"EQ", "{\"nothing\":1}", ""},
    {"NEQ", "{\"n\":1}", "bcde"},
    {"NEQ", "{\"nothing\":1}", ""}, /* what a row lacks matches nothing */
    {"GT", "{\"n\":2}", "cd"},
    {"GTE", "{\"n\":2}", "bcd"},
    {"LT", "{\"n\":2}", "af"},
    {"LTE", "{\"n\":2}", "abf"},
    {"GT", "{\"s\":\"Apple\"}", "ab"}, /* by bytes */
    {"LT", "{\"s\":\"apple\"}", "cd"},
    {"GTE", "{\"s\":7}", "e"},
    {"GT", "{\"in.deep.er\":false}", ""}, /* truth has no order */
    {"IN", "{\"n\":[1,10]}", "acf"},
    {"IN", "{\"s\":[\"banana\",7]}", "be"},
    {"IN", "{\"n\":[]}", ""},
    {"AND", "[{\"GTE\":{\"n\":1}},{\"LT\":{\"n\":2}},{\"EQ\":{\"s\":\"apple\"}}]", "a"},
    {"OR", "[{\"EQ\":{\"n\":10}},{\"EQ\":{\"s\":\"banana\"}}]", "bc"},
    {"OR",
     "[{\"AND\":[{\"EQ\":{\"n\":1}},{\"EQ\":{\"s\":\"apple\"}}]},{\"EQ\":{\"n\":2.5}}]",
     "ad"},
    {"AND", "[{\"OR\":[{\"EQ\":{\"n\":1}},{\"EQ\":{\"n\":2}}]},{\"NEQ\":{\"s\":\"apple\"}}]", "b"},
    {"AND", "[{\"EQ\":{\"n\":1}}]", "af"},
};

Test(memory_query, finds_what_a_filter_says) {
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        const struct row *row = &comparisons[i];
        cr_assert(
            eq(str, (char *)keys_of(query(row->word, row->operand)), (char *)row->keys),
            "%s %s",
            row->word,
            row->operand);
    }
}

Test(memory_query, finds_every_json_object_without_a_filter) {
    cr_assert(eq(str, (char *)keys_of(query(NULL, NULL)), "abcdef"));
}

Test(memory_query, gives_value_and_etag_of_a_row) {
    const struct rig_answer answer = query("EQ", "{\"n\":10}");
    const struct rig_answer got = rig_get(&rig, "", (struct dk_get){.key = dk_bytes_of("c")});

    cr_assert(dk_bytes_equal(answer.items[0].data, dk_bytes_of(stored[2].value)));
    cr_assert(dk_bytes_equal(answer.items[0].etag, got.items[0].etag));
}

Test(memory_query, sees_no_expired_value) {
    const struct dk_pair ttl = {DK_BYTES("ttlInSeconds"), DK_BYTES("1")};
    (void)rig_set(
        &rig,
        "",
        (struct dk_set){
            .key = dk_bytes_of("z"),
            .value = dk_bytes_of("{\"n\":99}"),
            .metadata = {.items = &ttl, .count = 1}});
    cr_assert(eq(str, (char *)keys_of(query("EQ", "{\"n\":99}")), "z"));
    const int64_t end_ms = dk_clock_ms() + RIG_WAIT_MS;

    while (query("EQ", "{\"n\":99}").count > 0) {
        cr_assert(lt(i64, dk_clock_ms(), end_ms));
    }
}

Test(memory_query, refuses_what_is_no_filter_and_says_why) {
    static const struct row rows[] = {
        {"LIKE", "{\"n\":1}", "'LIKE' is no operator"},
        {"eq", "{\"n\":1}", "'eq' is no operator"},
        {"EQ", "{\"n\":1", "no JSON"},
        {"EQ", "", "no JSON"},
        {"EQ", "{}", "one path"},
        {"EQ", "{\"n\":1,\"s\":2}", "one path"},
        {"EQ", "[1]", "one path"},
        {"IN", "{\"n\":1}", "list of values"},
        {"IN", "{}", "list of values"},
        {"AND", "[]", "list of filters"},
        {"OR", "{\"EQ\":{\"n\":1}}", "list of filters"},
        {"AND", "[{}]", "one operator, not 0"},
        {"AND", "[{\"EQ\":{\"n\":1},\"GT\":{\"n\":0}}]", "one operator, not 2"},
        {"AND", "[7]", "one operator"},
        {"AND", "[{\"EQ\":{\"n\":1}},{\"XOR\":[]}]", "'XOR' is no operator"},
        {"OR", "[{\"EQ\":{\"n\":1}},{\"IN\":{\"n\":2}}]", "list of values"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct rig_answer answer = query(rows[i].word, rows[i].operand);
        cr_assert(eq(int, answer.error, DK_INVALID), "%s %s", rows[i].word, rows[i].operand);
        cr_assert(ne(ptr, strstr(answer.text, rows[i].keys), NULL), "%s", answer.text);
    }
}

/* `depth` lists of one filter around an EQ. */
static struct rig_answer query_nested(int depth) {
    static char operand[16384];
    operand[0] = '\0';
    for (int i = 1; i < depth; i++) {
        (void)strcat(operand, "[{\"AND\":");
    }
    (void)strcat(operand, "[{\"EQ\":{\"n\":10}}]");
    for (int i = 1; i < depth; i++) {
        (void)strcat(operand, "}]");
    }
    return query("AND", operand);
}

Test(memory_query, nests_filters_up_to_a_bound) {
    cr_assert(eq(str, (char *)keys_of(query_nested(MEMORY_FILTER_DEPTH_MAX)), "c"));

    const struct rig_answer answer = query_nested(MEMORY_FILTER_DEPTH_MAX + 1);
    cr_assert(eq(int, answer.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(answer.text, "deeper than 32"), NULL), "%s", answer.text);
    cr_assert(eq(int, query_nested(700).error, DK_INVALID));
}

static struct rig_answer query_sorted(
    const char *key, bool descending, int64_t limit, const char *token) {
    const struct dk_sort sorts[] = {{dk_bytes_of(key), descending}};
    return rig_query(
        &rig,
        "",
        (struct dk_query){
            .sorts = sorts, .sort_count = 1, .limit = limit, .token = dk_bytes_of(token)});
}

Test(memory_query, sorts_numbers_as_numbers_and_types_apart) {
    /* e has a text there: one fixed place among the numbers' neighbours. */
    const char *up = keys_of(query_sorted("n", false, 0, NULL));
    char numbers[16] = "";
    for (const char *at = up; *at != '\0'; at++) {
        if (*at != 'e') {
            (void)strncat(numbers, at, 1);
        }
    }
    cr_assert(eq(str, numbers, "afbdc"));
}

Test(memory_query, puts_rows_without_the_sort_key_last_whatever_the_direction) {
    cr_assert(eq(str, (char *)keys_of(query_sorted("list", false, 0, NULL)), "abcdef"));
    cr_assert(eq(str, (char *)keys_of(query_sorted("nil", true, 0, NULL)), "bacdef"));
}

Test(memory_query, sorts_downwards) {
    const struct dk_sort sort = {DK_BYTES("s"), true};
    const struct rig_answer answer = rig_query(
        &rig,
        "",
        (struct dk_query){
            .filter_operator = dk_bytes_of("IN"),
            .filter_operand = dk_bytes_of("{\"s\":[\"apple\",\"banana\",\"Apple\",\"\"]}"),
            .sorts = &sort,
            .sort_count = 1});

    cr_assert(eq(str, (char *)keys_of(answer), "bacd"));
}

Test(memory_query, asks_the_second_key_where_the_first_is_equal) {
    const struct dk_sort sorts[] = {{DK_BYTES("group"), true}, {DK_BYTES("n"), false}};
    static const char *const values[][2] = {
        {"w", "{\"group\":1,\"n\":30}"},
        {"x", "{\"group\":2,\"n\":40}"},
        {"y", "{\"group\":1,\"n\":20}"},
        {"z", "{\"group\":2,\"n\":5}"}};
    for (size_t i = 0; i < 4; i++) {
        (void)rig_set(
            &rig,
            "",
            (struct dk_set){.key = dk_bytes_of(values[i][0]), .value = dk_bytes_of(values[i][1])});
    }

    const struct rig_answer answer = rig_query(
        &rig,
        "",
        (struct dk_query){
            .filter_operator = dk_bytes_of("GT"),
            .filter_operand = dk_bytes_of("{\"group\":0}"),
            .sorts = sorts,
            .sort_count = 2});

    cr_assert(eq(str, (char *)keys_of(answer), "zxyw"));
}

Test(memory_query, gives_pages_that_meet_without_a_gap) {
    for (int64_t limit = 1; limit <= 7; limit++) {
        char all[64] = "", token[32] = "";
        for (int page = 0; page < 10; page++) {
            const struct rig_answer answer =
                query_sorted("n", true, limit, token[0] == '\0' ? NULL : token);
            (void)strcat(all, keys_of(answer));
            cr_assert(le(sz, answer.count, limit));
            if (answer.token.size == 0) {
                break;
            }
            (void)snprintf(token, sizeof token, "%.*s", (int)answer.token.size, answer.token.data);
        }
        cr_assert(eq(str, all, (char *)keys_of(query_sorted("n", true, 0, NULL))));
    }
}

Test(memory_query, gives_no_token_with_the_last_page) {
    cr_assert(eq(sz, query_sorted("n", false, 6, NULL).token.size, 0));
    cr_assert(gt(sz, query_sorted("n", false, 5, NULL).token.size, 0));
}

Test(memory_query, gives_an_empty_page_behind_the_end) {
    static const char *const tokens[] = {"6", "7", "100", "9223372036854775807"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const struct rig_answer answer = query_sorted("n", false, INT64_MAX, tokens[i]);
        cr_assert(eq(str, (char *)keys_of(answer), ""), "%s", tokens[i]);
        cr_assert(eq(sz, answer.token.size, 0), "%s", tokens[i]);
    }
}

Test(memory_query, takes_the_largest_limit_with_any_token) {
    cr_assert(eq(sz, query_sorted("n", false, INT64_MAX, "2").count, 4));
}

Test(memory_query, refuses_a_token_that_is_none_of_ours) {
    static const char *const tokens[] = {"x", "-1", "1.5", " 1", "9223372036854775808"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        cr_assert(eq(int, query_sorted("n", false, 1, tokens[i]).error, DK_INVALID));
    }
}
