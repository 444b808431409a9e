/*
 * A walk over a message's bytes beside protobuf-c's own, by its descriptors.
 */
#include "wire/pbc/texts.h"

#include "core/utf8.h"

#include <string.h>

enum { VARINT_BYTES_MAX = 10 };

static bool take_varint(struct dk_bytes *rest, uint64_t *ret) {
    uint64_t value = 0;
    for (size_t i = 0; i < VARINT_BYTES_MAX && i < rest->size; i++) {
        const unsigned char byte = (unsigned char)rest->data[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            rest->data += i + 1;
            rest->size -= i + 1;
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct dk_bytes *rest, uint64_t size, struct dk_bytes *ret) {
    if (size > rest->size) {
        return false;
    }
    *ret = (struct dk_bytes){.data = rest->data, .size = (size_t)size};
    rest->data += size;
    rest->size -= (size_t)size;
    return true;
}

bool dk__pbc_field_next(struct dk_bytes *rest, uint64_t *ret_number, struct dk_bytes *ret) {
    uint64_t tag = 0, value = 0;
    struct dk_bytes ignored;
    /* protobuf-c takes the number 0 from a tag that is too long, and an echo of it is unreadable. */
    if (!take_varint(rest, &tag) || tag < 8 || tag > UINT32_MAX) {
        return false;
    }
    *ret_number = tag >> 3;
    *ret = (struct dk_bytes){0};
    switch (tag & 7) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return take_varint(rest, &value);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return take_bytes(rest, sizeof(uint64_t), &ignored);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return take_varint(rest, &value) && take_bytes(rest, value, ret);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return take_bytes(rest, sizeof(uint32_t), &ignored);
    default: /* groups, which protobuf-c does not read either */
        return false;
    }
}

bool dk__pbc_is_text(struct dk_bytes text) {
    return memchr(text.data, '\0', text.size) == NULL && dk__utf8_is_valid(text);
}

static enum dk_error text_check(const char *name, struct dk_bytes text, struct dk_fault *fault) {
    if (memchr(text.data, '\0', text.size) != NULL) {
        return dk_fault_set(fault, DK_INVALID, "%s: has a NUL byte", name);
    }
    if (!dk__utf8_is_valid(text)) {
        return dk_fault_set(fault, DK_INVALID, "%s: is not UTF-8", name);
    }
    return DK_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most DK__TEXTS_DEPTH_MAX deep */
static enum dk_error check(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes message,
    int depth,
    struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    if (depth > DK__TEXTS_DEPTH_MAX) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "%s: nests deeper than %d messages",
            descriptor->name,
            DK__TEXTS_DEPTH_MAX);
    }
    while (message.size > 0 && error == DK_OK) {
        uint64_t number = 0;
        struct dk_bytes bytes;
        if (!dk__pbc_field_next(&message, &number, &bytes)) {
            return dk_fault_set(
                fault, DK_INVALID, "%s: the bytes are cut off or malformed", descriptor->name);
        }
        const ProtobufCFieldDescriptor *field =
            bytes.data == NULL
                ? NULL
                : protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number);
        if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING) {
            error = text_check(field->name, bytes, fault);
        } else if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
            error = check(field->descriptor, bytes, depth + 1, fault);
        }
    }
    return error;
}

enum dk_error dk__pbc_texts_check(
    const ProtobufCMessageDescriptor *descriptor, struct dk_bytes message, struct dk_fault *fault) {
    return check(descriptor, message, 0, fault);
}
