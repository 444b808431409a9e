#ifndef DK_WIRE_PBC_JSON_H
#define DK_WIRE_PBC_JSON_H

#include "core/arena.h"

#include <dk/bytes.h>
#include <dk/error.h>
#include <protobuf-c/protobuf-c.h>

/*
 * proto3's JSON, over the descriptors of protobuf-c: any message of an application can be read and
 * written without code of its own. Source: protobuf.dev, "ProtoJSON Format".
 *
 * Names:  written in lowerCamelCase; read in that and as the proto has them.
 * Values: 64-bit integers are written as strings and read as either; bytes are base64 (both
 *         alphabets are read); enums are names (numbers are read); maps are objects; null is
 *         absent; Timestamp, Duration, Struct, Value and ListValue have their own forms; fields at
 *         their default are left out.
 * Limits: a NUL byte in a string is refused, for protobuf-c would cut it there. Messages nest at
 *         most DK__JSON_DEPTH_MAX deep. Any and FieldMask are read and written as plain messages.
 * Thread: whoever owns the arena.
 */
enum { DK__JSON_DEPTH_MAX = 32 };

/*
 * Reads an object into an initialised message; fields that are there are overwritten, lists and maps
 * replaced. What it points to lies in the arena.
 * Errors: DK_INVALID with the place in words: "parts[3].sha256: is a number, a string of base64 is
 *         wanted", "titel: is no field of document; its fields: id, title, …". DK_EXHAUSTED: the
 *         arena is full.
 */
enum dk_error dk__json_read(
    struct dk_bytes json,
    struct dk__arena *arena,
    ProtobufCMessage *message,
    struct dk_fault *fault);

/*
 * Sets one field from the text of a path or a query string: a scalar, or one more item of a list of
 * scalars. `name` as in JSON or in the proto; "page.size" goes into a message within.
 * Errors: as dk__json_read.
 */
enum dk_error dk__json_set_text(
    struct dk_bytes name,
    struct dk_bytes text,
    struct dk__arena *arena,
    ProtobufCMessage *message,
    struct dk_fault *fault);

/* The field of that name, as JSON or the proto has it; NULL: there is none. */
const ProtobufCFieldDescriptor *dk__json_field(
    const ProtobufCMessageDescriptor *descriptor, struct dk_bytes name);

/* The JSON of a message; absent with an error. Errors: DK_INVALID for what JSON cannot say (a string
 * that is no UTF-8, a Timestamp beyond the year 9999, messages that nest too deep); DK_EXHAUSTED: the
 * arena is full. */
struct dk_bytes dk__json_write(
    struct dk__arena *arena, const ProtobufCMessage *message, struct dk_fault *fault);

#endif /* DK_WIRE_PBC_JSON_H */
