/*
 * Init, field by field. Source: proto/dapr/proto/components/v1.
 */
#include "wire/nanopb/common_shapes.h"

static const struct dk__row metadata_rows[] = {
    {1, DK__MAP, 0, "properties"},
    {0},
};
static const struct dk__shape shape_metadata = {
    .name = DK__PROTO("MetadataRequest"), .rows = metadata_rows};

static const struct dk__row init_rows[] = {
    {1, DK__MESSAGE, 0, "metadata", &shape_metadata},
    {0},
};
const struct dk__shape dk__shape_init = {
    .name = DK__PROTO("InitRequest"), .rows = init_rows, .size = sizeof(struct dk_pairs)};
