/*
 * The state services' messages, from the caller's side.
 */
#define _DEFAULT_SOURCE /* timegm */
#include "support/state_wire.h"

#include "wire/nanopb/reader.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

static void put_text(struct wire *wire, uint32_t field, struct dk_bytes text) {
    if (text.size > 0) {
        wire_bytes(wire, field, text);
    }
}

static void put_number(struct wire *wire, uint32_t field, int number) {
    if (number != 0) {
        wire_number(wire, field, (uint64_t)number);
    }
}

static void put_pair(struct wire *wire, uint32_t field, struct dk_pair pair) {
    static struct wire entry;
    wire_clear(&entry);
    put_text(&entry, 1, pair.key);
    put_text(&entry, 2, pair.value);
    wire_message(wire, field, &entry);
}

static void put_pairs(struct wire *wire, uint32_t field, struct dk_pairs pairs) {
    for (size_t i = 0; i < pairs.count; i++) {
        put_pair(wire, field, pairs.items[i]);
    }
}

static void put_etag(struct wire *wire, uint32_t field, struct dk_bytes value) {
    static struct wire etag;
    if (value.data != NULL) {
        wire_clear(&etag);
        put_text(&etag, 1, value);
        wire_message(wire, field, &etag);
    }
}

/* As daprd sends them: always there. */
static void put_options(struct wire *wire, uint32_t field, int concurrency, int consistency) {
    static struct wire options;
    wire_clear(&options);
    put_number(&options, 1, concurrency);
    put_number(&options, 2, consistency);
    wire_message(wire, field, &options);
}

void state_wire_init(struct wire *wire, const char *const *properties) {
    static struct wire metadata;
    wire_clear(&metadata);
    for (; properties[0] != NULL; properties += 2) {
        put_pair(
            &metadata, 1, (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])});
    }
    wire_message(wire, 1, &metadata);
}

void state_wire_get(struct wire *wire, const struct dk_get *get) {
    put_text(wire, 1, get->key);
    put_pairs(wire, 2, get->metadata);
    put_number(wire, 3, (int)get->consistency);
}

void state_wire_set(struct wire *wire, const struct dk_set *set) {
    put_text(wire, 1, set->key);
    put_text(wire, 2, set->value);
    put_etag(wire, 3, set->etag);
    put_pairs(wire, 4, set->metadata);
    put_options(wire, 5, (int)set->concurrency, (int)set->consistency);
    put_text(wire, 6, set->content_type);
}

void state_wire_delete(struct wire *wire, const struct dk_delete *delete) {
    put_text(wire, 1, delete->key);
    put_etag(wire, 2, delete->etag);
    put_pairs(wire, 3, delete->metadata);
    put_options(wire, 4, (int)delete->concurrency, (int)delete->consistency);
}

static struct wire item; /* one of many, on its way into its list */

void state_wire_bulk_get(struct wire *wire, const struct dk_bulk_get *bulk) {
    for (size_t i = 0; i < bulk->count; i++) {
        wire_clear(&item);
        state_wire_get(&item, &bulk->items[i]);
        wire_message(wire, 1, &item);
    }
}

void state_wire_bulk_set(struct wire *wire, const struct dk_bulk_set *bulk) {
    for (size_t i = 0; i < bulk->count; i++) {
        wire_clear(&item);
        state_wire_set(&item, &bulk->items[i]);
        wire_message(wire, 1, &item);
    }
}

void state_wire_bulk_delete(struct wire *wire, const struct dk_bulk_delete *bulk) {
    for (size_t i = 0; i < bulk->count; i++) {
        wire_clear(&item);
        state_wire_delete(&item, &bulk->items[i]);
        wire_message(wire, 1, &item);
    }
}

void state_wire_transact(struct wire *wire, const struct dk_transact *transact) {
    static struct wire operation;
    for (size_t i = 0; i < transact->count; i++) {
        const struct dk_operation *one = &transact->operations[i];
        wire_clear(&item);
        if (one->is_delete) {
            state_wire_delete(&item, &one->remove);
        } else {
            state_wire_set(&item, &one->set);
        }
        wire_clear(&operation);
        wire_message(&operation, one->is_delete ? 1 : 2, &item);
        wire_message(wire, 1, &operation);
    }
    put_pairs(wire, 2, transact->metadata);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

/* The next field's content; false at the end. Every field of an answer is length-delimited. */
static bool next_field(struct dk__reader *reader, uint32_t *ret_number, struct dk_bytes *ret) {
    enum dk__wire kind = DK__WIRE_VARINT;
    if (reader->at == reader->end) {
        return false;
    }
    cr_assert(dk__read_tag(reader, ret_number, &kind));
    cr_assert(eq(int, kind, DK__WIRE_DELIMITED));
    cr_assert(dk__read_view(reader, ret));
    return true;
}

/* A message's one field 1, "" when it is left out: an Etag. */
static struct dk_bytes read_etag(struct dk_bytes message) {
    struct dk__reader reader = dk__reader_of(message);
    struct dk_bytes content, value = dk_bytes_of("");
    for (uint32_t number = 0; next_field(&reader, &number, &content);) {
        cr_assert(eq(u32, number, 1));
        value = content;
    }
    return value;
}

/* "2026-11-25T10:16:34.123Z", in ms since 1970. */
static int64_t read_time(struct dk_bytes text) {
    char copy[40] = "", rest[8] = "";
    struct tm utc = {0};
    int ms = 0;
    cr_assert(lt(sz, text.size, sizeof copy));
    memcpy(copy, text.data, text.size);
    const int parts = sscanf(
        copy,
        "%d-%d-%dT%d:%d:%d%7s",
        &utc.tm_year,
        &utc.tm_mon,
        &utc.tm_mday,
        &utc.tm_hour,
        &utc.tm_min,
        &utc.tm_sec,
        rest);
    cr_assert(
        parts == 7 && (strcmp(rest, "Z") == 0 || sscanf(rest, ".%3dZ", &ms) == 1),
        "ttlExpireTime is '%s'",
        copy);
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return (int64_t)timegm(&utc) * 1000 + ms;
}

static void read_metadata(struct dk_bytes entry, struct rig_item *ret) {
    static const struct dk_bytes expire_key = DK_BYTES("ttlExpireTime");
    struct dk__reader reader = dk__reader_of(entry);
    struct dk_bytes parts[2] = {{0}}, content;
    for (uint32_t number = 0; next_field(&reader, &number, &content);) {
        cr_assert(number == 1 || number == 2);
        parts[number - 1] = content;
    }
    if (dk_bytes_equal(parts[0], expire_key)) {
        ret->expires_ms = read_time(parts[1]);
    }
}

/* The numbers of an item's fields, 0 for what it has not. */
struct numbers {
    uint32_t key, data, etag, error, metadata;
};

static void read_item(
    struct dk_bytes message, const struct numbers *numbers, struct rig_item *ret) {
    struct dk__reader reader = dk__reader_of(message);
    struct dk_bytes content;
    for (uint32_t number = 0; next_field(&reader, &number, &content);) {
        if (number == numbers->key) {
            ret->key = content;
        } else if (number == numbers->data) {
            ret->data = content;
        } else if (number == numbers->etag) {
            ret->etag = read_etag(content);
        } else if (number == numbers->error) {
            ret->error = content;
        } else if (number == numbers->metadata) {
            read_metadata(content, ret);
        }
    }
    if (ret->data.data == NULL && ret->etag.data != NULL) {
        ret->data = dk_bytes_of(""); /* an empty value: proto3 leaves it out */
    }
}

void state_wire_read_get(
    struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer) {
    static const struct numbers numbers = {.data = 1, .etag = 2, .metadata = 3};
    struct rig_item *one = dk__arena_take(arena, sizeof *one);
    cr_assert(ne(ptr, one, NULL));
    read_item(message, &numbers, one);
    answer->items = one;
    answer->count = one->data.data == NULL ? 0 : 1;
}

void state_wire_read_bulk_get(
    struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer) {
    static const struct numbers numbers = {
        .key = 1, .data = 2, .etag = 3, .error = 4, .metadata = 5};
    struct dk__reader reader = dk__reader_of(message);
    struct dk_bytes content;
    size_t count = 0;
    uint32_t number = 0;
    while (next_field(&reader, &number, &content)) {
        cr_assert(eq(u32, number, 1));
        count++;
    }
    struct rig_item *items = dk__arena_take(arena, count * sizeof *items);
    cr_assert(ne(ptr, items, NULL));
    reader = dk__reader_of(message);
    for (size_t i = 0; next_field(&reader, &number, &content); i++) {
        read_item(content, &numbers, &items[i]);
    }
    answer->items = items;
    answer->count = count;
}

/* ── failures ───────────────────────────────────────────────────────────────────────────────── */

/* The kit's errors by the reason that stands in their ErrorInfo. */
static enum dk_error error_of_reason(const char *reason) {
    static const struct {
        const char *reason;
        enum dk_error error;
    } rows[] = {
        {"DK_INVALID", DK_INVALID},
        {"DK_NOT_FOUND", DK_NOT_FOUND},
        {"DK_UNSUPPORTED", DK_UNSUPPORTED},
        {"DK_EXHAUSTED", DK_EXHAUSTED},
        {"DK_UNAVAILABLE", DK_UNAVAILABLE},
        {"DK_TIMEOUT", DK_TIMEOUT},
        {"DK_ROW_MISMATCH", DK_INTERNAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].reason, reason) == 0) {
            return rows[i].error;
        }
    }
    cr_fatal("ErrorInfo has the reason '%s'", reason);
    return DK_INTERNAL;
}

static enum dk_error error_of_code(int code) {
    switch (code) {
    case 0:
        return DK_OK;
    case 1:
        return DK_CANCELLED;
    case 7:
        return DK_DENIED;
    case 9:
        return DK_NOT_READY;
    case 13:
        return DK_INTERNAL;
    default:
        cr_fatal("gRPC's code %d has no details", code);
        return DK_INTERNAL;
    }
}

static void read_error_info(const ProtobufCBinaryData *value, struct rig_answer *answer) {
    Google__Rpc__ErrorInfo *info = google__rpc__error_info__unpack(NULL, value->len, value->data);
    cr_assert(ne(ptr, info, NULL));
    answer->error = error_of_reason(info->reason);
    answer->is_row_mismatch = strcmp(info->reason, "DK_ROW_MISMATCH") == 0;
    for (size_t i = 0; i < info->n_metadata; i++) {
        const int64_t number = strtoll(info->metadata[i]->value, NULL, 10);
        if (strcmp(info->metadata[i]->key, "expected") == 0) {
            answer->expected = number;
        } else if (strcmp(info->metadata[i]->key, "affected") == 0) {
            answer->affected = number;
        }
    }
    google__rpc__error_info__free_unpacked(info, NULL);
}

/* daprd knows an etag error by a violation of "etag", and tells the two kinds by gRPC's code. */
static void read_bad_request(
    int code, const ProtobufCBinaryData *value, struct rig_answer *answer) {
    Google__Rpc__BadRequest *bad = google__rpc__bad_request__unpack(NULL, value->len, value->data);
    cr_assert(ne(ptr, bad, NULL));
    cr_assert(eq(sz, bad->n_field_violations, 1));
    cr_assert(eq(str, bad->field_violations[0]->field, "etag"));
    cr_assert(code == 9 || code == 3);
    answer->error = code == 9 ? DK_ETAG_MISMATCH : DK_ETAG_INVALID;
    google__rpc__bad_request__free_unpacked(bad, NULL);
}

void state_wire_read_error(int code, struct dk_bytes details, struct rig_answer *answer) {
    if (details.data == NULL) {
        answer->error = error_of_code(code);
        return;
    }
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, details.size, (const uint8_t *)details.data);
    cr_assert(ne(ptr, status, NULL));
    cr_assert(eq(int, status->code, code));
    cr_assert(eq(str, status->message, (char *)answer->text));
    cr_assert(eq(sz, status->n_details, 1)); /* two details read as a plain error */
    const Google__Protobuf__Any *detail = status->details[0];
    if (strcmp(detail->type_url, "type.googleapis.com/google.rpc.BadRequest") == 0) {
        read_bad_request(code, &detail->value, answer);
    } else {
        cr_assert(eq(str, detail->type_url, "type.googleapis.com/google.rpc.ErrorInfo"));
        read_error_info(&detail->value, answer);
    }
    google__rpc__status__free_unpacked(status, NULL);
}
