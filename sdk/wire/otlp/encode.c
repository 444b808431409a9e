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
    SPAN_LINKS = 13,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
};
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { VALUE_TEXT = 1, VALUE_NUMBER = 3 };
enum { EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3 };
enum { LINK_TRACE_ID = 1, LINK_SPAN_ID = 2, LINK_FLAGS = 6 };
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3, STATUS_CODE_ERROR = 2 };
enum { FLAG_HAS_IS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 };

static const struct dk_bytes scope_name = DK_BYTES("dapr-kit");
static const struct dk_bytes backend_time = DK_BYTES("dapr.backend.duration_us");

/* What is written begins at `at`. */
struct writer {
    char *floor, *at;
    bool is_full; /* something did not fit */
};

/* ── backwards ──────────────────────────────────────────────────────────────────────────────── */

/* Room for `size` bytes, and for the tags and lengths of a few fields around them. False, and nothing
 * more is written: there is none. One look for a whole attribute: the puts below do not look. */
static inline bool has_room(struct writer *writer, size_t size) {
    if (writer->is_full || size + FRAME_BYTES > (size_t)(writer->at - writer->floor)) {
        writer->is_full = true;
        return false;
    }
    return true;
}

static inline void put_varint(struct writer *writer, uint64_t number) {
    if (number < 0x80) {
        *--writer->at = (char)number;
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
    writer->at -= size;
    memcpy(writer->at, bytes, size);
}

static inline void put_tag(struct writer *writer, unsigned field, enum wire_type type) {
    put_varint(writer, (uint64_t)field << 3 | (uint64_t)type);
}

static inline void put_number(struct writer *writer, unsigned field, uint64_t number) {
    if (number != 0) {
        put_varint(writer, number);
        put_tag(writer, field, VARINT);
    }
}

/* As the wire has them; the compiler makes one store of it on a machine that has the same order. */
static inline void put_fixed64(struct writer *writer, unsigned field, uint64_t number) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    writer->at -= sizeof bytes;
    memcpy(writer->at, bytes, sizeof bytes);
    put_tag(writer, field, FIXED64);
}

static inline void put_fixed32(struct writer *writer, unsigned field, uint32_t number) {
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    writer->at -= sizeof bytes;
    memcpy(writer->at, bytes, sizeof bytes);
    put_tag(writer, field, FIXED32);
}

static inline void put_bytes(struct writer *writer, unsigned field, struct dk_bytes bytes) {
    writer->at -= bytes.size;
    if (bytes.size > 0) {
        memcpy(writer->at, bytes.data, bytes.size);
    }
    put_varint(writer, bytes.size);
    put_tag(writer, field, BYTES);
}

/* Ids have their size where the compiler sees it: two stores, and no call. */
static inline void put_trace_id(
    struct writer *writer, unsigned field, const unsigned char id[DK__TRACE_ID_BYTES]) {
    writer->at -= DK__TRACE_ID_BYTES;
    memcpy(writer->at, id, DK__TRACE_ID_BYTES);
    *--writer->at = DK__TRACE_ID_BYTES;
    put_tag(writer, field, BYTES);
}

static inline void put_span_id(
    struct writer *writer, unsigned field, const unsigned char id[DK__SPAN_ID_BYTES]) {
    writer->at -= DK__SPAN_ID_BYTES;
    memcpy(writer->at, id, DK__SPAN_ID_BYTES);
    *--writer->at = DK__SPAN_ID_BYTES;
    put_tag(writer, field, BYTES);
}

/* What was written since `end`, as one field. */
static inline void put_message(struct writer *writer, unsigned field, const char *end) {
    put_varint(writer, (uint64_t)(end - writer->at));
    put_tag(writer, field, BYTES);
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

static void put_text_attribute(
    struct writer *writer, unsigned field, struct dk_bytes key, struct dk_bytes text) {
    const char *end = writer->at;
    if (!has_room(writer, key.size + text.size)) {
        return;
    }
    put_bytes(writer, VALUE_TEXT, text);
    put_message(writer, KEY_VALUE_VALUE, end);
    put_bytes(writer, KEY_VALUE_KEY, key);
    put_message(writer, field, end);
}

static void put_number_attribute(
    struct writer *writer, unsigned field, struct dk_bytes key, int64_t number) {
    const char *end = writer->at;
    if (!has_room(writer, key.size)) {
        return;
    }
    put_varint(writer, (uint64_t)number); /* also 0: an empty value would be none */
    put_tag(writer, VALUE_NUMBER, VARINT);
    put_message(writer, KEY_VALUE_VALUE, end);
    put_bytes(writer, KEY_VALUE_KEY, key);
    put_message(writer, field, end);
}

static void put_event(
    struct writer *writer, const struct dk__span_entry *entry, struct dk_bytes text) {
    static const struct dk_bytes message_key = DK_BYTES("message");
    const struct dk_bytes name = dk_bytes_of(entry->key);
    const char *end = writer->at;
    if (text.size > 0) {
        put_text_attribute(writer, EVENT_ATTRIBUTES, message_key, text);
    }
    if (!has_room(writer, name.size + sizeof(uint64_t))) {
        return;
    }
    put_bytes(writer, EVENT_NAME, name);
    put_fixed64(writer, EVENT_TIME, (uint64_t)entry->number);
    put_message(writer, SPAN_EVENTS, end);
}

static void put_status(struct writer *writer, struct dk_bytes words) {
    const char *end = writer->at;
    if (!has_room(writer, words.size)) {
        return;
    }
    put_number(writer, STATUS_CODE, STATUS_CODE_ERROR);
    put_bytes(writer, STATUS_MESSAGE, words);
    put_message(writer, SPAN_STATUS, end);
}

/* Its size is always the same. That the context is of this process is known, as its flags say. */
static void put_link(struct writer *writer, const struct dk__trace_context *context) {
    const char *end = writer->at;
    if (!has_room(writer, sizeof *context)) {
        return;
    }
    put_fixed32(writer, LINK_FLAGS, context->flags | (unsigned)FLAG_HAS_IS_REMOTE);
    put_span_id(writer, LINK_SPAN_ID, context->span_id);
    put_trace_id(writer, LINK_TRACE_ID, context->trace_id);
    put_message(writer, SPAN_LINKS, end);
}

static void put_linked(struct writer *writer, struct dk_bytes linked) {
    struct dk__trace_context context;
    if (linked.size == sizeof context) {
        memcpy(&context, linked.data, sizeof context);
        put_link(writer, &context);
    }
}

static void put_entries(struct writer *writer, const struct dk__span_record *record) {
    struct dk_bytes name = {NULL, 0}, words = {"", 0};
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
            put_text_attribute(writer, SPAN_ATTRIBUTES, dk_bytes_of(entry->key), text);
            break;
        case DK__SPAN_NUMBER:
            put_number_attribute(writer, SPAN_ATTRIBUTES, dk_bytes_of(entry->key), entry->number);
            break;
        case DK__SPAN_EVENT:
            put_event(writer, entry, text);
            break;
        case DK__SPAN_LINK:
            put_linked(writer, text);
            break;
        }
    }
    if (record->has_failed) {
        put_status(writer, words);
    }
    if (name.data != NULL && has_room(writer, name.size)) {
        put_bytes(writer, SPAN_NAME, name);
    }
}

static bool has_parent(const struct dk__span_record *record) {
    static const unsigned char none[DK__SPAN_ID_BYTES];
    return memcmp(record->parent_id, none, sizeof none) != 0;
}

static void put_ids(struct writer *writer, const struct dk__span_record *record) {
    if (!has_room(writer, DK__TRACE_ID_BYTES + 2 * DK__SPAN_ID_BYTES)) {
        return;
    }
    if (has_parent(record)) {
        put_span_id(writer, SPAN_PARENT_ID, record->parent_id);
    }
    put_span_id(writer, SPAN_ID, record->self.span_id);
    put_trace_id(writer, SPAN_TRACE_ID, record->self.trace_id);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written, by what is called */
static char *span_write(const struct dk__span_record *record, char *floor, char *at) {
    struct writer writer = {.floor = floor, .at = at};
    const bool is_remote =
        has_parent(record) && (record->kind == DK_SPAN_SERVER || record->kind == DK_SPAN_CONSUMER);
    if (!has_room(&writer, sizeof(uint32_t) + 2 * sizeof(uint64_t) + record->form.size)) {
        return NULL;
    }
    put_fixed32(
        &writer,
        SPAN_FLAGS,
        record->self.flags | (unsigned)FLAG_HAS_IS_REMOTE |
            (is_remote ? (unsigned)FLAG_IS_REMOTE : 0U));
    put_number(&writer, SPAN_EVENTS_DROPPED, record->events_dropped);
    put_number(&writer, SPAN_ATTRIBUTES_DROPPED, record->attributes_dropped);
    put_fixed64(&writer, SPAN_END, record->end_ns);
    put_fixed64(&writer, SPAN_START, record->start_ns);
    put_number(&writer, SPAN_KIND, record->kind);
    writer.at -= record->form.size;
    if (record->form.size > 0) {
        memcpy(writer.at, record->form.data, record->form.size);
    }
    if (record->link.is_set) {
        put_link(&writer, &record->link);
    }
    if (record->has_backend_us) {
        put_number_attribute(&writer, SPAN_ATTRIBUTES, backend_time, record->backend_us);
    }
    if (record->body_used > 0 || record->has_failed) {
        put_entries(&writer, record);
    }
    put_ids(&writer, record);
    if (has_room(&writer, 0)) {
        put_message(&writer, SCOPE_SPANS_SPANS, at);
    }
    return writer.is_full ? NULL : writer.at;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): as above */
static char *form_write(const struct dk__span_record *record, char *floor, char *at) {
    struct writer writer = {.floor = floor, .at = at};
    put_entries(&writer, record);
    return writer.is_full ? NULL : writer.at;
}

const struct dk__span_format dk__otlp_format = {.write = span_write, .write_form = form_write};

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

struct dk_bytes dk__otlp_request(
    struct dk__span_chunk *chunk, const struct dk__otlp_resource *resource) {
    struct writer writer = {
        .floor = chunk->floor - dk__otlp_resource_bytes(resource), .at = chunk->at};
    const char *end = chunk->at;
    put_bytes(&writer, SCOPE_VERSION, dk_bytes_of(resource->scope_version));
    put_bytes(&writer, SCOPE_NAME, scope_name);
    put_message(&writer, SCOPE_SPANS_SCOPE, end);
    put_message(&writer, RESOURCE_SPANS_SCOPE_SPANS, chunk->end);
    end = writer.at;
    for (size_t i = resource->attributes.count; i > 0; i--) {
        const struct dk_pair *pair = &resource->attributes.items[i - 1];
        put_text_attribute(&writer, RESOURCE_ATTRIBUTES, pair->key, pair->value);
    }
    put_message(&writer, RESOURCE_SPANS_RESOURCE, end);
    put_message(&writer, REQUEST_RESOURCE_SPANS, chunk->end);
    return (struct dk_bytes){.data = writer.at, .size = (size_t)(chunk->end - writer.at)};
}
