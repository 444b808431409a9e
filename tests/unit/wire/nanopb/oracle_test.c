/* Random messages by protobuf-c, read by us. */
#include "support/state_oracle.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000, LIST_MAX = 4, TEXT_BYTES_MAX = 200 };

/* The same numbers in every run. */
static uint64_t seed;

static unsigned below(unsigned limit) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % limit;
}

static char *text_random(struct codec_memory *memory, bool may_be_empty) {
    static const char *const characters[] = {
        "a", "Z", "0", " ", "||", ".", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    const unsigned size = below(8) == 0 ? TEXT_BYTES_MAX : below(12) + (may_be_empty ? 0 : 1);
    char *text = dk__arena_take(&memory->arena, TEXT_BYTES_MAX + 8);
    for (unsigned i = 0; i < size && strlen(text) < TEXT_BYTES_MAX; i++) {
        strcat(text, characters[below(9)]);
    }
    return text;
}

static ProtobufCMessage *message_random(
    struct codec_memory *memory, const ProtobufCMessageDescriptor *descriptor);

/* One value of a field into its place. */
static void put_random(
    struct codec_memory *memory, const ProtobufCFieldDescriptor *field, void *place) {
    static const int64_t numbers[] = {0, 1, -1, 127, 128, INT64_MAX, INT64_MIN};
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)place = text_random(memory, strcmp(field->name, "key") != 0);
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *bytes = place;
        bytes->len = below(300);
        bytes->data = dk__arena_take(&memory->arena, bytes->len);
        for (size_t i = 0; i < bytes->len; i++) {
            bytes->data[i] = (uint8_t)below(256);
        }
        break;
    }
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)place = (int)below(4) - (below(20) == 0 ? 5 : 0);
        break;
    case PROTOBUF_C_TYPE_INT64:
        *(int64_t *)place = numbers[below(7)];
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)place = message_random(memory, field->descriptor);
        break;
    default:
        cr_fatal("%s: a type that no state message has", field->name);
    }
}

static void put_list(
    struct codec_memory *memory, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message) {
    const bool is_filter = strcmp(field->name, "filter") == 0; /* has one entry at most */
    const size_t count = below(is_filter ? 2 : LIST_MAX + 1);
    char *base = (char *)message;
    ProtobufCMessage **items = dk__arena_take(&memory->arena, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        put_random(memory, field, &items[i]);
    }
    memcpy(base + field->quantifier_offset, &count, sizeof count);
    memcpy(base + field->offset, &items, sizeof items);
}

static ProtobufCMessage *message_random(
    struct codec_memory *memory, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = dk__arena_take(&memory->arena, descriptor->sizeof_message);
    const unsigned member = below(descriptor->n_fields == 0 ? 1 : descriptor->n_fields);
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        void *place = (char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            put_list(memory, field, message);
        } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            if (i == member) {
                put_random(memory, field, place);
                *(uint32_t *)(void *)((char *)message + field->quantifier_offset) = field->id;
            }
        } else if (strcmp(field->name, "key") == 0 || below(4) != 0) {
            put_random(memory, field, place);
        }
    }
    return message;
}

Test(state_oracle, what_protobuf_c_writes_we_read_as_it_was_meant) {
    static struct codec_memory memory;
    seed = UINT64_C(0x9E3779B97F4A7C15);
    for (int round = 0; round < ROUNDS; round++) {
        for (int kind = 0; kind < STATE_MESSAGES; kind++) {
            enum dk_error ours = DK_OK;
            codec_memory_begin(&memory);
            const ProtobufCMessage *message =
                message_random(&memory, state_oracle_descriptor((enum state_message)kind));
            const size_t size = protobuf_c_message_get_packed_size(message);
            char *bytes = malloc(size + 1);
            cr_assert(ne(ptr, bytes, NULL));
            (void)protobuf_c_message_pack(message, (uint8_t *)bytes);

            const char *difference = state_oracle_read(
                (enum state_message)kind, (struct dk_bytes){bytes, size}, &memory, &ours);

            cr_assert(
                eq(int, ours, DK_OK), "round %d, message %d: %s", round, kind, memory.fault.text);
            cr_assert(
                eq(ptr, (void *)difference, NULL),
                "round %d, message %d: %s",
                round,
                kind,
                difference);
            free(bytes);
            codec_memory_end(&memory);
        }
    }
}
