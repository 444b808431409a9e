/*
 * Scalars and the words for what is none.
 */
#include "wire/pbc/json_scalar.h"

#include "core/base64.h"
#include "core/utf8.h"
#include "wire/pbc/json_field.h"

#include <dk/option.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_BYTES = 512, NUMBER_BYTES = 40, SHOWN_MAX = 64 };

/* ── words ──────────────────────────────────────────────────────────────────────────────────── */

/* "parts[3].sha256"; "the document" at the root. Returns the bytes written. */
/* NOLINTNEXTLINE(misc-no-recursion): at most two frames for each of DK__JSON_DEPTH_MAX messages */
static size_t put_place(const struct dk__json_frame *frame, char *target, size_t size) {
    if (frame == NULL || size < 2) {
        return 0;
    }
    const size_t used = put_place(frame->parent, target, size);
    const int more =
        frame->name == NULL
            ? snprintf(target + used, size - used, "[%zu]", frame->index)
            : snprintf(target + used, size - used, "%s%s", used == 0 ? "" : ".", frame->name);
    const size_t whole = used + (size_t)(more < 0 ? 0 : more);
    return whole < size ? whole : size - 1;
}

const char *dk__json_place_of(const struct dk__json_frame *frame, char *target) {
    if (put_place(frame, target, DK__JSON_PLACE_BYTES) == 0) {
        return "the body";
    }
    return target;
}

enum dk_error dk__json_wrong_value(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    struct dk_bytes value,
    const char *wanted) {
    char place[DK__JSON_PLACE_BYTES];
    const int shown = value.size > SHOWN_MAX ? SHOWN_MAX : (int)value.size;
    return dk_fault_set(
        reading->fault,
        DK_INVALID,
        "%s: '%.*s%s' is not %s",
        dk__json_place_of(frame, place),
        shown,
        value.data,
        value.size > SHOWN_MAX ? "…" : "",
        wanted);
}

enum dk_error dk__json_no_memory(const struct dk__json_reading *reading) {
    return dk_fault_set(
        reading->fault, DK_EXHAUSTED, "the body: takes more memory than one call may have");
}

enum dk_error dk__json_unknown_field(
    const struct dk__json_reading *reading,
    const struct dk__json_frame *frame,
    const ProtobufCMessageDescriptor *descriptor) {
    char place[DK__JSON_PLACE_BYTES], names[NAMES_BYTES] = "";
    size_t used = 0;
    for (unsigned i = 0; i < descriptor->n_fields && used < sizeof names - 1; i++) {
        char name[DK__JSON_NAME_BYTES];
        dk__json_name(descriptor->fields[i].name, name);
        const int more =
            snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : ", ", name);
        used += (size_t)more < sizeof names - used ? (size_t)more : sizeof names - used - 1;
    }
    return dk_fault_set(
        reading->fault,
        DK_INVALID,
        "%s: is no field of %s; its fields: %s",
        dk__json_place_of(frame, place),
        descriptor->short_name,
        names);
}

/* ── values ─────────────────────────────────────────────────────────────────────────────────── */

static bool is_unsigned(ProtobufCType type) {
    return type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32 ||
           type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64;
}

/* A decimal integer that may reach beyond int64_t. */
static bool parse_unsigned(struct dk_bytes text, uint64_t *ret_value) {
    uint64_t value = 0;
    if (text.size == 0) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        const char digit = text.data[i];
        if (digit < '0' || digit > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(digit - '0'), &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

/* Puts a whole number into a field of 4 or 8 bytes; false when it does not fit. */
static bool put_integer(const ProtobufCFieldDescriptor *field, struct dk_bytes text, void *target) {
    const size_t size = dk__json_value_size(field);
    if (is_unsigned(field->type)) {
        uint64_t value = 0;
        if (!parse_unsigned(text, &value) || (size == 4 && value > UINT32_MAX)) {
            return false;
        }
        const uint32_t low = (uint32_t)value;
        memcpy(target, size == 4 ? (const void *)&low : (const void *)&value, size);
        return true;
    }
    int64_t value = 0;
    if (!dk_integer_parse(text, &value) ||
        (size == 4 && (value < INT32_MIN || value > INT32_MAX))) {
        return false;
    }
    const int32_t low = (int32_t)value;
    memcpy(target, size == 4 ? (const void *)&low : (const void *)&value, size);
    return true;
}

static bool put_real_text(
    const ProtobufCFieldDescriptor *field, struct dk_bytes text, void *target) {
    char copy[NUMBER_BYTES];
    char *end = NULL;
    double value = 0;
    if (text.size == 0 || text.size >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strcmp(copy, "NaN") == 0) {
        value = (double)NAN;
    } else if (strcmp(copy, "Infinity") == 0) {
        value = (double)INFINITY;
    } else if (strcmp(copy, "-Infinity") == 0) {
        value = -(double)INFINITY;
    } else if (strspn(copy, "0123456789+-.eE") != text.size) {
        return false; /* strtod would take hexadecimal and "inf" */
    } else {
        value = strtod(copy, &end);
        if (*end != '\0') {
            return false;
        }
    }
    if (field->type == PROTOBUF_C_TYPE_FLOAT) {
        const float narrow = (float)value;
        memcpy(target, &narrow, sizeof narrow);
    } else {
        memcpy(target, &value, sizeof value);
    }
    return true;
}

static bool put_enum(const ProtobufCFieldDescriptor *field, struct dk_bytes text, void *target) {
    const ProtobufCEnumDescriptor *words = field->descriptor;
    for (unsigned i = 0; i < words->n_values; i++) {
        if (dk_bytes_equal(dk_bytes_of(words->values[i].name), text)) {
            const int32_t value = words->values[i].value;
            memcpy(target, &value, sizeof value);
            return true;
        }
    }
    return put_integer(field, text, target);
}

static enum dk_error put_bytes(
    const struct dk__json_reading *reading,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_frame *frame,
    struct dk_bytes text,
    void *target) {
    char *const copy = dk__arena_take_bytes(reading->arena, text.size + 1);
    char *const bytes = dk__arena_take_bytes(reading->arena, text.size / 4 * 3 + 3);
    ProtobufCBinaryData data = {.data = (uint8_t *)bytes};
    if (copy == NULL || bytes == NULL) {
        return dk__json_no_memory(reading);
    }
    for (size_t i = 0; i < text.size; i++) { /* the alphabet for URLs is one of JSON's two */
        const char letter = text.data[i];
        copy[i] = (char)(letter == '-' ? '+' : letter == '_' ? '/' : letter);
    }
    if (!dk__base64_decode((struct dk_bytes){copy, text.size}, bytes, &data.len)) {
        return dk__json_wrong_value(reading, frame, text, dk__json_wants(field));
    }
    memcpy(target, &data, sizeof data);
    return DK_OK;
}

static enum dk_error put_string(
    const struct dk__json_reading *reading,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_frame *frame,
    struct dk_bytes text,
    void *target) {
    if (memchr(text.data, '\0', text.size) != NULL || !dk__utf8_is_valid(text)) {
        char place[DK__JSON_PLACE_BYTES];
        return dk_fault_set(
            reading->fault,
            DK_INVALID,
            "%s: is no UTF-8 or has a NUL byte, %s is wanted",
            dk__json_place_of(frame, place),
            dk__json_wants(field));
    }
    char *copy = dk__arena_copy_text(reading->arena, text);
    if (copy == NULL) {
        return dk__json_no_memory(reading);
    }
    memcpy(target, &copy, sizeof copy);
    return DK_OK;
}

/* A scalar from its text: of a JSON string or number, of a path, of a query string. */
enum dk_error dk__json_put_text(
    const struct dk__json_reading *reading,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_frame *frame,
    struct dk_bytes text,
    void *target) {
    bool is_good = false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return put_string(reading, field, frame, text, target);
    case PROTOBUF_C_TYPE_BYTES:
        return put_bytes(reading, field, frame, text, target);
    case PROTOBUF_C_TYPE_BOOL: {
        static const struct dk_bytes yes = DK_BYTES("true"), no = DK_BYTES("false");
        const protobuf_c_boolean value = dk_bytes_equal(text, yes);
        is_good = value != 0 || dk_bytes_equal(text, no);
        memcpy(target, &value, sizeof value);
        break;
    }
    case PROTOBUF_C_TYPE_ENUM:
        is_good = put_enum(field, text, target);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        is_good = put_real_text(field, text, target);
        break;
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
        is_good = put_integer(field, text, target);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return is_good ? DK_OK : dk__json_wrong_value(reading, frame, text, dk__json_wants(field));
}

void dk__json_mark_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    void *const quantifier = (char *)message + field->quantifier_offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(quantifier, &field->id, sizeof(uint32_t));
    } else if (
        field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE &&
        field->type != PROTOBUF_C_TYPE_STRING) {
        const protobuf_c_boolean has = 1;
        memcpy(quantifier, &has, sizeof has);
    }
}

ProtobufCMessage *dk__json_message_new(
    const struct dk__json_reading *reading, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = dk__arena_take(reading->arena, descriptor->sizeof_message);
    if (message != NULL) {
        protobuf_c_message_init(descriptor, message);
    }
    return message;
}
