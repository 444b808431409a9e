/*
 * Between protobuf-c's messages and our arenas and chains.
 */
#include "wire/pbc/pack.h"

#include "wire/pbc/texts.h"

/* An arena that remembers whether it was full: protobuf-c says NULL for that and for bad bytes. */
struct memory {
    struct dk__arena *arena;
    bool was_full;
};

static void *allocate(void *context, size_t size) {
    struct memory *memory = context;
    void *place = dk__arena_take(memory->arena, size);
    memory->was_full = memory->was_full || place == NULL;
    return place;
}

static void release(void *context, void *memory) {
    (void)context; /* it ends with the arena */
    (void)memory;
}

enum dk_error dk__pbc_unpack(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes message,
    struct dk__arena *arena,
    ProtobufCMessage **ret,
    struct dk_fault *fault) {
    struct memory memory = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = allocate, .free = release, .allocator_data = &memory};
    const enum dk_error error = dk__pbc_texts_check(descriptor, message, fault);
    if (error != DK_OK) {
        return error;
    }
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(
        descriptor, &allocator, message.size, (const uint8_t *)message.data);
    if (unpacked == NULL && memory.was_full) {
        return dk_fault_set(
            fault, DK_EXHAUSTED, "%s: takes more memory than one call may have", descriptor->name);
    }
    if (unpacked == NULL) {
        return dk_fault_set(
            fault, DK_INVALID, "%s: the bytes are cut off or malformed", descriptor->name);
    }
    *ret = unpacked;
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
