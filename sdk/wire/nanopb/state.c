/*
 * The state messages: requests through the tables, answers straight into the chain. An answer's
 * size is known before its first byte, so each goes into one contiguous place.
 */
#include "wire/nanopb/state.h"

#include "wire/nanopb/state_shapes.h"

#include <pb_encode.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

#define DECODE(function, shape, type)                                \
    enum dk_error function(                                          \
        struct dk_bytes message,                                     \
        struct dk__arena *arena,                                     \
        struct type *ret,                                            \
        struct dk_fault *fault) {                                    \
        *ret = (struct type){0};                                     \
        return dk__shape_decode(&shape, message, arena, ret, fault); \
    }

DECODE(dk__decode_init, dk__shape_init, dk_pairs)
DECODE(dk__decode_get, dk__shape_get, dk_get)
DECODE(dk__decode_set, dk__shape_set, dk_set)
DECODE(dk__decode_delete, dk__shape_delete, dk_delete)
DECODE(dk__decode_bulk_get, dk__shape_bulk_get, dk_bulk_get)
DECODE(dk__decode_bulk_set, dk__shape_bulk_set, dk_bulk_set)
DECODE(dk__decode_bulk_delete, dk__shape_bulk_delete, dk_bulk_delete)
DECODE(dk__decode_transact, dk__shape_transact, dk_transact)

enum dk_error dk__decode_query(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_query *ret,
    struct dk_fault *fault) {
    struct dk__query_parts parts = {.query = {.limit = 0}};
    const enum dk_error error = dk__shape_decode(&dk__shape_query, message, arena, &parts, fault);
    if (error == DK_OK) {
        *ret = parts.query;
        ret->sorts = parts.sorts.items;
        ret->sort_count = parts.sorts.count;
    }
    return error;
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

enum { DELIMITED_MAX = 10, TIME_BYTES = 40 };

#define TIME_MS_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static const struct dk_bytes expire_key = DK_BYTES("ttlExpireTime");

/* The numbers of an item's fields in the message that carries it; 0: it has no such field. */
struct item_numbers {
    uint32_t key, data, etag, error, metadata, content_type;
};

static size_t varint_size(size_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* Tag, length and bytes; all our numbers are below 16, so a tag is one byte. */
static size_t delimited_size(size_t size) {
    return 1 + varint_size(size) + size;
}

/* A field that is left out when it is empty, as proto3 does. */
static size_t field_size(uint32_t number, struct dk_bytes bytes) {
    return number == 0 || bytes.size == 0 ? 0 : delimited_size(bytes.size);
}

static void put_field(pb_ostream_t *stream, uint32_t number, struct dk_bytes bytes) {
    if (number != 0 && bytes.size > 0) {
        (void)pb_encode_tag(stream, PB_WT_STRING, number);
        (void)pb_encode_string(stream, (const pb_byte_t *)bytes.data, bytes.size);
    }
}

static void put_begin(pb_ostream_t *stream, uint32_t number, size_t size) {
    (void)pb_encode_tag(stream, PB_WT_STRING, number);
    (void)pb_encode_varint(stream, size);
}

/* RFC 3339 in UTC; milliseconds only where there are some. It has four digits for the year: a
 * moment beyond is its last one, a moment before 1970 has passed as surely as 1970 itself. */
static size_t time_text(int64_t ms, char *text) {
    const int64_t moment = ms < 0 ? 0 : ms > TIME_MS_MAX ? TIME_MS_MAX : ms;
    const time_t seconds = (time_t)(moment / 1000);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    size_t size = strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    if (moment % 1000 != 0) {
        size += (size_t)snprintf(text + size, TIME_BYTES - size, ".%03d", (int)(moment % 1000));
    }
    text[size++] = 'Z';
    return size;
}

/* What an item measures, and the pieces that have to be made for it. */
struct item_parts {
    size_t size, etag_size, entry_size;
    struct dk_bytes expires;
    char expires_text[TIME_BYTES];
};

static void measure(
    const struct dk_item *item, const struct item_numbers *numbers, struct item_parts *parts) {
    parts->etag_size = item->etag.data == NULL ? 0 : field_size(1, item->etag);
    parts->entry_size = 0;
    if (item->expires_ms != 0 && numbers->metadata != 0) {
        parts->expires = (struct dk_bytes){
            parts->expires_text, time_text(item->expires_ms, parts->expires_text)};
        parts->entry_size = delimited_size(expire_key.size) + delimited_size(parts->expires.size);
    }
    parts->size = field_size(numbers->key, item->key) + field_size(numbers->data, item->data) +
                  field_size(numbers->error, item->error) +
                  field_size(numbers->content_type, item->content_type) +
                  (item->etag.data == NULL ? 0 : delimited_size(parts->etag_size)) +
                  (parts->entry_size == 0 ? 0 : delimited_size(parts->entry_size));
}

static void put_item(
    pb_ostream_t *stream,
    const struct dk_item *item,
    const struct item_numbers *numbers,
    const struct item_parts *parts) {
    put_field(stream, numbers->key, item->key);
    put_field(stream, numbers->data, item->data);
    if (item->etag.data != NULL) {
        put_begin(stream, numbers->etag, parts->etag_size);
        put_field(stream, 1, item->etag);
    }
    put_field(stream, numbers->error, item->error);
    if (parts->entry_size != 0) {
        put_begin(stream, numbers->metadata, parts->entry_size);
        put_field(stream, 1, expire_key);
        put_field(stream, 2, parts->expires);
    }
    put_field(stream, numbers->content_type, item->content_type);
}

bool dk__encode_get(struct dk__chain *out, const struct dk_item *item) {
    static const struct item_numbers numbers = {
        .data = 1, .etag = 2, .metadata = 3, .content_type = 4};
    struct item_parts parts;
    measure(item, &numbers, &parts);
    char *place = dk__chain_append(out, parts.size);
    if (place == NULL) {
        return false;
    }
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)place, parts.size);
    put_item(&stream, item, &numbers, &parts);
    return true;
}

/* An item as an entry of `items`, field 1 of its answer. */
static bool encode_entry(
    struct dk__chain *out, const struct dk_item *item, const struct item_numbers *numbers) {
    struct item_parts parts;
    measure(item, numbers, &parts);
    const size_t size = delimited_size(parts.size);
    char *place = dk__chain_append(out, size);
    if (place == NULL) {
        return false;
    }
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)place, size);
    put_begin(&stream, 1, parts.size);
    put_item(&stream, item, numbers, &parts);
    return true;
}

bool dk__encode_bulk_item(struct dk__chain *out, const struct dk_item *item) {
    static const struct item_numbers numbers = {
        .key = 1, .data = 2, .etag = 3, .error = 4, .metadata = 5, .content_type = 6};
    return encode_entry(out, item, &numbers);
}

bool dk__encode_query_item(struct dk__chain *out, const struct dk_item *item) {
    static const struct item_numbers numbers = {
        .key = 1, .data = 2, .etag = 3, .error = 4, .content_type = 5};
    return encode_entry(out, item, &numbers);
}

static bool encode_text(struct dk__chain *out, uint32_t number, struct dk_bytes text) {
    const size_t size = field_size(number, text);
    char *place = dk__chain_append(out, size);
    if (place == NULL) {
        return false;
    }
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)place, size);
    put_field(&stream, number, text);
    return true;
}

bool dk__encode_query_token(struct dk__chain *out, struct dk_bytes token) {
    return encode_text(out, 2, token);
}

bool dk__encode_features(struct dk__chain *out, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!encode_text(out, 1, dk_bytes_of(words[i]))) {
            return false;
        }
    }
    return true;
}

bool dk__encode_max_size(struct dk__chain *out, int64_t max_size) {
    if (max_size == 0) {
        return true;
    }
    pb_byte_t bytes[1 + DELIMITED_MAX];
    pb_ostream_t stream = pb_ostream_from_buffer(bytes, sizeof bytes);
    (void)pb_encode_tag(&stream, PB_WT_VARINT, 1);
    (void)pb_encode_varint(&stream, (uint64_t)max_size);
    return dk__chain_append_bytes(
        out, (struct dk_bytes){(const char *)bytes, stream.bytes_written});
}
