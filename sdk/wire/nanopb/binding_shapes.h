#ifndef DK_WIRE_NANOPB_BINDING_SHAPES_H
#define DK_WIRE_NANOPB_BINDING_SHAPES_H

#include "wire/nanopb/common_shapes.h"

#include <dk/binding.h>

/* The request of OutputBinding, as a table. */
extern const struct dk__shape dk__shape_invoke;

/* All of them, NULL-terminated, for the test that holds them against proto/. */
extern const struct dk__shape *const dk__binding_shapes[];

#endif /* DK_WIRE_NANOPB_BINDING_SHAPES_H */
