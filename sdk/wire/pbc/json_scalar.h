#ifndef DK_WIRE_PBC_JSON_SCALAR_H
#define DK_WIRE_PBC_JSON_SCALAR_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/*
 * Single values on their way from JSON, a path or a query string into a field, and the words for
 * those that do not fit. Thread: whoever owns the arena.
 */

/* One step from the message's root: a name, or the index of an item. On the stack of the walk. */
struct dk__json_frame {
    const struct dk__json_frame *parent;
    const char *name; /* NULL: an index */
    size_t index;
};

struct dk__json_reading {
    struct dk__arena *arena;
    struct dk_fault *fault;
};

/* Puts the scalar that `text` says into `target`. DK_INVALID names the place, the text and what is
 * wanted; DK_EXHAUSTED: the arena is full. */
enum dk_error dk__json_put_text(
    const struct dk__json_reading *reading,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_frame *frame,
    struct dk_bytes text,
    void *target);

/* Notes that the member is there: chosen in its oneof, or present. */
void dk__json_mark_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* An empty message in the arena; NULL: it is full. */
ProtobufCMessage *dk__json_message_new(
    const struct dk__json_reading *reading, const ProtobufCMessageDescriptor *descriptor);

/* "parts[3].sha256", or "the body" for the root, in `target` of DK__JSON_PLACE_BYTES. */
enum { DK__JSON_PLACE_BYTES = 256 };
const char *dk__json_place_of(const struct dk__json_frame *frame, char *target);

/* The three common faults. */
enum dk_error dk__json_wrong_value(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    struct dk_bytes value,
    const char *wanted);
enum dk_error dk__json_unknown_field(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCMessageDescriptor *descriptor);
enum dk_error dk__json_no_memory(const struct dk__json_reading *reading);

#endif /* DK_WIRE_PBC_JSON_SCALAR_H */
