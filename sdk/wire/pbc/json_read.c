/*
 * From JSON to a message. jansson reads the text; each value then goes where its field's descriptor
 * says. The place of a fault is a chain of frames on the stack, written out only when it is needed.
 */
#include "wire/pbc/json.h"

#include "wire/pbc/json_field.h"
#include "wire/pbc/json_scalar.h"
#include "wire/pbc/json_time.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_BYTES = 40 };

static const char *kind_of(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static enum dk_error wrong_kind(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const json_t *json,
    const char *wanted) {
    char place[DK__JSON_PLACE_BYTES];
    return dk_fault_set(
        reading->fault,
        DK_INVALID,
        "%s: is %s, %s is wanted",
        dk__json_place_of(frame, place),
        kind_of(json),
        wanted);
}

/* The number as JSON wrote it; 1e3 and 4.0 are whole numbers too, as proto3 says. */
static struct dk_bytes integer_text(const json_t *json, char *target) {
    if (json_is_string(json)) {
        return (struct dk_bytes){json_string_value(json), json_string_length(json)};
    }
    if (json_is_integer(json)) {
        (void)snprintf(target, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    } else {
        const double value = json_real_value(json);
        const bool is_whole = value == floor(value) && fabs(value) < 9007199254740992.0;
        (void)snprintf(target, NUMBER_BYTES, is_whole ? "%.0f" : "%g", value);
    }
    return dk_bytes_of(target);
}

/* Whether a JSON value of this kind can be one of the field's. */
static bool is_of_kind(const ProtobufCFieldDescriptor *field, const json_t *json) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        return json_is_string(json);
    case PROTOBUF_C_TYPE_BOOL:
        return json_is_boolean(json);
    case PROTOBUF_C_TYPE_MESSAGE:
        return true; /* its form decides */
    case PROTOBUF_C_TYPE_ENUM:
        return json_is_string(json) || json_is_integer(json);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_is_number(json) || json_is_string(json);
    }
    return false;
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

static enum dk_error read_message(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const json_t *json,
    ProtobufCMessage *message,
    int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most DK__JSON_DEPTH_MAX messages deep */
static enum dk_error read_value(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCFieldDescriptor *field,
    const json_t *json,
    void *target,
    int depth) {
    char number[NUMBER_BYTES];
    if (!is_of_kind(field, json)) {
        return wrong_kind(reading, frame, json, dk__json_wants(field));
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *message = dk__json_message_new(reading, dk__json_message_of(field));
        if (message == NULL) {
            return dk__json_no_memory(reading);
        }
        memcpy(target, &message, sizeof message);
        return read_message(reading, frame, json, message, depth + 1);
    }
    if (json_is_boolean(json)) {
        const protobuf_c_boolean value = json_is_true(json);
        memcpy(target, &value, sizeof value);
        return DK_OK;
    }
    if (json_is_real(json) &&
        (field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_DOUBLE)) {
        (void)snprintf(number, sizeof number, "%.17g", json_real_value(json));
        return dk__json_put_text(reading, field, frame, dk_bytes_of(number), target);
    }
    return dk__json_put_text(reading, field, frame, integer_text(json, number), target);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_list(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCFieldDescriptor *field,
    const json_t *json,
    ProtobufCMessage *message,
    int depth) {
    if (!json_is_array(json)) {
        return wrong_kind(reading, frame, json, "a list");
    }
    const size_t count = json_array_size(json), size = dk__json_value_size(field);
    char *items = dk__arena_take(reading->arena, count * size);
    if (items == NULL) {
        return dk__json_no_memory(reading);
    }
    for (size_t i = 0; i < count; i++) {
        const struct dk__json_frame item = {.parent = frame, .index = i};
        const enum dk_error error =
            read_value(reading, &item, field, json_array_get(json, i), items + i * size, depth);
        if (error != DK_OK) {
            return error;
        }
    }
    memcpy(dk__json_place(message, field), &items, sizeof items);
    memcpy((char *)message + field->quantifier_offset, &count, sizeof count);
    return DK_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_map(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCFieldDescriptor *field,
    json_t *json,
    ProtobufCMessage *message,
    int depth) {
    const ProtobufCMessageDescriptor *entry = dk__json_message_of(field);
    if (!json_is_object(json)) {
        return wrong_kind(reading, frame, json, "an object");
    }
    const size_t count = json_object_size(json);
    ProtobufCMessage **items = dk__arena_take(reading->arena, count * sizeof(*items));
    if (items == NULL) {
        return dk__json_no_memory(reading);
    }
    const char *key = NULL;
    json_t *value = NULL;
    size_t i = 0;
    json_object_foreach(json, key, value) {
        const struct dk__json_frame item = {.parent = frame, .name = key};
        items[i] = dk__json_message_new(reading, entry);
        if (items[i] == NULL) {
            return dk__json_no_memory(reading);
        }
        enum dk_error error = dk__json_put_text(
            reading,
            &entry->fields[0],
            &item,
            dk_bytes_of(key),
            dk__json_place(items[i], &entry->fields[0]));
        if (error == DK_OK) {
            error = read_value(
                reading,
                &item,
                &entry->fields[1],
                value,
                dk__json_place(items[i], &entry->fields[1]),
                depth);
        }
        if (error != DK_OK) {
            return error;
        }
        i++;
    }
    memcpy(dk__json_place(message, field), &items, sizeof(ProtobufCMessage **));
    memcpy((char *)message + field->quantifier_offset, &count, sizeof count);
    return DK_OK;
}

/* Null is absent, but in Value it is a value. */
static bool is_null_absent(const ProtobufCFieldDescriptor *field) {
    return field->type != PROTOBUF_C_TYPE_MESSAGE ||
           dk__json_form(dk__json_message_of(field)) != DK__JSON_VALUE;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_field(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCFieldDescriptor *field,
    json_t *json,
    ProtobufCMessage *message,
    int depth) {
    if (json_is_null(json) &&
        (field->label == PROTOBUF_C_LABEL_REPEATED || is_null_absent(field))) {
        return DK_OK;
    }
    if (dk__json_is_map(field)) {
        return read_map(reading, frame, field, json, message, depth);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return read_list(reading, frame, field, json, message, depth);
    }
    const enum dk_error error =
        read_value(reading, frame, field, json, dk__json_place(message, field), depth);
    if (error == DK_OK) {
        dk__json_mark_set(message, field);
    }
    return error;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_plain(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    json_t *json,
    ProtobufCMessage *message,
    int depth) {
    if (!json_is_object(json)) {
        return wrong_kind(reading, frame, json, "an object");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(json, key, value) {
        const struct dk__json_frame member = {.parent = frame, .name = key};
        const ProtobufCFieldDescriptor *field =
            dk__json_field(message->descriptor, dk_bytes_of(key));
        const enum dk_error error =
            field == NULL ? dk__json_unknown_field(reading, &member, message->descriptor)
                          : read_field(reading, &member, field, value, message, depth);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

/* Timestamp and Duration have the same two fields: seconds = 1, nanos = 2. */
static enum dk_error read_time(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const json_t *json,
    ProtobufCMessage *message,
    bool is_duration) {
    const char *wanted =
        is_duration ? "a duration such as \"1.5s\"" : "a moment such as \"2026-11-25T10:00:00Z\"";
    struct dk__json_time time = {0};
    if (!json_is_string(json)) {
        return wrong_kind(reading, frame, json, wanted);
    }
    const struct dk_bytes text = {json_string_value(json), json_string_length(json)};
    if (!(is_duration ? dk__json_duration_read(text, &time)
                      : dk__json_timestamp_read(text, &time))) {
        return dk__json_wrong_value(reading, frame, text, wanted);
    }
    memcpy(dk__json_place(message, &message->descriptor->fields[0]), &time.seconds, 8);
    memcpy(dk__json_place(message, &message->descriptor->fields[1]), &time.nanoseconds, 4);
    return DK_OK;
}

/* The member of Value's oneof that a JSON value is: its field's number. */
static unsigned value_member(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_NULL:
        return 1;
    case JSON_INTEGER:
    case JSON_REAL:
        return 2;
    case JSON_STRING:
        return 3;
    case JSON_TRUE:
    case JSON_FALSE:
        return 4;
    case JSON_OBJECT:
        return 5;
    case JSON_ARRAY:
        return 6;
    }
    return 1;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_any_value(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const json_t *json,
    ProtobufCMessage *message,
    int depth) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[value_member(json) - 1];
    dk__json_mark_set(message, field);
    if (json_is_null(json)) {
        return DK_OK; /* NULL_VALUE is 0 */
    }
    return read_value(reading, frame, field, json, dk__json_place(message, field), depth);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_message(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const json_t *json,
    ProtobufCMessage *message,
    int depth) {
    json_t *const owned = (json_t *)(uintptr_t)json; /* jansson's walks take no const */
    if (depth > DK__JSON_DEPTH_MAX) {
        char place[DK__JSON_PLACE_BYTES];
        return dk_fault_set(
            reading->fault,
            DK_INVALID,
            "%s: messages nest deeper than %d",
            dk__json_place_of(frame, place),
            DK__JSON_DEPTH_MAX);
    }
    switch (dk__json_form(message->descriptor)) {
    case DK__JSON_PLAIN:
        return read_plain(reading, frame, owned, message, depth);
    case DK__JSON_TIMESTAMP:
        return read_time(reading, frame, json, message, false);
    case DK__JSON_DURATION:
        return read_time(reading, frame, json, message, true);
    case DK__JSON_STRUCT:
        return read_map(reading, frame, &message->descriptor->fields[0], owned, message, depth);
    case DK__JSON_VALUE:
        return read_any_value(reading, frame, json, message, depth);
    case DK__JSON_LIST:
        return read_list(reading, frame, &message->descriptor->fields[0], json, message, depth);
    }
    return DK_INTERNAL;
}

enum dk_error dk__json_read(
    struct dk_bytes json,
    struct dk__arena *arena,
    ProtobufCMessage *message,
    struct dk_fault *fault) {
    const struct dk__json_reading reading = {.arena = arena, .fault = fault};
    json_error_t where;
    json_t *root = json_loadb(
        json.data == NULL ? "" : json.data,
        json.size,
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
        &where);
    if (root == NULL) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "the body: is no JSON: line %d, column %d: %s",
            where.line,
            where.column,
            where.text);
    }
    const enum dk_error error = read_message(&reading, NULL, root, message, 0);
    json_decref(root);
    return error;
}
