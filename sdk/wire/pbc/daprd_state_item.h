#ifndef DK_WIRE_PBC_DAPRD_STATE_ITEM_H
#define DK_WIRE_PBC_DAPRD_STATE_ITEM_H

#include "wire/pbc/parts.h"

#include <dapr/proto/common/v1/common.pb-c.h>
#include <dk/daprd.h>

/* What requests about state have in common. NULL or false: noted. Thread and owner: as parts.h. */
Dapr__Proto__Common__V1__StateItem *dk__daprd_item_write(
    const struct dk__pbc_writing *writing, const struct dk_state_item *item, bool has_value);

/* NULL for an absent etag. */
bool dk__daprd_etag_write(
    const struct dk__pbc_writing *writing,
    struct dk_bytes etag,
    Dapr__Proto__Common__V1__Etag **ret_etag);

/* NULL when nothing is asked for: then the component's own settings count. */
bool dk__daprd_options_write(
    const struct dk__pbc_writing *writing,
    const struct dk_state_item *item,
    Dapr__Proto__Common__V1__StateOptions **ret_options);

#endif /* DK_WIRE_PBC_DAPRD_STATE_ITEM_H */
