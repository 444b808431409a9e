#ifndef DK_WIRE_PBC_APP_LISTS_H
#define DK_WIRE_PBC_APP_LISTS_H

#include "core/arena.h"

#include <dk/app.h>

/*
 * What an application tells daprd it wants: its topics and its input bindings.
 * Source: dapr/proto/runtime/v1/appcallback.proto.
 *
 * A path leads an event back to its handler. A rule's path is its condition itself, not its place
 * in the table: daprd asks for the list once and keeps it, so that an application which was
 * restarted with other rules still gets the paths of before. A number would then lead to another
 * rule's handler; a condition leads to its own, or nowhere.
 *
 * Thread: whoever owns the arena. Tables as in dk/app.h; NULL is an empty one.
 */
#define DK__APP_DEFAULT_PATH "/default" /* of events that no rule picks; no CEL reads so */

/* A ListTopicSubscriptionsResponse; absent with an error. Errors: DK_INVALID for a text that is no
 * UTF-8, for which daprd would refuse the list; DK_EXHAUSTED: the arena is full. */
struct dk_bytes dk__encode_app_topics(
    struct dk__arena *arena, const struct dk_app_topic *topics, struct dk_fault *fault);

/* A ListInputBindingsResponse; likewise. */
struct dk_bytes dk__encode_app_bindings(
    struct dk__arena *arena, const struct dk_app_binding *bindings, struct dk_fault *fault);

#endif /* DK_WIRE_PBC_APP_LISTS_H */
