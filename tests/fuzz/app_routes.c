/*
 * The router of an application: a path against a table, and a query string. The input is
 * "verb path?query" as a request line has it.
 *
 * Held: names and words of the pattern put together again are the path; a path that one row takes is
 * found; each pair of a query, escaped again, reads the same.
 */
#include "wire/grpc/app_routes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 64 * 1024, TEXT_BYTES_MAX = 8192 };

static const struct dk__app_route routes[] = {
    {"GET", "/"},
    {"GET", "/documents"},
    {"GET", "/documents/{id}"},
    {"POST", "/documents/{id}:restore"},
    {"GET", "/documents/latest"},
    {"GET", "/documents/{id}/versions/{version}:diff"},
    {"PUT", "/{a}/{b}/{c}"},
    {0},
};

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "app_routes: %s\n", what);
        abort();
    }
}

/* Puts the names' values into the pattern; the path without slashes at its ends is wanted. */
static void expect_whole(const struct dk__app_match *match, struct dk_bytes path) {
    char text[TEXT_BYTES_MAX];
    size_t at = 0, name = 0;
    const char *pattern = match->route->pattern + 1;
    while (*pattern != '\0') {
        struct dk_bytes piece = {.data = pattern, .size = 1};
        pattern++;
        if (piece.data[0] == '{') {
            require(name < match->name_count, "a name of the pattern is missing");
            piece = match->names[name].value;
            name++;
            pattern = strchr(pattern, '}') + 1;
        }
        require(piece.size > 0 && at + piece.size < sizeof text, "a name is empty");
        memcpy(text + at, piece.data, piece.size);
        at += piece.size;
    }
    require(name == match->name_count, "more names than the pattern has");
    if (path.size > 0 && path.data[0] == '/') {
        path = (struct dk_bytes){.data = path.data + 1, .size = path.size - 1};
    }
    if (path.size > 0 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    require(
        dk_bytes_equal((struct dk_bytes){.data = text, .size = at}, path),
        "names and words are not the path");
}

static void try_route(struct dk_bytes verb, struct dk_bytes path) {
    struct dk__app_match match = {0};
    struct dk_fault fault = {0};
    const enum dk_error error = dk__app_routes_find(routes, verb, path, &match, &fault);
    if (error == DK_OK) {
        require(dk_bytes_equal(dk_bytes_of(match.route->verb), verb), "another verb's row");
        expect_whole(&match, path);
    } else {
        require(error == DK_NOT_FOUND || error == DK_UNSUPPORTED, "an error of another kind");
        require(fault.text[0] == '\'' && match.route == NULL, "an error without its words");
    }
}

static size_t escape(struct dk_bytes text, char *target) {
    size_t at = 0;
    for (size_t i = 0; i < text.size; i++) {
        at += (size_t)sprintf(target + at, "%%%02X", (unsigned)(unsigned char)text.data[i]);
    }
    return at;
}

static void try_pair(const struct dk_pair *pair) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    char text[3 * TEXT_BYTES_MAX + 1];
    struct dk_pair again;
    size_t at = escape(pair->key, text);
    text[at] = '=';
    at++;
    at += escape(pair->value, text + at);
    struct dk_bytes rest = {.data = text, .size = at};
    require(dk__app_query_next(&rest, &arena, &again, NULL) == DK_OK, "escapes are refused");
    require(
        dk_bytes_equal(again.key, pair->key) && dk_bytes_equal(again.value, pair->value) &&
            rest.size == 0,
        "a pair written and read again differs");
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

static void try_query(struct dk_bytes query) {
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    struct dk_pair pair = {.key = DK_BYTES("")};
    while (dk__app_query_next(&query, &arena, &pair, NULL) == DK_OK && pair.key.data != NULL) {
        try_pair(&pair);
    }
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > TEXT_BYTES_MAX / 2) {
        return 0;
    }
    const char *text = (const char *)data, *end = text + size;
    const char *space = memchr(text, ' ', size);
    const char *path = space == NULL ? text : space + 1;
    const char *question = memchr(path, '?', (size_t)(end - path));
    const struct dk_bytes verb = {.data = text, .size = space == NULL ? 0 : (size_t)(space - text)};
    try_route(
        verb,
        (struct dk_bytes){
            .data = path, .size = (size_t)((question == NULL ? end : question) - path)});
    if (question != NULL) {
        try_query((struct dk_bytes){.data = question + 1, .size = (size_t)(end - question) - 1});
    }
    return 0;
}
