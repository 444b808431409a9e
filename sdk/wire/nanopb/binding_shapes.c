/*
 * The request of an output binding. Source: proto/dapr/proto/components/v1/bindings.proto.
 */
#include "wire/nanopb/binding_shapes.h"

/* clang-format off */

static const struct dk__row invoke_rows[] = {
    {1, DK__BYTES, DK__AT(dk_invoke, data), "data"},
    {2, DK__MAP, DK__AT(dk_invoke, metadata), "metadata"},
    {3, DK__STRING, DK__AT(dk_invoke, operation), "operation"},
    {0},
};
const struct dk__shape dk__shape_invoke = {
    .name = DK__PROTO("InvokeRequest"), .rows = invoke_rows, .size = sizeof(struct dk_invoke)};

/* clang-format on */

const struct dk__shape *const dk__binding_shapes[] = {&dk__shape_invoke, NULL};
