/*
 * Parts of messages. An entry of a map is a message with a key = 1 and a value = 2; protobuf-c makes
 * a type of its own for each map, so they are reached by their descriptors.
 */
#include "wire/pbc/parts.h"

#include "core/utf8.h"
#include "wire/pbc/pack.h"

#include <assert.h>
#include <string.h>

enum { SHOWN_BYTES_MAX = 64 };

static void no_memory(const struct dk__pbc_writing *writing) {
    (void)dk_fault_set(
        writing->fault, DK_EXHAUSTED, "the message takes more memory than arena-bytes-max");
}

static void invalid(
    const struct dk__pbc_writing *writing,
    const char *what,
    struct dk_bytes text,
    const char *why) {
    const size_t shown = text.size < SHOWN_BYTES_MAX ? text.size : SHOWN_BYTES_MAX;
    (void)dk_fault_set(
        writing->fault, DK_INVALID, "%s: '%.*s' %s", what, (int)shown, text.data, why);
}

char *dk__pbc_text(const struct dk__pbc_writing *writing, const char *what, struct dk_bytes text) {
    if (text.size == 0) {
        text = (struct dk_bytes)DK_BYTES("");
    }
    if (memchr(text.data, '\0', text.size) != NULL) {
        invalid(writing, what, text, "has a NUL byte");
        return NULL;
    }
    if (!dk__utf8_is_valid(text)) {
        invalid(writing, what, text, "is not UTF-8");
        return NULL;
    }
    char *copy = dk__pbc_copy(writing->arena, text);
    if (copy == NULL) {
        no_memory(writing);
    }
    return copy;
}

char *dk__pbc_name(const struct dk__pbc_writing *writing, const char *what, struct dk_bytes text) {
    if (text.size == 0) {
        (void)dk_fault_set(writing->fault, DK_INVALID, "%s: is missing", what);
        return NULL;
    }
    return dk__pbc_text(writing, what, text);
}

char **dk__pbc_names(
    const struct dk__pbc_writing *writing,
    const char *what,
    const struct dk_bytes *texts,
    size_t count) {
    char **names = dk__pbc_take(writing, count * sizeof(*names));
    for (size_t i = 0; names != NULL && i < count; i++) {
        names[i] = dk__pbc_name(writing, what, texts[i]);
        if (names[i] == NULL) {
            return NULL;
        }
    }
    return names;
}

void *dk__pbc_take(const struct dk__pbc_writing *writing, size_t size) {
    void *place = dk__arena_take(writing->arena, size);
    if (place == NULL) {
        no_memory(writing);
    }
    return place;
}

struct dk_bytes dk__pbc_write(
    const struct dk__pbc_writing *writing, const ProtobufCMessage *message) {
    const struct dk_bytes bytes = dk__pbc_pack(writing->arena, message);
    if (bytes.data == NULL) {
        no_memory(writing);
    }
    return bytes;
}

struct dk_pairs dk__pbc_traced(const struct dk__pbc_writing *writing, struct dk_pairs pairs) {
    static const struct dk_bytes key = DK_BYTES("traceparent");
    if (writing->traceparent.data == NULL || dk_pairs_find(pairs, key).data != NULL) {
        return pairs;
    }
    struct dk_pair *items =
        dk__arena_take(writing->arena, (pairs.count + 1) * sizeof(struct dk_pair));
    if (items == NULL) {
        return pairs;
    }
    if (pairs.count > 0) {
        memcpy(items, pairs.items, pairs.count * sizeof *items);
    }
    items[pairs.count] = (struct dk_pair){.key = key, .value = writing->traceparent};
    return (struct dk_pairs){.items = items, .count = pairs.count + 1};
}

/* Where an entry keeps its key or its value. */
static char **place_of(const ProtobufCMessage *entry, unsigned number) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(entry->descriptor, number);
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_STRING);
    return (char **)(void *)((char *)(uintptr_t)entry + field->offset);
}

void *dk__pbc_map(
    const struct dk__pbc_writing *writing,
    const ProtobufCMessageDescriptor *entry,
    const char *what,
    struct dk_pairs pairs) {
    ProtobufCMessage **list = dk__pbc_take(writing, pairs.count * sizeof(*list));
    for (size_t i = 0; list != NULL && i < pairs.count; i++) {
        list[i] = dk__pbc_take(writing, entry->sizeof_message);
        if (list[i] == NULL) {
            return NULL;
        }
        protobuf_c_message_init(entry, list[i]);
        char *key = dk__pbc_text(writing, what, pairs.items[i].key);
        char *value = key == NULL ? NULL : dk__pbc_text(writing, what, pairs.items[i].value);
        if (value == NULL) {
            return NULL;
        }
        *place_of(list[i], 1) = key;
        *place_of(list[i], 2) = value;
    }
    return list;
}

bool dk__pbc_pairs(
    struct dk__arena *arena, const void *entries, size_t count, struct dk_pairs *ret_pairs) {
    const ProtobufCMessage *const *list = entries;
    struct dk_pair *pairs = dk__arena_take(arena, count * sizeof *pairs);
    if (pairs == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i].key = dk_bytes_of(*place_of(list[i], 1));
        pairs[i].value = dk_bytes_of(*place_of(list[i], 2));
    }
    *ret_pairs = (struct dk_pairs){.items = pairs, .count = count};
    return true;
}

const void *dk__pbc_answer(
    const ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes bytes,
    struct dk__arena *arena,
    struct dk_fault *fault) {
    ProtobufCMessage *message = NULL;
    return dk__pbc_unpack(descriptor, bytes, arena, &message, fault) == DK_OK ? message : NULL;
}

enum dk_error dk__pbc_answer_full(struct dk_fault *fault) {
    return dk_fault_set(fault, DK_EXHAUSTED, "the answer takes more memory than arena-bytes-max");
}
