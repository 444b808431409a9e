#ifndef DK_WIRE_NANOPB_SUBSCRIPTION_SHAPES_H
#define DK_WIRE_NANOPB_SUBSCRIPTION_SHAPES_H

#include "wire/nanopb/common_shapes.h"
#include "wire/nanopb/subscription.h"

/* What a peer sends on the streams that deliver, as tables. */
extern const struct dk__shape dk__shape_pull;
extern const struct dk__shape dk__shape_read;

/* All of them, NULL-terminated, for the test that holds them against proto/. */
extern const struct dk__shape *const dk__subscription_shapes[];

#endif /* DK_WIRE_NANOPB_SUBSCRIPTION_SHAPES_H */
