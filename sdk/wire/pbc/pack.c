/*
 * Between protobuf-c's messages and our arenas and chains.
 */
#include "wire/pbc/pack.h"

#include "core/utf8.h"

#include <string.h>

static void *allocate(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void release(void *context, void *memory) {
    (void)context; /* it ends with the arena */
    (void)memory;
}

/* protobuf-c packs a text up to its NUL: then the message comes out smaller than it went in. */
static bool is_cut(const ProtobufCMessage *unpacked, struct dk_bytes message) {
    return protobuf_c_message_get_packed_size(unpacked) < message.size &&
           memchr(message.data, '\0', message.size) != NULL;
}

enum dk_error dk__pbc_unpack(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes message,
    struct dk__arena *arena,
    ProtobufCMessage **ret,
    struct dk_fault *fault) {
    ProtobufCAllocator allocator = {.alloc = allocate, .free = release, .allocator_data = arena};
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(
        descriptor, &allocator, message.size, (const uint8_t *)message.data);
    if (unpacked == NULL) {
        return dk_fault_set(
            fault, DK_INVALID, "%s: the bytes are cut off or malformed", descriptor->name);
    }
    if (is_cut(unpacked, message)) {
        return dk_fault_set(fault, DK_INVALID, "%s: a text has a NUL byte", descriptor->name);
    }
    *ret = unpacked;
    return DK_OK;
}

enum dk_error dk__pbc_text(
    const char *text, const char *field, struct dk_bytes *ret, struct dk_fault *fault) {
    const struct dk_bytes view = dk_bytes_of(text == NULL ? "" : text);
    if (!dk__utf8_is_valid(view)) {
        return dk_fault_set(fault, DK_INVALID, "%s: is not UTF-8", field);
    }
    *ret = view;
    return DK_OK;
}

char *dk__pbc_copy(struct dk__arena *arena, struct dk_bytes text) {
    return dk__arena_copy_text(arena, text);
}

bool dk__pbc_append(struct dk__chain *out, const ProtobufCMessage *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *place = dk__chain_append(out, size);
    if (place == NULL) {
        return false;
    }
    (void)protobuf_c_message_pack(message, (uint8_t *)place);
    return true;
}

struct dk_bytes dk__pbc_pack(struct dk__arena *arena, const ProtobufCMessage *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *place = dk__arena_take_bytes(arena, size);
    if (place == NULL) {
        return (struct dk_bytes){0};
    }
    (void)protobuf_c_message_pack(message, (uint8_t *)place);
    return (struct dk_bytes){.data = place, .size = size};
}
