#ifndef DK_WIRE_PBC_APP_EVENT_H
#define DK_WIRE_PBC_APP_EVENT_H

#include "core/arena.h"

#include <dk/app.h>

/*
 * Events of topics, one by one and many at once, and what the application did with them.
 * Source: dapr/proto/runtime/v1/appcallback.proto.
 *
 * Thread: whoever owns the arena. Owner: what is decoded and encoded lies in it.
 */
struct dk__app_event {
    struct dk_event event; /* its metadata is absent: daprd sends it as headers */
    struct dk_bytes path;  /* of the rule that picked it */
};

/* Errors: DK_INVALID for bytes that are no event, a text with a NUL byte, an
 * attribute that nests deeper than DK__JSON_DEPTH_MAX: it will read no better another time.
 * DK_EXHAUSTED: the arena is full. */
enum dk_error dk__decode_app_event(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_event *ret,
    struct dk_fault *fault);

/* A TopicEventResponse; absent when the arena is full. */
struct dk_bytes dk__encode_app_verdict(struct dk__arena *arena, enum dk_verdict verdict);

/* Events that daprd has collected. One that cannot be read costs none of the others. */
struct dk__app_events {
    struct dk_bytes pubsub, topic, path;
    const struct dk_event *events;
    const struct dk_bytes *ids; /* daprd's, of each of `events` */
    size_t count;
    const struct dk_bytes *broken_ids; /* of those that cannot be read */
    size_t broken_count;
};

/* With DK_OK, `fault` says why the first of the broken ones is; it is untouched when there is none.
 * Errors: DK_INVALID for bytes that are no such message, DK_EXHAUSTED. */
enum dk_error dk__decode_app_events(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_events *ret,
    struct dk_fault *fault);

/* A TopicEventBulkResponse: a verdict for each event; the broken ones are dropped. Absent when the
 * arena is full. */
struct dk_bytes dk__encode_app_verdicts(
    struct dk__arena *arena, const struct dk__app_events *events, const enum dk_verdict *verdicts);

#endif /* DK_WIRE_PBC_APP_EVENT_H */
