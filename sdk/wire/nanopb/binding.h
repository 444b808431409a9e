#ifndef DK_WIRE_NANOPB_BINDING_H
#define DK_WIRE_NANOPB_BINDING_H

#include "wire/nanopb/common.h"

#include <dk/binding.h>

/*
 * What OutputBinding invokes, between wire bytes and the contract's structs. See common.h for the
 * promises, subscription.h for the stream of InputBinding.
 * Source: proto/dapr/proto/components/v1/bindings.proto.
 */

enum dk_error dk__decode_invoke(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_invoke *ret,
    struct dk_fault *fault);

/* InvokeResponse. */
bool dk__encode_output(struct dk__chain *out, const struct dk_output *output);

#endif /* DK_WIRE_NANOPB_BINDING_H */
