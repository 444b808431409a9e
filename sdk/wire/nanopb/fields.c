/*
 * The engine behind the tables: it reads tags and values in place, the rows say where they land.
 * Payloads are not copied.
 *
 *     bytes ─▶ decode_fields ─┬─▶ read_number
 *                             └─▶ read_delimited ─▶ text, view, map, item of a list, or
 *                                                   decode_fields of the message within
 *
 * A known number with another wire type than its row's is a field that nobody knows: so the
 * protobuf libraries have it, Go's among them, and daprd is written in Go.
 *
 * Whether a message is whole (a key, one member of a oneof) is asked when all of it was read:
 * proto3 lets a message come in parts that merge.
 */
#include "wire/nanopb/fields.h"

#include "core/utf8.h"
#include "wire/nanopb/reader.h"

#include <string.h>

/* One decode. `list` and `index` name the item that is being read, for the words of a fault. */
struct decode {
    struct dk__arena *arena;
    struct dk_fault *fault;
    const char *list; /* NULL outside of lists */
    size_t index;
    size_t work; /* spent on looking for repeated names; at most DK__PAIRS_WORK_MAX */
};

/* What a list looks like in every struct of the contract. */
struct list {
    const void *items;
    size_t count;
};

static const char nothing[1] = "";

/* ── faults ─────────────────────────────────────────────────────────────────────────────────── */

/* "items[3].key: is empty", or without the list where there is none. */
static enum dk_error say(
    const struct decode *decode, enum dk_error error, const char *subject, const char *words) {
    if (decode->list == NULL) {
        return dk_fault_set(decode->fault, error, "%s: %s", subject, words);
    }
    return dk_fault_set(
        decode->fault, error, "%s[%zu].%s: %s", decode->list, decode->index, subject, words);
}

static enum dk_error malformed(const struct decode *decode, const struct dk__shape *shape) {
    return say(decode, DK_INVALID, shape->name, "the bytes are cut off or malformed");
}

static enum dk_error no_memory(const struct decode *decode, const struct dk__row *row) {
    return say(decode, DK_EXHAUSTED, row->name, "takes more memory than one call may have");
}

/* ── texts and maps ─────────────────────────────────────────────────────────────────────────── */

static enum dk_error check_text(
    const struct decode *decode, const struct dk__row *row, struct dk_bytes text) {
    return dk__utf8_is_valid(text) ? DK_OK : say(decode, DK_INVALID, row->name, "is not UTF-8");
}

/* Fields 1 and 2 of a message that has two length-delimited ones: a map's entry, an Any. What does
 * not come stays as it is. False: malformed. */
static bool read_two(struct dk_bytes message, struct dk_pair *ret) {
    struct dk__reader reader = dk__reader_of(message);
    while (reader.at < reader.end) {
        uint32_t number = 0;
        enum dk__wire wire = DK__WIRE_VARINT;
        if (!dk__read_tag(&reader, &number, &wire)) {
            return false;
        }
        const bool is_past = number > 2 || wire != DK__WIRE_DELIMITED
                                 ? dk__read_past(&reader, number, wire)
                                 : dk__read_view(&reader, number == 1 ? &ret->key : &ret->value);
        if (!is_past) {
            return false;
        }
    }
    return true;
}

/* An entry whose value is an Any; parts of it merge. Into the operator's name, and the Any's type
 * and value. False: malformed. */
static bool read_any_entry(struct dk_bytes entry, struct dk_bytes *ret_name, struct dk_pair *ret) {
    struct dk__reader reader = dk__reader_of(entry);
    while (reader.at < reader.end) {
        uint32_t number = 0;
        enum dk__wire wire = DK__WIRE_VARINT;
        struct dk_bytes view;
        if (!dk__read_tag(&reader, &number, &wire)) {
            return false;
        }
        if (number > 2 || wire != DK__WIRE_DELIMITED) {
            if (!dk__read_past(&reader, number, wire)) {
                return false;
            }
            continue;
        }
        if (!dk__read_view(&reader, &view)) {
            return false;
        }
        if (number == 1) {
            *ret_name = view;
        } else if (!read_two(view, ret)) {
            return false;
        }
    }
    return true;
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

/* The pair that has this key already; NULL: none. Adds what the search took to the work. */
static struct dk_pair *pair_find(
    struct decode *decode, const struct dk_pairs *pairs, struct dk_bytes key) {
    struct dk_pair *items = (struct dk_pair *)(uintptr_t)pairs->items;
    for (size_t i = 0; i < pairs->count; i++) {
        decode->work++;
        if (items[i].key.size != key.size) {
            continue;
        }
        decode->work += key.size / DK__PAIRS_WORK_BYTES;
        if (dk_bytes_equal(items[i].key, key)) {
            return &items[i];
        }
    }
    return NULL;
}

static enum dk_error read_map(
    struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes entry,
    struct dk_pairs *pairs) {
    struct dk_pair pair = {{nothing, 0}, {nothing, 0}}; /* half an entry has an empty other half */
    if (!read_two(entry, &pair)) {
        return malformed(decode, shape);
    }
    if (check_text(decode, row, pair.key) != DK_OK ||
        check_text(decode, row, pair.value) != DK_OK) {
        return DK_INVALID;
    }
    struct dk_pair *same = pair_find(decode, pairs, pair.key);
    if (same == NULL && pairs->count == DK__PAIRS_MAX) {
        return say(decode, DK_INVALID, row->name, "has too many entries");
    }
    if (decode->work > DK__PAIRS_WORK_MAX) {
        return say(decode, DK_INVALID, row->name, "this message has too many entries in its maps");
    }
    if (same != NULL) {
        same->value = pair.value;
        return DK_OK;
    }
    struct dk_pair *items = grow(decode->arena, pairs->items, pairs->count, sizeof *items);
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
    struct dk_bytes name = {nothing, 0};
    struct dk_pair any = {{nothing, 0}, {nothing, 0}};
    if (!read_any_entry(entry, &name, &any)) {
        return malformed(decode, shape);
    }
    if (check_text(decode, row, name) != DK_OK || check_text(decode, row, any.key) != DK_OK) {
        return DK_INVALID;
    }
    if (target[0].data != NULL && !dk_bytes_equal(target[0], name)) {
        return say(decode, DK_INVALID, row->name, "has more than one operator");
    }
    target[0] = name;
    target[1] = any.value;
    return DK_OK;
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

static enum dk_error decode_fields(
    struct decode *decode,
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

/* A oneof's member that came last; NULL: none came. Every member begins with a text, which is
 * present from the member's coming. */
static const struct dk__row *member_of(const struct dk__shape *shape, const char *base) {
    const bool flag = *(const bool *)(const void *)base;
    const struct dk_bytes *text = (const struct dk_bytes *)(const void *)(base + shape->oneof_at);
    for (const struct dk__row *row = shape->rows; row->number != 0; row++) {
        if (row->kind == DK__ONEOF && (row->limit == 1) == flag) {
            return text->data == NULL ? NULL : row;
        }
    }
    return NULL;
}

static const char *required_name(const struct dk__shape *shape) {
    const struct dk__row *row = shape->rows;
    while (row->number != 0 && row->offset + 1 != shape->required_at) {
        row++;
    }
    return row->number == 0 ? shape->name : row->name;
}

static enum dk_error check_whole(
    const struct decode *decode, const struct dk__shape *shape, const char *base) {
    if (shape->oneof_size != 0) {
        const struct dk__row *member = member_of(shape, base);
        if (member == NULL) {
            return say(decode, DK_INVALID, "request", "is neither set nor delete");
        }
        shape = member->shape;
        base += member->offset;
    }
    if (shape->required_at != 0) {
        const struct dk_bytes *text =
            (const struct dk_bytes *)(const void *)(base + shape->required_at - 1);
        if (text->size == 0) {
            return say(decode, DK_INVALID, required_name(shape), "is empty");
        }
    }
    return DK_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): messages nest, at most DK__MESSAGE_DEPTH_MAX deep */
static enum dk_error read_item(
    struct decode *decode,
    const struct dk__row *row,
    struct dk_bytes message,
    struct list *list,
    int depth) {
    const struct dk__shape *shape = row->shape;
    char *items = grow(decode->arena, list->items, list->count, shape->size);
    if (items == NULL) {
        return no_memory(decode, row);
    }
    char *item = items + list->count * shape->size;
    list->items = items;
    decode->list = row->name;
    decode->index = list->count;
    enum dk_error error = decode_fields(decode, shape, message, item, depth + 1);
    if (error == DK_OK) {
        error = check_whole(decode, shape, item);
    }
    decode->list = NULL; /* no list of ours has a list within its items */
    list->count++;
    return error;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_oneof(
    struct decode *decode,
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
    return decode_fields(decode, row->shape, message, base + row->offset, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error read_delimited(
    struct decode *decode,
    const struct dk__shape *shape,
    const struct dk__row *row,
    struct dk_bytes view,
    char *base,
    int depth) {
    char *const target = base + row->offset;
    switch (row->kind) {
    case DK__STRING:
        *(struct dk_bytes *)(void *)target = view;
        return check_text(decode, row, view);
    case DK__ETAG:
        *(struct dk_bytes *)(void *)target = view.size == 0 ? (struct dk_bytes){0} : view;
        return check_text(decode, row, view);
    case DK__BYTES:
        *(struct dk_bytes *)(void *)target = view;
        return DK_OK;
    case DK__MAP:
        return read_map(decode, shape, row, view, (struct dk_pairs *)(void *)target);
    case DK__ANY_MAP:
        return read_any_map(decode, shape, row, view, (struct dk_bytes *)(void *)target);
    case DK__MESSAGE:
        return decode_fields(decode, row->shape, view, target, depth + 1);
    case DK__ONEOF:
        return read_oneof(decode, shape, row, view, base, depth);
    case DK__REPEATED:
        return read_item(decode, row, view, (struct list *)(void *)target, depth);
    case DK__ENUM:
    case DK__INT64:
    case DK__FLAG:
        break;
    }
    return malformed(decode, shape); /* a number is no delimited field: see wire_of */
}

static void put_number(const struct dk__row *row, uint64_t value, char *target) {
    if (row->kind == DK__INT64) {
        memcpy(target, &value, sizeof value);
    } else if (row->kind == DK__ENUM) {
        /* proto3: an enum is the varint's low 32 bits. */
        const uint32_t low = (uint32_t)value;
        const int number = low <= (uint32_t)row->limit ? (int)low : 0;
        memcpy(target, &number, sizeof number);
    } else {
        const bool flag = (uint32_t)value == 1;
        memcpy(target, &flag, sizeof flag);
    }
}

static enum dk__wire wire_of(enum dk__kind kind) {
    return kind == DK__ENUM || kind == DK__INT64 || kind == DK__FLAG ? DK__WIRE_VARINT
                                                                     : DK__WIRE_DELIMITED;
}

/* Fields mostly come in order of their numbers, so the search goes on where it was. */
static const struct dk__row *row_find(
    const struct dk__shape *shape, const struct dk__row *hint, uint32_t number) {
    for (const struct dk__row *row = hint; row->number != 0; row++) {
        if (row->number == number) {
            return row;
        }
    }
    for (const struct dk__row *row = shape->rows; row != hint; row++) {
        if (row->number == number) {
            return row;
        }
    }
    return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error decode_fields(
    struct decode *decode,
    const struct dk__shape *shape,
    struct dk_bytes message,
    char *base,
    int depth) {
    struct dk__reader reader = dk__reader_of(message);
    const struct dk__row *hint = shape->rows;
    if (depth > DK__MESSAGE_DEPTH_MAX) {
        return malformed(decode, shape);
    }
    set_defaults(shape, base);
    while (reader.at < reader.end) {
        uint32_t number = 0;
        enum dk__wire wire = DK__WIRE_VARINT;
        enum dk_error error = DK_OK;
        uint64_t value = 0;
        struct dk_bytes view;
        if (!dk__read_tag(&reader, &number, &wire)) {
            return malformed(decode, shape);
        }
        const struct dk__row *row = row_find(shape, hint, number);
        if (row == NULL || wire != wire_of(row->kind)) {
            if (!dk__read_past(&reader, number, wire)) {
                return malformed(decode, shape);
            }
            continue;
        }
        if (wire == DK__WIRE_VARINT) {
            if (!dk__read_varint(&reader, &value)) {
                return malformed(decode, shape);
            }
            put_number(row, value, base + row->offset);
        } else if (!dk__read_view(&reader, &view)) {
            return malformed(decode, shape);
        } else {
            error = read_delimited(decode, shape, row, view, base, depth);
        }
        if (error != DK_OK) {
            return error;
        }
        hint = row;
    }
    return DK_OK;
}

enum dk_error dk__shape_decode(
    const struct dk__shape *shape,
    struct dk_bytes message,
    struct dk__arena *arena,
    void *ret,
    struct dk_fault *fault) {
    struct decode decode = {.arena = arena, .fault = fault};
    const enum dk_error error = decode_fields(&decode, shape, message, ret, 0);
    return error != DK_OK ? error : check_whole(&decode, shape, ret);
}
