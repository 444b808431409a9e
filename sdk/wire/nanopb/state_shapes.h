#ifndef DK_WIRE_NANOPB_STATE_SHAPES_H
#define DK_WIRE_NANOPB_STATE_SHAPES_H

#include "wire/nanopb/common_shapes.h"

#include <dk/state.h>

/* The requests of the state services, as tables. */
extern const struct dk__shape dk__shape_get;
extern const struct dk__shape dk__shape_set;
extern const struct dk__shape dk__shape_delete;
extern const struct dk__shape dk__shape_bulk_get;
extern const struct dk__shape dk__shape_bulk_set;
extern const struct dk__shape dk__shape_bulk_delete;
extern const struct dk__shape dk__shape_transact;
extern const struct dk__shape dk__shape_query;

/* What a QueryRequest decodes to: repeated fields need their list in one place. */
struct dk__query_parts {
    struct dk_query query;
    struct {
        const struct dk_sort *items;
        size_t count;
    } sorts;
};

/* All of them, NULL-terminated, for the test that holds them against proto/. */
extern const struct dk__shape *const dk__state_shapes[];

#endif /* DK_WIRE_NANOPB_STATE_SHAPES_H */
