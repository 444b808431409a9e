/*
 * The engine behind the tables: nanopb reads tags and varints, the rows say where they land.
 * Payloads are not copied: a buffer stream's state is the address of its next byte.
 */
#include "wire/nanopb/fields.h"

#include "core/utf8.h"

#include <pb_decode.h>
#include <string.h>

struct decode {
    struct dk__arena *arena;
    struct dk_fault *fault;
};

static const char nothing[1] = "";

static enum dk_error malformed(const struct decode *decode, const struct dk__shape *shape) {
    return dk_fault_set(
        decode->fault, DK_INVALID, "%s: the bytes are cut off or malformed", shape->name);
}

/* The bytes of a length-delimited field, which the stream then stands behind. */
static bool read_view(pb_istream_t *stream, struct dk_bytes *ret) {
    uint32_t size = 0;
    if (!pb_decode_varint32(stream, &size) || size > stream->bytes_left) {
        return false;
    }
    const char *data = size == 0 ? nothing : stream->state;
    if (!pb_read(stream, NULL, size)) {
        return false;
    }
    *ret = (struct dk_bytes){.data = data, .size = size};
    return true;
}

/* A field nobody knows, groups included, whose end carries the number of their begin. */
static bool skip(pb_istream_t *stream, pb_wire_type_t type, uint32_t number) {
    uint32_t open[DK__GROUP_DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        if (type == 3) { /* a group begins */
            if (depth == DK__GROUP_DEPTH_MAX) {
                return false;
            }
            open[depth++] = number;
        } else if (type == 4) { /* a group ends */
            if (depth == 0 || open[--depth] != number) {
                return false;
            }
        } else if (!pb_skip_field(stream, type)) {
            return false;
        }
        if (depth == 0) {
            return true;
        }
        bool is_end = false;
        if (!pb_decode_tag(stream, &type, &number, &is_end)) {
            return false;
        }
    }
}

static enum dk_error read_text(
    const struct decode *decode,
    const struct dk__shape *shape,
    const char *field,
    pb_istream_t *stream,
    struct dk_bytes *ret) {
    struct dk_bytes view;
    if (!read_view(stream, &view)) {
        return malformed(decode, shape);
    }
    if (!dk__utf8_is_valid(view)) {
        return dk_fault_set(decode->fault, DK_INVALID, "%s: is not UTF-8", field);
    }
    *ret = view;
    return DK_OK;
}

/* Both halves of a map entry; either may be missing, which means empty. */
static enum dk_error read_entry(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes entry,
    bool has_text_value,
    struct dk_pair *ret) {
    pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)entry.data, entry.size);
    *ret = (struct dk_pair){{nothing, 0}, {nothing, 0}};
    while (stream.bytes_left > 0) {
        pb_wire_type_t type = PB_WT_VARINT;
        uint32_t number = 0;
        bool is_end = false;
        if (!pb_decode_tag(&stream, &type, &number, &is_end)) {
            return malformed(decode, shape);
        }
        const bool is_key = number == 1, is_value = number == 2;
        if ((!is_key && !is_value) || type != PB_WT_STRING) {
            if (is_key || is_value || !skip(&stream, type, number)) {
                return malformed(decode, shape);
            }
            continue;
        }
        struct dk_bytes *target = is_key ? &ret->key : &ret->value;
        if (is_key || has_text_value) {
            if (read_text(decode, shape, row->name, &stream, target) != DK_OK) {
                return decode->fault->error;
            }
        } else if (!read_view(&stream, target)) {
            return malformed(decode, shape);
        }
    }
    return DK_OK;
}

/* Room for one more in a list that grows at 0, 4, 8, 16, …: its capacity follows from its count. */
static void *grow(struct dk__arena *arena, const void *items, size_t count, size_t size) {
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0)) {
        return (void *)(uintptr_t)items; /* ours, handed out as const */
    }
    const size_t capacity = count == 0 ? 4 : count * 2;
    if (capacity > SIZE_MAX / size) {
        return NULL;
    }
    char *larger = dk__arena_take(arena, capacity * size);
    if (larger != NULL && count > 0) {
        memcpy(larger, items, count * size);
    }
    return larger;
}

static enum dk_error no_memory(const struct decode *decode, const struct dk__row *row) {
    return dk_fault_set(
        decode->fault, DK_EXHAUSTED, "%s: more than one call's arena holds", row->name);
}

static enum dk_error read_map(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes entry,
    struct dk_pairs *pairs) {
    struct dk_pair pair;
    if (read_entry(decode, shape, row, entry, true, &pair) != DK_OK) {
        return decode->fault->error;
    }
    struct dk_pair *items = (struct dk_pair *)(uintptr_t)pairs->items;
    for (size_t i = 0; i < pairs->count; i++) {
        if (dk_bytes_equal(items[i].key, pair.key)) {
            items[i].value = pair.value;
            return DK_OK;
        }
    }
    if (pairs->count == DK__PAIRS_MAX) {
        return dk_fault_set(
            decode->fault, DK_INVALID, "%s: has more than %d entries", row->name, DK__PAIRS_MAX);
    }
    items = grow(decode->arena, pairs->items, pairs->count, sizeof *items);
    if (items == NULL) {
        return no_memory(decode, row);
    }
    items[pairs->count] = pair;
    pairs->items = items;
    pairs->count++;
    return DK_OK;
}

/* The operator of a query and its JSON. Source: dapr-protocol, "Query": one entry, whose Any has no
 * type and the operand's text as its value. */
static enum dk_error read_any_map(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes entry,
    struct dk_bytes *target) {
    struct dk_pair pair, any;
    if (target[0].data != NULL) {
        return dk_fault_set(decode->fault, DK_INVALID, "%s: has more than one operator", row->name);
    }
    if (read_entry(decode, shape, row, entry, false, &pair) != DK_OK ||
        /* An Any has the same wire shape: 1 is its type's text, 2 its value's bytes. */
        read_entry(decode, shape, row, pair.value, false, &any) != DK_OK) {
        return decode->fault->error;
    }
    target[0] = pair.key;
    target[1] = any.value;
    return DK_OK;
}

static enum dk_error decode_shape(
    const struct decode *decode,
    const struct dk__shape *shape,
    struct dk_bytes message,
    char *base,
    int depth);

/* Texts and bytes without presence are present and empty until they come. An etag is not: absent
 * and empty mean the same. */
static void set_defaults(const struct dk__shape *shape, char *base) {
    for (const struct dk__row *row = shape->rows; row->number != 0; row++) {
        if (row->kind == DK__STRING || row->kind == DK__BYTES) {
            struct dk_bytes *target = (struct dk_bytes *)(void *)(base + row->offset);
            if (target->data == NULL) {
                target->data = nothing;
            }
        }
    }
}

/* An item's own fault says which item: "items[3].key: is empty". */
static enum dk_error at_index(
    const struct decode *decode, const struct dk__row *row, size_t index, struct dk_fault *inner) {
    return dk_fault_set(decode->fault, inner->error, "%s[%zu].%s", row->name, index, inner->text);
}

struct list {
    const void *items;
    size_t count;
};

/* NOLINTNEXTLINE(misc-no-recursion): messages nest, at most DK__MESSAGE_DEPTH_MAX deep */
static enum dk_error read_item(
    const struct decode *decode,
    const struct dk__row *row,
    struct dk_bytes message,
    struct list *list,
    int depth) {
    const struct dk__shape *shape = row->shape;
    struct dk_fault inner_fault = {.error = DK_OK};
    const struct decode inner = {decode->arena, &inner_fault};
    char *items = grow(decode->arena, list->items, list->count, shape->size);
    if (items == NULL) {
        return no_memory(decode, row);
    }
    list->items = items;
    if (decode_shape(&inner, shape, message, items + list->count * shape->size, depth + 1) !=
        DK_OK) {
        return at_index(decode, row, list->count, &inner_fault);
    }
    list->count++;
    return DK_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_oneof(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes message,
    char *base,
    int depth) {
    bool *const flag = (bool *)(void *)base;
    const bool is_flagged = row->limit == 1;
    if (*flag != is_flagged) {
        memset(base + shape->oneof_at, 0, shape->oneof_size);
        *flag = is_flagged;
    }
    return decode_shape(decode, row->shape, message, base + row->offset, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_delimited(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    pb_istream_t *stream,
    char *base,
    int depth) {
    char *const target = base + row->offset;
    struct dk_bytes view;
    if (row->kind == DK__STRING || row->kind == DK__ETAG) {
        struct dk_bytes *text = (struct dk_bytes *)(void *)target;
        const enum dk_error error = read_text(decode, shape, row->name, stream, text);
        if (row->kind == DK__ETAG && text->size == 0) {
            *text = (struct dk_bytes){0};
        }
        return error;
    }
    if (!read_view(stream, &view)) {
        return malformed(decode, shape);
    }
    switch (row->kind) {
    case DK__BYTES:
        *(struct dk_bytes *)(void *)target = view;
        return DK_OK;
    case DK__MAP:
        return read_map(decode, shape, row, view, (struct dk_pairs *)(void *)target);
    case DK__ANY_MAP:
        return read_any_map(decode, shape, row, view, (struct dk_bytes *)(void *)target);
    case DK__MESSAGE:
        return decode_shape(decode, row->shape, view, target, depth + 1);
    case DK__ONEOF:
        return read_oneof(decode, shape, row, view, base, depth);
    case DK__REPEATED:
        return read_item(decode, row, view, (struct list *)(void *)target, depth);
    case DK__STRING:
    case DK__ETAG:
    case DK__ENUM:
    case DK__INT64:
    case DK__FLAG:
        break;
    }
    return malformed(decode, shape);
}

static enum dk_error read_number(
    const struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    pb_istream_t *stream,
    char *base) {
    uint64_t value = 0;
    if (!pb_decode_varint(stream, &value)) {
        return malformed(decode, shape);
    }
    if (row->kind == DK__INT64) {
        memcpy(base + row->offset, &value, sizeof value);
    } else if (row->kind == DK__ENUM) {
        const int number = value <= (uint64_t)row->limit ? (int)value : 0;
        memcpy(base + row->offset, &number, sizeof number);
    } else {
        const bool flag = value == 1;
        memcpy(base + row->offset, &flag, sizeof flag);
    }
    return DK_OK;
}

static pb_wire_type_t wire_type_of(enum dk__kind kind) {
    return kind == DK__ENUM || kind == DK__INT64 || kind == DK__FLAG ? PB_WT_VARINT : PB_WT_STRING;
}

/* Fields mostly come in order of their numbers, so the search goes on where it was. */
static const struct dk__row *row_find(
    const struct dk__shape *shape, const struct dk__row *hint, uint32_t number) {
    if (hint->number == number) {
        return hint;
    }
    for (const struct dk__row *row = shape->rows; row->number != 0; row++) {
        if (row->number == number) {
            return row;
        }
    }
    return NULL;
}

static enum dk_error check_whole(
    const struct decode *decode, const struct dk__shape *shape, const char *base) {
    if (shape->oneof_size != 0) {
        const struct dk_bytes *first =
            (const struct dk_bytes *)(const void *)(base + shape->oneof_at);
        if (first->data == NULL) { /* every member begins with a text that is set by its coming */
            return dk_fault_set(decode->fault, DK_INVALID, "request: is neither set nor delete");
        }
    }
    if (shape->required_at != 0) {
        const struct dk_bytes *text =
            (const struct dk_bytes *)(const void *)(base + shape->required_at - 1);
        if (text->size == 0) {
            return dk_fault_set(decode->fault, DK_INVALID, "key: is empty");
        }
    }
    return DK_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error decode_shape(
    const struct decode *decode,
    const struct dk__shape *shape,
    struct dk_bytes message,
    char *base,
    int depth) {
    pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)message.data, message.size);
    const struct dk__row *hint = shape->rows;
    if (depth > DK__MESSAGE_DEPTH_MAX) {
        return malformed(decode, shape);
    }
    set_defaults(shape, base);
    while (stream.bytes_left > 0) {
        pb_wire_type_t type = PB_WT_VARINT;
        uint32_t number = 0;
        bool is_end = false;
        if (!pb_decode_tag(&stream, &type, &number, &is_end) || number == 0) {
            return malformed(decode, shape);
        }
        const struct dk__row *row = row_find(shape, hint, number);
        if (row == NULL) {
            if (!skip(&stream, type, number)) {
                return malformed(decode, shape);
            }
            continue;
        }
        if (type != wire_type_of(row->kind)) {
            return malformed(decode, shape);
        }
        const enum dk_error error = type == PB_WT_VARINT
                                        ? read_number(decode, shape, row, &stream, base)
                                        : read_delimited(decode, shape, row, &stream, base, depth);
        if (error != DK_OK) {
            return error;
        }
        hint = row[1].number != 0 && row->kind != DK__REPEATED ? row + 1 : row;
    }
    return check_whole(decode, shape, base);
}

enum dk_error dk__shape_decode(
    const struct dk__shape *shape,
    struct dk_bytes message,
    struct dk__arena *arena,
    void *ret,
    struct dk_fault *fault) {
    const struct decode decode = {arena, fault};
    return decode_shape(&decode, shape, message, ret, 0);
}
