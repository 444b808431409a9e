#ifndef DK_WIRE_PBC_DAPRD_MESSAGE_H
#define DK_WIRE_PBC_DAPRD_MESSAGE_H

#include "wire/pbc/parts.h"

#include <dk/daprd.h>

/*
 * Publishing, bindings and invocation in daprd's API.
 * Source: dapr/proto/runtime/v1/{pubsub,binding,invoke}.proto, dapr/proto/common/v1/common.proto.
 *
 * Thread, owner, errors: as wire/pbc/daprd_state.h.
 */
struct dk_bytes dk__encode_daprd_publish(
    const struct dk__pbc_writing *writing,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *message);

/* Entries are named by their index. rawPayload is one for all of a request: DK_INVALID when the
 * messages do not agree on it. */
struct dk_bytes dk__encode_daprd_publish_many(
    const struct dk__pbc_writing *writing,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count);
/* DK_INTERNAL for an entry that was not sent. */
enum dk_error dk__decode_daprd_publish_many(
    struct dk_bytes message,
    struct dk__arena *arena,
    size_t count,
    bool *ret_failed,
    struct dk_fault *fault);

struct dk_bytes dk__encode_daprd_binding(
    const struct dk__pbc_writing *writing,
    const char *binding,
    const char *operation,
    const struct dk_daprd_message *message);
enum dk_error dk__decode_daprd_binding(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes *ret_answer,
    struct dk_fault *fault);

/* DK_INVALID for a verb that HTTP or Dapr does not know. */
struct dk_bytes dk__encode_daprd_invoke(
    const struct dk__pbc_writing *writing, const struct dk_invocation *invocation);
enum dk_error dk__decode_daprd_invoke(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_invocation_answer *ret_answer,
    struct dk_fault *fault);

#endif /* DK_WIRE_PBC_DAPRD_MESSAGE_H */
