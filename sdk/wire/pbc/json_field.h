#ifndef DK_WIRE_PBC_JSON_FIELD_H
#define DK_WIRE_PBC_JSON_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What JSON needs to know of a field of protobuf-c's, beyond its descriptor. Pure; thread: any.
 */

/* Messages that have a form of their own in JSON. */
enum dk__json_form {
    DK__JSON_PLAIN,
    DK__JSON_TIMESTAMP,
    DK__JSON_DURATION,
    DK__JSON_STRUCT,
    DK__JSON_VALUE,
    DK__JSON_LIST,
};

enum dk__json_form dk__json_form(const ProtobufCMessageDescriptor *descriptor);

/* The descriptor of the messages in a field that holds messages. */
static inline const ProtobufCMessageDescriptor *dk__json_message_of(
    const ProtobufCFieldDescriptor *field) {
    return field->descriptor;
}

/* A map is a list of messages that protoc has made: FieldNameEntry {key = 1; value = 2}. protobuf-c
 * forgets that it was one; the name cannot be had otherwise within the same message. */
bool dk__json_is_map(const ProtobufCFieldDescriptor *field);

/* sizeof of one value of the field, in a list or by itself. */
size_t dk__json_value_size(const ProtobufCFieldDescriptor *field);

/* Whether the field is set, or at its default: what is left out of JSON. A member of a oneof counts
 * as set when it was chosen. */
bool dk__json_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Where the field's value lies; for a list, where the pointer to its first item lies. */
static inline void *dk__json_place(
    ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    return (char *)message + field->offset;
}

/* lowerCamelCase of a proto name, into `target` of DK__JSON_NAME_BYTES; a longer name is cut. */
enum { DK__JSON_NAME_BYTES = 128 };
void dk__json_name(const char *proto_name, char *target);

/* What a field wants, in words for an error: "a string", "a number from -2147483648 to …". */
const char *dk__json_wants(const ProtobufCFieldDescriptor *field);

#endif /* DK_WIRE_PBC_JSON_FIELD_H */
