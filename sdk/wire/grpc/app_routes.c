/*
 * The router: a walk over the table, segment by segment. Tables are short and constant, so a row is
 * compared in place and nothing is built.
 */
#include "wire/grpc/app_routes.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A segment of a pattern: a word, or a name with what follows it. Rank: the larger one wins. */
enum rank { RANK_NAME, RANK_NAME_AND_WORDS, RANK_WORD };

struct segment {
    enum rank rank;
    struct dk_bytes name;  /* not of a word */
    struct dk_bytes words; /* the word, or ":words" behind the name */
};

/* Cuts the part before the next slash off; false at the end. */
static bool part_next(struct dk_bytes *rest, struct dk_bytes *ret_part) {
    if (rest->size == 0) {
        return false;
    }
    const char *slash = memchr(rest->data, '/', rest->size);
    const size_t size = slash == NULL ? rest->size : (size_t)(slash - rest->data);
    *ret_part = (struct dk_bytes){.data = rest->data, .size = size};
    const size_t taken = slash == NULL ? size : size + 1;
    *rest = (struct dk_bytes){.data = rest->data + taken, .size = rest->size - taken};
    return true;
}

static struct dk_bytes without_first_slash(struct dk_bytes path) {
    if (path.size > 0 && path.data[0] == '/') {
        return (struct dk_bytes){.data = path.data + 1, .size = path.size - 1};
    }
    return path;
}

static struct segment segment_of(struct dk_bytes part) {
    const char *close =
        part.size > 0 && part.data[0] == '{' ? memchr(part.data, '}', part.size) : NULL;
    if (close == NULL) {
        return (struct segment){.rank = RANK_WORD, .words = part};
    }
    const size_t name_size = (size_t)(close - part.data) - 1;
    struct segment segment = {
        .rank = RANK_NAME,
        .name = {.data = part.data + 1, .size = name_size},
        .words = {.data = close + 1, .size = part.size - name_size - 2},
    };
    if (segment.words.size > 0) {
        segment.rank = RANK_NAME_AND_WORDS;
    }
    return segment;
}

/* Whether a segment takes a part; its name's value is then in ret_value. */
static bool segment_takes(
    const struct segment *segment, struct dk_bytes part, struct dk_bytes *ret_value) {
    if (segment->rank == RANK_WORD) {
        return dk_bytes_equal(segment->words, part);
    }
    if (part.size <= segment->words.size) { /* a name takes at least one byte */
        return false;
    }
    const size_t value_size = part.size - segment->words.size;
    const struct dk_bytes end = {.data = part.data + value_size, .size = segment->words.size};
    *ret_value = (struct dk_bytes){.data = part.data, .size = value_size};
    return dk_bytes_equal(end, segment->words);
}

static bool route_takes(
    const struct dk__app_route *route, struct dk_bytes path, struct dk__app_match *match) {
    struct dk_bytes pattern = without_first_slash(dk_bytes_of(route->pattern));
    struct dk_bytes pattern_part, path_part;
    *match = (struct dk__app_match){.route = route};
    path = without_first_slash(path);
    while (part_next(&pattern, &pattern_part)) {
        const struct segment segment = segment_of(pattern_part);
        struct dk_bytes value = {0};
        if (!part_next(&path, &path_part) || !segment_takes(&segment, path_part, &value)) {
            return false;
        }
        if (segment.rank != RANK_WORD) {
            assert(match->name_count < DK__APP_SEGMENTS_MAX); /* dk__app_routes_check saw to it */
            match->names[match->name_count] = (struct dk_pair){segment.name, value};
            match->name_count++;
        }
    }
    return path.size == 0;
}

/* Whether `left` says more of a path that both take. */
static bool is_closer(const char *left, const char *right) {
    struct dk_bytes rests[2] = {dk_bytes_of(left), dk_bytes_of(right)}, parts[2];
    while (part_next(&rests[0], &parts[0]) && part_next(&rests[1], &parts[1])) {
        const struct segment one = segment_of(parts[0]), other = segment_of(parts[1]);
        if (one.rank != other.rank) {
            return one.rank > other.rank;
        }
        if (one.words.size != other.words.size) {
            return one.words.size > other.words.size;
        }
    }
    return false;
}

/* ── words of errors ────────────────────────────────────────────────────────────────────────── */

enum { LIST_BYTES_MAX = 1024 };

/* Adds to a list in `text`; one that does not fit is left out, "…" stands for it. */
static void list_add(char *text, const char *verb, const char *pattern) {
    static const char more[] = ", …";
    const size_t size = strlen(text);
    const size_t wanted = size + 2 + strlen(verb) + 1 + strlen(pattern);
    if (size >= sizeof more - 1 && strcmp(text + size - (sizeof more - 1), more) == 0) {
        return;
    }
    if (wanted + sizeof more > LIST_BYTES_MAX) {
        (void)snprintf(text + size, LIST_BYTES_MAX - size, "%s", more);
        return;
    }
    (void)snprintf(
        text + size,
        LIST_BYTES_MAX - size,
        "%s%s%s%s",
        size == 0 ? "" : ", ",
        verb,
        *pattern == '\0' ? "" : " ",
        pattern);
}

static enum dk_error not_found(
    const struct dk__app_route *routes, struct dk_bytes path, struct dk_fault *fault) {
    char list[LIST_BYTES_MAX] = "";
    for (const struct dk__app_route *route = routes; route->verb != NULL; route++) {
        list_add(list, route->verb, route->pattern);
    }
    return dk_fault_set(
        fault,
        DK_NOT_FOUND,
        "'%.*s': no such route; %s%s",
        (int)(path.size < LIST_BYTES_MAX / 2 ? path.size : LIST_BYTES_MAX / 2),
        path.data == NULL ? "" : path.data,
        list[0] == '\0' ? "there is none" : "there are: ",
        list);
}

static enum dk_error wrong_verb(
    const struct dk__app_route *routes,
    struct dk_bytes verb,
    struct dk_bytes path,
    struct dk_fault *fault) {
    char list[LIST_BYTES_MAX] = "";
    struct dk__app_match ignored;
    for (const struct dk__app_route *route = routes; route->verb != NULL; route++) {
        if (route_takes(route, path, &ignored)) {
            list_add(list, route->verb, "");
        }
    }
    return dk_fault_set(
        fault,
        DK_UNSUPPORTED,
        "'%.*s': does not take %.*s; it takes: %s",
        (int)(path.size < LIST_BYTES_MAX / 2 ? path.size : LIST_BYTES_MAX / 2),
        path.data,
        (int)(verb.size < 16 ? verb.size : 16),
        verb.data == NULL ? "" : verb.data,
        list);
}

/* ── the table ──────────────────────────────────────────────────────────────────────────────── */

static bool is_verb(const char *verb) {
    static const char *const verbs[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Why a pattern cannot be used; NULL: it can. */
static const char *pattern_fault(const char *pattern) {
    struct dk_bytes rest = without_first_slash(dk_bytes_of(pattern)), part;
    struct dk_bytes names[DK__APP_SEGMENTS_MAX];
    size_t segments = 0, name_count = 0;
    if (pattern[0] != '/') {
        return "does not begin with '/'";
    }
    if (pattern[1] != '\0' && pattern[strlen(pattern) - 1] == '/') {
        return "ends with '/'";
    }
    while (part_next(&rest, &part)) {
        const struct segment segment = segment_of(part);
        segments++;
        if (segments > DK__APP_SEGMENTS_MAX) {
            return "has more than 16 segments";
        }
        if (part.size == 0) {
            return "has an empty segment";
        }
        if (memchr(segment.words.data, '{', segment.words.size) != NULL ||
            memchr(segment.words.data, '}', segment.words.size) != NULL ||
            (segment.rank == RANK_NAME_AND_WORDS && segment.words.data[0] != ':')) {
            return "has braces that do not take a whole segment, or one up to ':'";
        }
        if (segment.rank == RANK_WORD) {
            continue;
        }
        if (segment.name.size == 0) {
            return "has a name without letters";
        }
        for (size_t i = 0; i < name_count; i++) {
            if (dk_bytes_equal(names[i], segment.name)) {
                return "has a name twice";
            }
        }
        names[name_count] = segment.name;
        name_count++;
    }
    return NULL;
}

/* Whether two patterns take the same paths: they differ in their names at most. */
static bool is_same(const char *left, const char *right) {
    struct dk_bytes rests[2] = {dk_bytes_of(left), dk_bytes_of(right)}, parts[2];
    for (;;) {
        const bool has_left = part_next(&rests[0], &parts[0]);
        const bool has_right = part_next(&rests[1], &parts[1]);
        if (!has_left || !has_right) {
            return has_left == has_right;
        }
        const struct segment one = segment_of(parts[0]), other = segment_of(parts[1]);
        if (one.rank != other.rank || !dk_bytes_equal(one.words, other.words)) {
            return false;
        }
    }
}

enum dk_error dk__app_routes_check(const struct dk__app_route *routes, struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    for (const struct dk__app_route *route = routes; route->verb != NULL; route++) {
        const char *why = pattern_fault(route->pattern);
        if (!is_verb(route->verb)) {
            error = dk_fault_set(
                fault,
                DK_INVALID,
                "route '%s': '%s' is none of GET HEAD POST PUT PATCH DELETE OPTIONS",
                route->pattern,
                route->verb);
        }
        if (why != NULL) {
            error = dk_fault_set(fault, DK_INVALID, "route '%s': %s", route->pattern, why);
            continue;
        }
        for (const struct dk__app_route *before = routes; before != route; before++) {
            if (strcmp(before->verb, route->verb) == 0 &&
                is_same(before->pattern, route->pattern)) {
                error = dk_fault_set(
                    fault,
                    DK_INVALID,
                    "route '%s': takes the same as '%s', with the same verb",
                    route->pattern,
                    before->pattern);
            }
        }
    }
    return error;
}

enum dk_error dk__app_routes_find(
    const struct dk__app_route *routes,
    struct dk_bytes verb,
    struct dk_bytes path,
    struct dk__app_match *ret_match,
    struct dk_fault *fault) {
    struct dk__app_match best = {0}, match;
    bool is_known = false;
    for (const struct dk__app_route *route = routes; route->verb != NULL; route++) {
        if (!route_takes(route, path, &match)) {
            continue;
        }
        is_known = true;
        if (dk_bytes_equal(dk_bytes_of(route->verb), verb) &&
            (best.route == NULL || is_closer(route->pattern, best.route->pattern))) {
            best = match;
        }
    }
    if (best.route != NULL) {
        *ret_match = best;
        return DK_OK;
    }
    return is_known ? wrong_verb(routes, verb, path, fault) : not_found(routes, path, fault);
}
