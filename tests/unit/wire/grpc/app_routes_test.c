#include "wire/grpc/app_routes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static const struct dk__app_route routes[] = {
    {"GET", "/"},
    {"GET", "/documents"},
    {"POST", "/documents"},
    {"GET", "/documents/{id}"},
    {"DELETE", "/documents/{id}"},
    {"POST", "/documents/{id}:restore"},
    {"GET", "/documents/latest"},
    {"GET", "/documents/{id}/versions/{version}"},
    {0},
};

static struct dk__pool pool;
static struct dk__arena arena;
static struct dk_fault fault;
static struct dk__app_match match;

static void start(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 4096};
    fault = (struct dk_fault){0};
    match = (struct dk__app_match){0};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(app_routes, .init = start, .fini = end);
TestSuite(app_query, .init = start, .fini = end);

static enum dk_error find(const char *verb, const char *path) {
    fault = (struct dk_fault){0};
    return dk__app_routes_find(routes, dk_bytes_of(verb), dk_bytes_of(path), &match, &fault);
}

static void expect_route(const char *verb, const char *path, const char *pattern) {
    cr_assert(eq(int, find(verb, path), DK_OK), "%s %s: %s", verb, path, fault.text);
    cr_assert(eq(str, (char *)match.route->verb, (char *)verb));
    cr_assert(eq(str, (char *)match.route->pattern, (char *)pattern));
}

static void expect_name(size_t index, const char *name, const char *value) {
    cr_assert(lt(sz, index, match.name_count));
    cr_assert(dk_bytes_equal(match.names[index].key, dk_bytes_of(name)));
    cr_assert(dk_bytes_equal(match.names[index].value, dk_bytes_of(value)));
}

Test(app_routes, find_words_and_names) {
    expect_route("GET", "/documents/7/versions/12", "/documents/{id}/versions/{version}");

    cr_assert(eq(sz, match.name_count, 2));
    expect_name(0, "id", "7");
    expect_name(1, "version", "12");
}

Test(app_routes, take_a_path_as_daprd_gives_it) {
    expect_route("POST", "documents", "/documents");
    expect_route("GET", "documents/", "/documents");
    expect_route("GET", "", "/");
    /* It was decoded once already: what looks like an escape is part of the name. */
    expect_route("GET", "documents/a%2Fb", "/documents/{id}");
    expect_name(0, "id", "a%2Fb");
}

Test(app_routes, prefer_words_to_names) {
    expect_route("GET", "/documents/latest", "/documents/latest");
    cr_assert(eq(sz, match.name_count, 0));

    expect_route("POST", "/documents/7:restore", "/documents/{id}:restore");
    expect_name(0, "id", "7");
    /* Only POST has words behind the name. */
    expect_route("GET", "/documents/7:restore", "/documents/{id}");
    expect_name(0, "id", "7:restore");
}

Test(app_routes, that_are_not_there_are_named_with_those_that_are) {
    cr_assert(eq(int, find("GET", "/papers/7"), DK_NOT_FOUND));

    cr_assert(ne(ptr, strstr(fault.text, "'/papers/7'"), NULL), "%s", fault.text);
    cr_assert(ne(ptr, strstr(fault.text, "GET /documents/{id}/versions/{version}"), NULL));
    cr_assert(eq(ptr, (void *)match.route, NULL));
}

Test(app_routes, need_every_segment_filled) {
    cr_assert(eq(int, find("GET", "/documents//versions/1"), DK_NOT_FOUND));
    cr_assert(eq(int, find("GET", "/documents/7/versions"), DK_NOT_FOUND));
    cr_assert(eq(int, find("GET", "/documents/7/versions/1/2"), DK_NOT_FOUND));
    /* Nothing stands before the colon, and POST has no plain {id}. */
    cr_assert(eq(int, find("POST", "/documents/:restore"), DK_UNSUPPORTED));
}

Test(app_routes, say_which_verbs_a_path_takes) {
    cr_assert(eq(int, find("PUT", "/documents/7"), DK_UNSUPPORTED));

    cr_assert(eq(str, fault.text, "'/documents/7': does not take PUT; it takes: GET, DELETE"));
}

Test(app_routes, list_no_more_than_fits) {
    static struct dk__app_route many[65];
    static char patterns[64][64];
    for (int i = 0; i < 64; i++) {
        (void)snprintf(patterns[i], sizeof patterns[i], "/a/rather/long/pattern/number/%d", i);
        many[i] = (struct dk__app_route){"GET", patterns[i]};
    }
    cr_assert(eq(int, dk__app_routes_check(many, &fault), DK_OK), "%s", fault.text);

    const enum dk_error error =
        dk__app_routes_find(many, dk_bytes_of("GET"), dk_bytes_of("/b"), &match, &fault);

    cr_assert(eq(int, error, DK_NOT_FOUND));
    const char *more = strstr(fault.text, ", …");
    cr_assert(ne(ptr, (void *)more, NULL), "%s", fault.text);
    cr_assert(eq(str, (char *)more, ", …"));
}

Test(app_routes, check_accepts_a_good_table) {
    cr_assert(eq(int, dk__app_routes_check(routes, &fault), DK_OK), "%s", fault.text);
}

Test(app_routes, check_refuses_each_kind_of_fault) {
    static const struct {
        const char *verb, *pattern, *words;
    } rows[] = {
        {"FETCH", "/a", "'FETCH' is none of GET"},
        {"GET", "a", "does not begin with '/'"},
        {"GET", "/a/", "ends with '/'"},
        {"GET", "/a//b", "has an empty segment"},
        {"GET", "/{}", "has a name without letters"},
        {"GET", "/{a}/{a}", "has a name twice"},
        {"GET", "/{a}b", "has braces"},
        {"GET", "/x{a}", "has braces"},
        {"GET", "/{a", "has braces"},
        {"GET", "/{a}:{b}", "has braces"},
        {"GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "has more than 16 segments"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct dk__app_route table[] = {{rows[i].verb, rows[i].pattern}, {0}};
        fault = (struct dk_fault){0};

        cr_expect(eq(int, dk__app_routes_check(table, &fault), DK_INVALID), "%s", rows[i].pattern);

        cr_expect(ne(ptr, strstr(fault.text, rows[i].words), NULL), "%s", fault.text);
    }
}

Test(app_routes, check_refuses_two_rows_for_the_same_paths) {
    static const struct dk__app_route twins[] = {
        {"GET", "/a/{id}"}, {"PUT", "/a/{id}"}, {"GET", "/a/{name}"}, {0}};

    cr_assert(eq(int, dk__app_routes_check(twins, &fault), DK_INVALID));

    cr_assert(
        eq(str, fault.text, "route '/a/{name}': takes the same as '/a/{id}', with the same verb"));
}

static void expect_pair(struct dk_bytes *rest, const char *key, const char *value) {
    struct dk_pair pair;
    cr_assert(eq(int, dk__app_query_next(rest, &arena, &pair, &fault), DK_OK), "%s", fault.text);
    cr_assert(dk_bytes_equal(pair.key, dk_bytes_of(key)), "%s", pair.key.data);
    cr_assert(dk_bytes_equal(pair.value, dk_bytes_of(value)), "%s", pair.value.data);
}

Test(app_query, is_decoded_pair_by_pair) {
    struct dk_bytes rest = DK_BYTES("tag=a&tag=b+c%21&&%C3%A4=%c3%9f%3D=&empty=&bare");

    expect_pair(&rest, "tag", "a");
    expect_pair(&rest, "tag", "b c!");
    expect_pair(&rest, "ä", "ß==");
    expect_pair(&rest, "empty", "");
    expect_pair(&rest, "bare", "");
    for (int i = 0; i < 2; i++) {
        struct dk_pair pair = {.key = DK_BYTES("left over")};
        cr_assert(eq(int, dk__app_query_next(&rest, &arena, &pair, &fault), DK_OK));
        cr_assert(eq(ptr, (void *)pair.key.data, NULL));
    }
}

Test(app_query, that_is_broken_is_refused_with_its_pair) {
    static const struct {
        const char *query, *words;
    } rows[] = {
        {"a=%", "query: 'a=%' has a '%' without"},
        {"a=%4", "query: 'a=%4' has a '%' without"},
        {"a=%4x", "query: 'a=%4x' has a '%' without"},
        {"%zz=1", "query: '%zz=1' has a '%' without"},
        {"a=%00", "query: 'a=%00' has a NUL byte"},
        {"a=%ff&b=1", "query: 'a=%ff' is no UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dk_bytes rest = dk_bytes_of(rows[i].query);
        struct dk_pair pair;
        fault = (struct dk_fault){0};

        cr_expect(eq(int, dk__app_query_next(&rest, &arena, &pair, &fault), DK_INVALID));

        cr_expect(eq(ptr, strstr(fault.text, rows[i].words), fault.text), "%s", fault.text);
    }
}

Test(app_query, larger_than_the_call_may_be_is_exhausted) {
    struct dk_bytes rest = DK_BYTES("name=some+value");
    struct dk_pair pair;
    arena.bytes_max = 8;

    cr_assert(eq(int, dk__app_query_next(&rest, &arena, &pair, &fault), DK_EXHAUSTED));
}
