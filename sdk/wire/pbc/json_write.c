/*
 * From a message to JSON: a tree of jansson's, then its text in the arena.
 */
#include "wire/pbc/json.h"

#include "core/base64.h"
#include "core/utf8.h"
#include "wire/pbc/json_field.h"
#include "wire/pbc/json_time.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REAL_DIGITS = 17, NUMBER_BYTES = 32 };

static json_t *write_message(const ProtobufCMessage *message, int depth);

/* ── single values; NULL: no memory, or what JSON cannot say ────────────────────────────────── */

static json_t *write_string(struct dk_bytes text) {
    return dk__utf8_is_valid(text) ? json_stringn(text.data, text.size) : NULL;
}

static json_t *write_bytes(const ProtobufCBinaryData *data) {
    const struct dk_bytes bytes = {(const char *)data->data, data->len};
    const size_t size = dk__base64_size(bytes.size);
    const size_t padded = (size + 3) / 4 * 4;
    char *text = malloc(padded + 1);
    if (text == NULL) {
        return NULL;
    }
    dk__base64_encode(bytes, text);
    memset(text + size, '=', padded - size);
    json_t *json = json_stringn(text, padded);
    free(text);
    return json;
}

static json_t *write_real(double value) {
    if (isnan(value)) {
        return json_string("NaN");
    }
    if (isinf(value)) {
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    }
    /* A whole number is written as one: 2, not 2.0. Beyond 2^53 its digits would pretend. */
    if (value == floor(value) && fabs(value) < 9007199254740992.0 && !signbit(value)) {
        return json_integer((json_int_t)value);
    }
    return json_real(value);
}

static json_t *write_enum(const ProtobufCEnumDescriptor *words, int value) {
    const ProtobufCEnumValue *word = protobuf_c_enum_descriptor_get_value(words, value);
    return word == NULL ? json_integer(value) : json_string(word->name);
}

static json_t *write_int64(int64_t value) {
    return json_sprintf("%" PRId64, value);
}

static json_t *write_uint64(uint64_t value) {
    return json_sprintf("%" PRIu64, value);
}

/* NOLINTNEXTLINE(misc-no-recursion): messages nest, at most DK__JSON_DEPTH_MAX deep */
static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *value, int depth) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return write_int64(*(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_uint64(*(const uint64_t *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return write_real((double)*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return write_real(*(const double *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(const char *const *)value;
        return write_string(dk_bytes_of(text == NULL ? "" : text));
    }
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(*(ProtobufCMessage *const *)value, depth + 1);
    }
    return NULL;
}

/* ── lists, maps, messages ──────────────────────────────────────────────────────────────────── */

static const char *items_of(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t *ret_count) {
    const char *items = NULL;
    memcpy(&items, (const char *)message + field->offset, sizeof items);
    memcpy(ret_count, (const char *)message + field->quantifier_offset, sizeof *ret_count);
    return items;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static json_t *write_list(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, int depth) {
    size_t count = 0;
    const char *items = items_of(message, field, &count);
    const size_t size = dk__json_value_size(field);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, write_value(field, items + i * size, depth)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* A key of a map as text; JSON has no other. NULL: it is no UTF-8. */
/* NOLINTNEXTLINE(misc-no-recursion): a key is a scalar */
static const char *write_key(
    const ProtobufCFieldDescriptor *field, const void *value, char *number) {
    json_t *json = NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)value;
        return dk__utf8_is_valid(dk_bytes_of(text)) ? text : NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        return *(const protobuf_c_boolean *)value ? "true" : "false";
    }
    json = write_value(field, value, 0);
    if (json_is_string(json)) {
        (void)snprintf(number, NUMBER_BYTES, "%s", json_string_value(json));
    } else {
        (void)snprintf(number, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    }
    json_decref(json);
    return number;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static json_t *write_map(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, int depth) {
    const ProtobufCMessageDescriptor *entry = dk__json_message_of(field);
    size_t count = 0;
    const char *items = items_of(message, field, &count);
    json_t *map = json_object();
    for (size_t i = 0; i < count; i++) {
        char number[NUMBER_BYTES];
        const char *const item = *(const char *const *)(const void *)(items + i * sizeof(char *));
        const char *key = write_key(&entry->fields[0], item + entry->fields[0].offset, number);
        json_t *value = write_value(&entry->fields[1], item + entry->fields[1].offset, depth);
        if (key == NULL || json_object_set_new_nocheck(map, key, value) != 0) {
            if (key == NULL) {
                json_decref(value);
            }
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *write_time(const ProtobufCMessage *message, bool is_duration) {
    char text[DK__JSON_TIME_BYTES];
    struct dk__json_time time;
    memcpy(
        &time.seconds,
        (const char *)message + message->descriptor->fields[0].offset,
        sizeof time.seconds);
    memcpy(
        &time.nanoseconds,
        (const char *)message + message->descriptor->fields[1].offset,
        sizeof time.nanoseconds);
    const size_t size =
        is_duration ? dk__json_duration_write(time, text) : dk__json_timestamp_write(time, text);
    return size == 0 ? NULL : json_stringn(text, size);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static json_t *write_any_value(const ProtobufCMessage *message, int depth) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (dk__json_is_set(message, field) && field->type != PROTOBUF_C_TYPE_ENUM) {
            return write_value(field, (const char *)message + field->offset, depth);
        }
    }
    return json_null();
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static json_t *write_plain(const ProtobufCMessage *message, int depth) {
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[DK__JSON_NAME_BYTES];
        json_t *value = NULL;
        if (!dk__json_is_set(message, field)) {
            continue;
        }
        if (dk__json_is_map(field)) {
            value = write_map(message, field, depth);
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            value = write_list(message, field, depth);
        } else {
            value = write_value(field, (const char *)message + field->offset, depth);
        }
        dk__json_name(field->name, name);
        if (json_object_set_new(object, name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static json_t *write_message(const ProtobufCMessage *message, int depth) {
    if (message == NULL || depth > DK__JSON_DEPTH_MAX) {
        return NULL;
    }
    switch (dk__json_form(message->descriptor)) {
    case DK__JSON_PLAIN:
        return write_plain(message, depth);
    case DK__JSON_TIMESTAMP:
        return write_time(message, false);
    case DK__JSON_DURATION:
        return write_time(message, true);
    case DK__JSON_STRUCT:
        return write_map(message, &message->descriptor->fields[0], depth);
    case DK__JSON_VALUE:
        return write_any_value(message, depth);
    case DK__JSON_LIST:
        return write_list(message, &message->descriptor->fields[0], depth);
    }
    return NULL;
}

struct dk_bytes dk__json_write(
    struct dk__arena *arena, const ProtobufCMessage *message, struct dk_fault *fault) {
    enum { FLAGS = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS) };
    struct dk_bytes text = {0};
    json_t *root = write_message(message, 0);
    if (root == NULL) {
        (void)dk_fault_set(
            fault,
            DK_INVALID,
            "%s: has a string that is no UTF-8, a time that JSON cannot say, or nests deeper than "
            "%d messages",
            message->descriptor->name,
            DK__JSON_DEPTH_MAX);
        return text;
    }
    const size_t size = json_dumpb(root, NULL, 0, FLAGS);
    char *place = dk__arena_take_bytes(arena, size);
    if (place != NULL && json_dumpb(root, place, size, FLAGS) == size) {
        text = (struct dk_bytes){place, size};
    } else {
        (void)dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "%s: takes more memory than one call may have",
            message->descriptor->name);
    }
    json_decref(root);
    return text;
}
