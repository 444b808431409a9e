#ifndef STATESTORE_MEMORY_QUERY_H
#define STATESTORE_MEMORY_QUERY_H

#include <dk/state.h>

/*
 * The query of the memory store. Source: Dapr's state query API; the wire form is an operator and
 * its JSON operand.
 *
 * Rows are the values that are JSON objects. A path ("person.org") that a row lacks matches no
 * comparison, NEQ included. Numbers compare as numbers, texts by their bytes; other pairs of types are
 * neither less nor greater. Rows come in order of the sort keys, then of their keys, so that pages
 * do not overlap; the token is the number of rows already seen.
 *
 * Errors: DK_INVALID with words for an unknown operator, an operand of the wrong shape, a token
 *         that is no number, filters nested deeper than MEMORY_FILTER_DEPTH_MAX.
 */
enum { MEMORY_FILTER_DEPTH_MAX = 32 };

void memory_query(
    struct dk_instance *store, const struct dk_query *request, struct dk_reply *reply);

#endif /* STATESTORE_MEMORY_QUERY_H */
