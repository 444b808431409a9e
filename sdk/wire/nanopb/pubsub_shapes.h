#ifndef DK_WIRE_NANOPB_PUBSUB_SHAPES_H
#define DK_WIRE_NANOPB_PUBSUB_SHAPES_H

#include "wire/nanopb/common_shapes.h"

#include <dk/pubsub.h>

/* The publish requests of PubSub, as tables. */
extern const struct dk__shape dk__shape_publish;
extern const struct dk__shape dk__shape_bulk_publish;

/* All of them, NULL-terminated, for the test that holds them against proto/. */
extern const struct dk__shape *const dk__pubsub_shapes[];

#endif /* DK_WIRE_NANOPB_PUBSUB_SHAPES_H */
