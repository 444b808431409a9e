#ifndef DK_WIRE_PBC_APP_TRIGGER_H
#define DK_WIRE_PBC_APP_TRIGGER_H

#include "core/arena.h"

#include <dk/app.h>

/*
 * Events of input bindings, and jobs. Source: dapr/proto/runtime/v1/appcallback.proto.
 *
 * Thread: whoever owns the arena. Owner: what is decoded and encoded lies in it.
 * Errors: as dk__pbc_unpack; DK_INVALID too for a job whose data says it is a google.protobuf.Value and is none that JSON can say.
 */
enum dk_error dk__decode_app_binding_event(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_binding_event *ret,
    struct dk_fault *fault);

/* A BindingEventResponse; `data` absent: without any. Absent when the arena is full. */
struct dk_bytes dk__encode_app_binding_answer(struct dk__arena *arena, struct dk_bytes data);

/* What HTTP clients gave a job comes as a google.protobuf.Value and is given on as JSON. */
enum dk_error dk__decode_app_job(
    struct dk_bytes message, struct dk__arena *arena, struct dk_job *ret, struct dk_fault *fault);

#endif /* DK_WIRE_PBC_APP_TRIGGER_H */
