#ifndef DK_WIRE_GRPC_APP_ROUTES_H
#define DK_WIRE_GRPC_APP_ROUTES_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>

/*
 * From a verb and a path, as OnInvoke brings them, to a row of an application's table.
 *
 * A pattern: "/documents/{id}/versions/{version}". A segment is a word, or a name in braces that
 *            takes one whole segment of at least one byte; words may follow it behind a colon:
 *            "/documents/{id}:restore". Where two patterns take a path, the one with the word wins,
 *            then the one with the words behind the colon, at the first segment that differs.
 * A path:    daprd has decoded and cleaned it, so it is not decoded again; it may lack its first
 *            slash, and a last one does not count.
 *
 * Pure. Thread: any; the table is constant.
 */
struct dk__app_route {
    const char *verb; /* "GET"; NULL ends the table */
    const char *pattern;
    const void *context; /* the caller's */
};

enum { DK__APP_SEGMENTS_MAX = 16 };

struct dk__app_match {
    const struct dk__app_route *route;
    struct dk_pair names[DK__APP_SEGMENTS_MAX]; /* views into pattern and path */
    size_t name_count;
};

/* Errors: DK_INVALID for a pattern that does not read as above, has a name twice or more than
 * DK__APP_SEGMENTS_MAX segments, for a verb that is none of GET HEAD POST PUT PATCH DELETE OPTIONS,
 * and for two rows that take the same paths; every fault of the table in one text. */
enum dk_error dk__app_routes_check(const struct dk__app_route *routes, struct dk_fault *fault);

/*
 * Errors: DK_NOT_FOUND when no pattern takes the path, with the patterns that there are;
 *         DK_UNSUPPORTED when one does but not with this verb, with the verbs it takes.
 *         ret_match is untouched then.
 */
enum dk_error dk__app_routes_find(
    const struct dk__app_route *routes,
    struct dk_bytes verb,
    struct dk_bytes path,
    struct dk__app_match *ret_match,
    struct dk_fault *fault);

/*
 * Takes the next pair of a query string, "tag=a&tag=b+c%21" without its question mark: '%' and '+'
 * are decoded, the result lies in the arena. A name without '=' has an empty value. The key of
 * ret_pair is absent at the end.
 *
 * Errors: DK_INVALID for a broken '%', for a NUL byte, for what is no UTF-8, naming the pair;
 *         DK_EXHAUSTED when the arena is full.
 */
enum dk_error dk__app_query_next(
    struct dk_bytes *rest,
    struct dk__arena *arena,
    struct dk_pair *ret_pair,
    struct dk_fault *fault);

#endif /* DK_WIRE_GRPC_APP_ROUTES_H */
