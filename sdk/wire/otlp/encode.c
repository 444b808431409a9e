/*
 * OTLP's protobuf, backwards: the last field of a message is written first, then its length.
 */
#include "wire/otlp/encode.h"

#include <dk/trace.h>
#include <stdint.h>
#include <string.h>

enum {
    VARINT_BYTES_MAX = 10,
    FIELD_BYTES_MAX = 2 + VARINT_BYTES_MAX,
    FRAME_BYTES = 6 * FIELD_BYTES_MAX, /* of the most fields that one look for room is for */
};
enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

/* Numbers of fields, by message. */
enum { REQUEST_RESOURCE_SPANS = 1 };
enum { RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPE_SPANS = 2 };
enum { RESOURCE_ATTRIBUTES = 1 };
enum { SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2 };
enum {
    SPAN_TRACE_ID = 1,
    SPAN_ID = 2,
    SPAN_PARENT_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_ATTRIBUTES_DROPPED = 10,
    SPAN_EVENTS = 11,
    SPAN_EVENTS_DROPPED = 12,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
};
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { VALUE_TEXT = 1, VALUE_NUMBER = 3 };
enum { EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3 };
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3, STATUS_CODE_ERROR = 2 };
enum { FLAG_HAS_IS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 };

static const struct dk_bytes scope_name = DK_BYTES("dapr-kit");

/* ── backwards ──────────────────────────────────────────────────────────────────────────────── */

/* Room for `size` bytes, and for the tags and lengths of a few fields around them. False, and nothing
 * more is written: there is none. One look for a whole attribute: the puts below do not look. */
static inline bool has_room(struct dk__otlp_batch *batch, size_t size) {
    if (batch->is_full || size + FRAME_BYTES > (size_t)(batch->at - batch->floor)) {
        batch->is_full = true;
        return false;
    }
    return true;
}

static inline void put_varint(struct dk__otlp_batch *batch, uint64_t number) {
    if (number < 0x80) {
        *--batch->at = (char)number;
        return;
    }
    unsigned char bytes[VARINT_BYTES_MAX];
    size_t size = 0;
    do {
        bytes[size] = (unsigned char)(number | 0x80U);
        number >>= 7;
        size++;
    } while (number != 0);
    bytes[size - 1] &= 0x7FU;
    batch->at -= size;
    memcpy(batch->at, bytes, size);
}

static inline void put_tag(struct dk__otlp_batch *batch, unsigned field, enum wire_type type) {
    put_varint(batch, (uint64_t)field << 3 | (uint64_t)type);
}

static inline void put_number(struct dk__otlp_batch *batch, unsigned field, uint64_t number) {
    if (number != 0) {
        put_varint(batch, number);
        put_tag(batch, field, VARINT);
    }
}

/* As the wire has them; the compiler makes one store of it on a machine that has the same order. */
static inline void put_fixed64(struct dk__otlp_batch *batch, unsigned field, uint64_t number) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    batch->at -= sizeof bytes;
    memcpy(batch->at, bytes, sizeof bytes);
    put_tag(batch, field, FIXED64);
}

static inline void put_fixed32(struct dk__otlp_batch *batch, unsigned field, uint32_t number) {
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    batch->at -= sizeof bytes;
    memcpy(batch->at, bytes, sizeof bytes);
    put_tag(batch, field, FIXED32);
}

static inline void put_bytes(struct dk__otlp_batch *batch, unsigned field, struct dk_bytes bytes) {
    batch->at -= bytes.size;
    if (bytes.size > 0) {
        memcpy(batch->at, bytes.data, bytes.size);
    }
    put_varint(batch, bytes.size);
    put_tag(batch, field, BYTES);
}

/* What was written since `end`, as one field. */
static inline void put_message(struct dk__otlp_batch *batch, unsigned field, const char *end) {
    put_varint(batch, (uint64_t)(end - batch->at));
    put_tag(batch, field, BYTES);
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

static void put_text_attribute(
    struct dk__otlp_batch *batch, unsigned field, struct dk_bytes key, struct dk_bytes text) {
    const char *end = batch->at;
    if (!has_room(batch, key.size + text.size)) {
        return;
    }
    put_bytes(batch, VALUE_TEXT, text);
    put_message(batch, KEY_VALUE_VALUE, end);
    put_bytes(batch, KEY_VALUE_KEY, key);
    put_message(batch, field, end);
}

static void put_number_attribute(
    struct dk__otlp_batch *batch, unsigned field, struct dk_bytes key, int64_t number) {
    const char *end = batch->at;
    if (!has_room(batch, key.size)) {
        return;
    }
    put_varint(batch, (uint64_t)number); /* also 0: an empty value would be none */
    put_tag(batch, VALUE_NUMBER, VARINT);
    put_message(batch, KEY_VALUE_VALUE, end);
    put_bytes(batch, KEY_VALUE_KEY, key);
    put_message(batch, field, end);
}

static void put_event(
    struct dk__otlp_batch *batch, const struct dk__span_entry *entry, struct dk_bytes text) {
    static const struct dk_bytes message_key = DK_BYTES("message");
    const struct dk_bytes name = dk_bytes_of(entry->key);
    const char *end = batch->at;
    if (text.size > 0) {
        put_text_attribute(batch, EVENT_ATTRIBUTES, message_key, text);
    }
    if (!has_room(batch, name.size + sizeof(uint64_t))) {
        return;
    }
    put_bytes(batch, EVENT_NAME, name);
    put_fixed64(batch, EVENT_TIME, (uint64_t)entry->number);
    put_message(batch, SPAN_EVENTS, end);
}

static void put_status(struct dk__otlp_batch *batch, struct dk_bytes words) {
    const char *end = batch->at;
    if (!has_room(batch, words.size)) {
        return;
    }
    put_number(batch, STATUS_CODE, STATUS_CODE_ERROR);
    put_bytes(batch, STATUS_MESSAGE, words);
    put_message(batch, SPAN_STATUS, end);
}

static void put_entries(struct dk__otlp_batch *batch, const struct dk__span_record *record) {
    struct dk_bytes name = {"", 0}, words = {"", 0};
    const struct dk__span_entry *entry = NULL;
    while ((entry = dk__span_entry_next(record, entry)) != NULL) {
        const struct dk_bytes text = {entry->text, entry->size};
        switch ((enum dk__span_entry_kind)entry->kind) {
        case DK__SPAN_NAME:
            name = text; /* the last counts */
            break;
        case DK__SPAN_WORDS:
            words = text;
            break;
        case DK__SPAN_TEXT:
            put_text_attribute(batch, SPAN_ATTRIBUTES, dk_bytes_of(entry->key), text);
            break;
        case DK__SPAN_NUMBER:
            put_number_attribute(batch, SPAN_ATTRIBUTES, dk_bytes_of(entry->key), entry->number);
            break;
        case DK__SPAN_EVENT:
            put_event(batch, entry, text);
            break;
        }
    }
    if (record->has_failed) {
        put_status(batch, words);
    }
    if (has_room(batch, name.size)) {
        put_bytes(batch, SPAN_NAME, name);
    }
}

static bool has_parent(const struct dk__span_record *record) {
    static const unsigned char none[DK__SPAN_ID_BYTES];
    return memcmp(record->parent_id, none, sizeof none) != 0;
}

static void put_ids(struct dk__otlp_batch *batch, const struct dk__span_record *record) {
    if (!has_room(batch, DK__TRACE_ID_BYTES + 2 * DK__SPAN_ID_BYTES)) {
        return;
    }
    if (has_parent(record)) {
        put_bytes(
            batch,
            SPAN_PARENT_ID,
            (struct dk_bytes){(const char *)record->parent_id, sizeof record->parent_id});
    }
    put_bytes(
        batch,
        SPAN_ID,
        (struct dk_bytes){(const char *)record->self.span_id, sizeof record->self.span_id});
    put_bytes(
        batch,
        SPAN_TRACE_ID,
        (struct dk_bytes){(const char *)record->self.trace_id, sizeof record->self.trace_id});
}

bool dk__otlp_batch_add(struct dk__otlp_batch *batch, const struct dk__span_record *record) {
    const char *const end = batch->at;
    const bool is_remote =
        has_parent(record) && (record->kind == DK_SPAN_SERVER || record->kind == DK_SPAN_CONSUMER);
    if (!has_room(batch, sizeof(uint32_t) + 2 * sizeof(uint64_t))) {
        batch->is_full = false;
        return false;
    }
    put_fixed32(
        batch,
        SPAN_FLAGS,
        record->self.flags | (unsigned)FLAG_HAS_IS_REMOTE |
            (is_remote ? (unsigned)FLAG_IS_REMOTE : 0U));
    put_number(batch, SPAN_EVENTS_DROPPED, record->events_dropped);
    put_number(batch, SPAN_ATTRIBUTES_DROPPED, record->attributes_dropped);
    put_fixed64(batch, SPAN_END, record->end_ns);
    put_fixed64(batch, SPAN_START, record->start_ns);
    put_number(batch, SPAN_KIND, record->kind);
    put_entries(batch, record);
    put_ids(batch, record);
    if (has_room(batch, 0)) {
        put_message(batch, SCOPE_SPANS_SPANS, end);
    }
    if (batch->is_full) {
        batch->is_full = false;
        batch->at += end - batch->at;
        return false;
    }
    batch->spans++;
    return true;
}

/* ── around the spans ───────────────────────────────────────────────────────────────────────── */

size_t dk__otlp_resource_bytes(const struct dk__otlp_resource *resource) {
    enum {
        FRAMES = 12
    }; /* twice: request, resource, scope, scope's name and version, resource's field */
    size_t size =
        (size_t)FRAMES * FIELD_BYTES_MAX + scope_name.size + strlen(resource->scope_version);
    for (size_t i = 0; i < resource->attributes.count; i++) {
        const struct dk_pair *pair = &resource->attributes.items[i];
        size += (size_t)FRAME_BYTES + pair->key.size + pair->value.size;
    }
    return size;
}

void dk__otlp_batch_begin(
    struct dk__otlp_batch *batch,
    const struct dk__otlp_resource *resource,
    char *memory, /* NOLINT(readability-non-const-parameter): it is written later */
    size_t size) {
    const size_t reserve = dk__otlp_resource_bytes(resource);
    *batch = (struct dk__otlp_batch){
        .memory = memory,
        .at = memory + size,
        .end = memory + size,
        .floor = memory + (reserve < size ? reserve : size)};
}

struct dk_bytes dk__otlp_batch_end(
    struct dk__otlp_batch *batch, const struct dk__otlp_resource *resource) {
    const char *end = batch->at;
    batch->floor = batch->memory;
    put_bytes(batch, SCOPE_VERSION, dk_bytes_of(resource->scope_version));
    put_bytes(batch, SCOPE_NAME, scope_name);
    put_message(batch, SCOPE_SPANS_SCOPE, end);
    put_message(batch, RESOURCE_SPANS_SCOPE_SPANS, batch->end);
    end = batch->at;
    for (size_t i = resource->attributes.count; i > 0; i--) {
        const struct dk_pair *pair = &resource->attributes.items[i - 1];
        put_text_attribute(batch, RESOURCE_ATTRIBUTES, pair->key, pair->value);
    }
    put_message(batch, RESOURCE_SPANS_RESOURCE, end);
    put_message(batch, REQUEST_RESOURCE_SPANS, batch->end);
    return (struct dk_bytes){.data = batch->at, .size = (size_t)(batch->end - batch->at)};
}
