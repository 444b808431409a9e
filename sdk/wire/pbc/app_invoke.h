#ifndef DK_WIRE_PBC_APP_INVOKE_H
#define DK_WIRE_PBC_APP_INVOKE_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>

/*
 * The messages of AppCallback.OnInvoke. Source: dapr/proto/common/v1/common.proto.
 *
 * Thread: whoever owns the arena. Owner: what is decoded and encoded lies in it.
 */
struct dk__app_invoke {
    struct dk_bytes path;  /* decoded and cleaned by daprd; mostly without its first slash */
    struct dk_bytes verb;  /* "GET"; a caller that names none means POST, as daprd has it */
    struct dk_bytes query; /* as it stands in the URL */
    struct dk_bytes content_type;
    struct dk_bytes data; /* size 0 when there is none */
};

/* Errors: as dk__pbc_unpack. */
enum dk_error dk__decode_app_invoke(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_invoke *ret,
    struct dk_fault *fault);

/* An InvokeResponse; absent when the arena is full. */
struct dk_bytes dk__encode_app_invoke_answer(
    struct dk__arena *arena, struct dk_bytes data, struct dk_bytes content_type);

#endif /* DK_WIRE_PBC_APP_INVOKE_H */
