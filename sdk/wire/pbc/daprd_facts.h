#ifndef DK_WIRE_PBC_DAPRD_FACTS_H
#define DK_WIRE_PBC_DAPRD_FACTS_H

#include "wire/pbc/parts.h"

#include <dk/daprd.h>

/*
 * What daprd knows: secrets, configuration, itself.
 * Source: dapr/proto/runtime/v1/{secret,configuration,metadata}.proto.
 *
 * Thread, owner, errors: as wire/pbc/daprd_state.h.
 */
struct dk_bytes dk__encode_daprd_secret(
    const struct dk__pbc_writing *writing, const char *store, struct dk_bytes key);
enum dk_error dk__decode_daprd_secret(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_secret,
    struct dk_fault *fault);

struct dk_bytes dk__encode_daprd_configuration(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_bytes *keys,
    size_t count);
enum dk_error dk__decode_daprd_configuration(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_pairs *ret_items,
    struct dk_fault *fault);

/* The request is an empty message. */
enum dk_error dk__decode_daprd_metadata(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_daprd_metadata *ret_metadata,
    struct dk_fault *fault);

#endif /* DK_WIRE_PBC_DAPRD_FACTS_H */
