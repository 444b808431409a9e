#ifndef DK_WIRE_NANOPB_COMMON_SHAPES_H
#define DK_WIRE_NANOPB_COMMON_SHAPES_H

#include "wire/nanopb/fields.h"

/* For the tables of every block. */
#define DK__PROTO(name)      "dapr.proto.components.v1." name
#define DK__AT(type, member) offsetof(struct type, member)
/* A text that must not be empty, for dk__shape's required_at. */
#define DK__REQUIRED(type, member) (offsetof(struct type, member) + 1)

/* InitRequest, PubSubInitRequest, InputBindingInitRequest and OutputBindingInitRequest are one
 * message by four names. */
extern const struct dk__shape dk__shape_init;

#endif /* DK_WIRE_NANOPB_COMMON_SHAPES_H */
