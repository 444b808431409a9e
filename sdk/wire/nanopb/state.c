/*
 * The state messages: requests through the tables, answers straight into the chain. An answer's
 * size is known before its first byte, so each goes into one contiguous place.
 */
#include "wire/nanopb/state.h"

#include "wire/nanopb/state_shapes.h"
#include "wire/nanopb/writer.h"

#include <pb_encode.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

DK__DECODE(dk__decode_get, dk__shape_get, dk_get)
DK__DECODE(dk__decode_set, dk__shape_set, dk_set)
DK__DECODE(dk__decode_delete, dk__shape_delete, dk_delete)
DK__DECODE(dk__decode_bulk_get, dk__shape_bulk_get, dk_bulk_get)
DK__DECODE(dk__decode_bulk_set, dk__shape_bulk_set, dk_bulk_set)
DK__DECODE(dk__decode_bulk_delete, dk__shape_bulk_delete, dk_bulk_delete)
DK__DECODE(dk__decode_transact, dk__shape_transact, dk_transact)

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
    parts->etag_size = item->etag.data == NULL ? 0 : dk__field_size(1, item->etag);
    parts->entry_size = 0;
    if (item->expires_ms != 0 && numbers->metadata != 0) {
        parts->expires = (struct dk_bytes){
            parts->expires_text, time_text(item->expires_ms, parts->expires_text)};
        parts->entry_size =
            dk__delimited_size(expire_key.size) + dk__delimited_size(parts->expires.size);
    }
    parts->size = dk__field_size(numbers->key, item->key) +
                  dk__field_size(numbers->data, item->data) +
                  dk__field_size(numbers->error, item->error) +
                  dk__field_size(numbers->content_type, item->content_type) +
                  (item->etag.data == NULL ? 0 : dk__delimited_size(parts->etag_size)) +
                  (parts->entry_size == 0 ? 0 : dk__delimited_size(parts->entry_size));
}

static void put_item(
    struct dk__place *place,
    const struct dk_item *item,
    const struct item_numbers *numbers,
    const struct item_parts *parts) {
    dk__put_field(place, numbers->key, item->key);
    dk__put_field(place, numbers->data, item->data);
    if (item->etag.data != NULL) {
        dk__put_begin(place, numbers->etag, parts->etag_size);
        dk__put_field(place, 1, item->etag);
    }
    dk__put_field(place, numbers->error, item->error);
    if (parts->entry_size != 0) {
        dk__put_begin(place, numbers->metadata, parts->entry_size);
        dk__put_field(place, 1, expire_key);
        dk__put_field(place, 2, parts->expires);
    }
    dk__put_field(place, numbers->content_type, item->content_type);
}

bool dk__encode_get(struct dk__chain *out, const struct dk_item *item) {
    static const struct item_numbers numbers = {
        .data = 1, .etag = 2, .metadata = 3, .content_type = 4};
    struct item_parts parts;
    measure(item, &numbers, &parts);
    struct dk__place place = {dk__chain_append(out, parts.size)};
    if (place.at == NULL) {
        return false;
    }
    put_item(&place, item, &numbers, &parts);
    return true;
}

/* An item as an entry of `items`, field 1 of its answer. */
static bool encode_entry(
    struct dk__chain *out, const struct dk_item *item, const struct item_numbers *numbers) {
    struct item_parts parts;
    measure(item, numbers, &parts);
    const size_t size = dk__delimited_size(parts.size);
    struct dk__place place = {dk__chain_append(out, size)};
    if (place.at == NULL) {
        return false;
    }
    dk__put_begin(&place, 1, parts.size);
    put_item(&place, item, numbers, &parts);
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

bool dk__encode_query_token(struct dk__chain *out, struct dk_bytes token) {
    return dk__write_text(out, 2, token);
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
