#ifndef DK_WIRE_OTLP_PAIR_LIST_H
#define DK_WIRE_OTLP_PAIR_LIST_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>

/*
 * "key=value,key=value" of OTEL_RESOURCE_ATTRIBUTES and …HEADERS: as W3C's baggage, percent-encoded,
 * blanks around keys and values.
 */
struct dk__pair_list {
    const char *variable; /* for words */
    size_t pairs_max;
    bool is_header; /* keys in lower case, values of printable ASCII, and no value in words */
};

/* Pure. Owner: keys and values lie in the arena; pairs are added to ret_pairs, which has room for
 * pairs_max. Errors: DK_INVALID naming the variable and what is wrong, DK_EXHAUSTED. */
enum dk_error dk__pair_list_read(
    const struct dk__pair_list *list,
    const char *text,
    struct dk__arena *arena,
    struct dk_pair *ret_pairs,
    size_t *count,
    struct dk_fault *fault);

#endif /* DK_WIRE_OTLP_PAIR_LIST_H */
