/*
 * Events by protobuf-c. Many at once are taken apart by hand, down to the single entry: a text that
 * is refused makes protobuf-c's whole message unreadable, and here it may cost its own event alone.
 */
#include "wire/pbc/app_event.h"

#include "wire/pbc/json.h"
#include "wire/pbc/pack.h"
#include "wire/pbc/parts.h"
#include "wire/pbc/texts.h"

#include <dapr/proto/runtime/v1/appcallback.pb-c.h>

typedef Dapr__Proto__Runtime__V1__TopicEventRequest event_message;
typedef Dapr__Proto__Runtime__V1__TopicEventCERequest cloud_event;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequestEntry entry_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkResponseEntry verdict_message;

static enum dk_error no_memory(struct dk_fault *fault) {
    return dk_fault_set(fault, DK_EXHAUSTED, "event: takes more memory than one call may have");
}

/* ── attributes ─────────────────────────────────────────────────────────────────────────────── */

/* A string as it is, the rest as JSON. Absent: fault says why. */
static struct dk_bytes attribute_of(
    struct dk__arena *arena,
    const char *name,
    const Google__Protobuf__Value *value,
    struct dk_fault *fault) {
    if (value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE) {
        return dk_bytes_of(value->string_value);
    }
    struct dk_fault why = {0};
    const struct dk_bytes json = dk__json_write(arena, &value->base, &why);
    if (json.data == NULL) {
        (void)dk_fault_set(fault, why.error, "extensions: '%s': %s", name, why.text);
    }
    return json;
}

/* An attribute that is null is not there, says CloudEvents. */
static bool is_null(const Google__Protobuf__Value *value) {
    return value == NULL || value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET ||
           value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE;
}

static enum dk_error decode_extensions(
    const Google__Protobuf__Struct *extensions,
    struct dk__arena *arena,
    struct dk_pairs *ret,
    struct dk_fault *fault) {
    const size_t count = extensions == NULL ? 0 : extensions->n_fields;
    struct dk_pair *pairs = dk__arena_take(arena, count * sizeof *pairs);
    if (pairs == NULL) {
        return no_memory(fault);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__Struct__FieldsEntry *field = extensions->fields[i];
        if (is_null(field->value)) {
            continue;
        }
        const struct dk_pair pair = {
            .key = dk_bytes_of(field->key),
            .value = attribute_of(arena, field->key, field->value, fault)};
        if (pair.value.data == NULL) {
            return fault->error;
        }
        pairs[kept] = pair;
        kept++;
    }
    *ret = (struct dk_pairs){.items = pairs, .count = kept};
    return DK_OK;
}

/* ── one event ──────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__decode_app_event(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_event *ret,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    struct dk_pairs extensions = {0};
    enum dk_error error = dk__pbc_unpack(
        &dapr__proto__runtime__v1__topic_event_request__descriptor,
        message,
        arena,
        &unpacked,
        fault);
    const event_message *request = (void *)unpacked;
    if (error == DK_OK) {
        error = decode_extensions(request->extensions, arena, &extensions, fault);
    }
    if (error != DK_OK) {
        return error;
    }
    *ret = (struct dk__app_event){
        .event =
            {
                .id = dk_bytes_of(request->id),
                .source = dk_bytes_of(request->source),
                .type = dk_bytes_of(request->type),
                .data = dk__pbc_bytes(request->data),
                .content_type = dk_bytes_of(request->data_content_type),
                .pubsub = dk_bytes_of(request->pubsub_name),
                .topic = dk_bytes_of(request->topic),
                .extensions = extensions,
            },
        .path = dk_bytes_of(request->path),
    };
    return DK_OK;
}

typedef Dapr__Proto__Runtime__V1__TopicEventResponse__TopicEventResponseStatus verdict_number;

/* A verdict that is none is no leave to forget the event. */
static verdict_number number_of(enum dk_verdict verdict) {
    switch (verdict) {
    case DK_VERDICT_DONE:
        return DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_RESPONSE__TOPIC_EVENT_RESPONSE_STATUS__SUCCESS;
    case DK_VERDICT_DROP:
        return DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_RESPONSE__TOPIC_EVENT_RESPONSE_STATUS__DROP;
    case DK_VERDICT_RETRY:
        break;
    }
    return DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_RESPONSE__TOPIC_EVENT_RESPONSE_STATUS__RETRY;
}

struct dk_bytes dk__encode_app_verdict(struct dk__arena *arena, enum dk_verdict verdict) {
    Dapr__Proto__Runtime__V1__TopicEventResponse response =
        DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_RESPONSE__INIT;
    response.status = number_of(verdict);
    return dk__pbc_pack(arena, &response.base);
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

enum { FIELD_ENTRIES = 2, FIELD_TOPIC = 4, FIELD_PUBSUB = 5, FIELD_PATH = 7, FIELD_ENTRY_ID = 1 };

static enum dk_error decode_cloud_event(
    const cloud_event *cloud,
    struct dk__arena *arena,
    struct dk_event *event,
    struct dk_fault *fault) {
    event->id = dk_bytes_of(cloud->id);
    event->source = dk_bytes_of(cloud->source);
    event->type = dk_bytes_of(cloud->type);
    event->data = dk__pbc_bytes(cloud->data);
    event->content_type = dk_bytes_of(cloud->data_content_type);
    return decode_extensions(cloud->extensions, arena, &event->extensions, fault);
}

static enum dk_error decode_entry(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_event *ret,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    enum dk_error error = dk__pbc_unpack(
        &dapr__proto__runtime__v1__topic_event_bulk_request_entry__descriptor,
        message,
        arena,
        &unpacked,
        fault);
    if (error != DK_OK) {
        return error;
    }
    const entry_message *entry = (void *)unpacked;
    const struct dk_bytes empty = DK_BYTES("");
    *ret = (struct dk_event){.id = empty, .source = empty, .type = empty, .data = empty};
    ret->content_type = dk_bytes_of(entry->content_type);
    if (entry->event_case ==
        DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST_ENTRY__EVENT_BYTES) {
        ret->data = dk__pbc_bytes(entry->bytes);
    } else if (
        entry->event_case ==
        DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST_ENTRY__EVENT_CLOUD_EVENT) {
        error = decode_cloud_event(entry->cloud_event, arena, ret, fault);
    }
    if (error != DK_OK) {
        return error;
    }
    return dk__pbc_pairs(arena, entry->metadata, entry->n_metadata, &ret->metadata)
               ? DK_OK
               : no_memory(fault);
}

/* A text of the message itself, the last if it comes twice. False: it is none. */
static bool take_text(struct dk_bytes bytes, struct dk_bytes *target) {
    *target = bytes;
    return bytes.data != NULL && dk__pbc_is_text(bytes);
}

/* The id of an entry whose other fields may be anything; empty when it has none. */
static struct dk_bytes id_of(struct dk_bytes entry) {
    struct dk_bytes id = DK_BYTES(""), bytes;
    uint64_t number = 0;
    while (dk__pbc_field_next(&entry, &number, &bytes)) {
        if (number == FIELD_ENTRY_ID && bytes.data != NULL) {
            id = bytes;
        }
    }
    return id;
}

static enum dk_error malformed(struct dk_fault *fault) {
    return dk_fault_set(
        fault, DK_INVALID, "TopicEventBulkRequest: the bytes are cut off or malformed");
}

/* The message's own texts, and how many entries it has. */
static enum dk_error decode_frame(
    struct dk_bytes message,
    struct dk__app_events *ret,
    size_t *ret_entries,
    struct dk_fault *fault) {
    struct dk_bytes bytes;
    uint64_t number = 0;
    bool is_good = true;
    while (is_good && message.size > 0) {
        is_good = dk__pbc_field_next(&message, &number, &bytes);
        if (is_good && number == FIELD_ENTRIES) {
            is_good = bytes.data != NULL;
            (*ret_entries)++;
        } else if (is_good && number == FIELD_TOPIC) {
            is_good = take_text(bytes, &ret->topic);
        } else if (is_good && number == FIELD_PUBSUB) {
            is_good = take_text(bytes, &ret->pubsub);
        } else if (is_good && number == FIELD_PATH) {
            is_good = take_text(bytes, &ret->path);
        }
    }
    return is_good ? DK_OK : malformed(fault);
}

enum dk_error dk__decode_app_events(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_events *ret,
    struct dk_fault *fault) {
    const struct dk_bytes empty = DK_BYTES("");
    struct dk__app_events frame = {.pubsub = empty, .topic = empty, .path = empty};
    size_t entries = 0;
    if (decode_frame(message, &frame, &entries, fault) != DK_OK) {
        return fault->error;
    }
    struct dk_event *events = dk__arena_take(arena, entries * sizeof *events);
    struct dk_bytes *ids = dk__arena_take(arena, entries * sizeof *ids);
    struct dk_bytes *broken_ids = dk__arena_take(arena, entries * sizeof *broken_ids);
    if (events == NULL || ids == NULL || broken_ids == NULL) {
        return no_memory(fault);
    }
    struct dk_fault first = {0}, why = {0};
    struct dk_bytes bytes;
    uint64_t number = 0;
    while (dk__pbc_field_next(&message, &number, &bytes)) {
        why.error = DK_OK;
        if (number != FIELD_ENTRIES) {
            continue;
        }
        const struct dk_bytes id = id_of(bytes);
        if (!dk__pbc_is_text(id)) {
            return malformed(fault);
        }
        const enum dk_error error = decode_entry(bytes, arena, &events[frame.count], &why);
        if (error == DK_EXHAUSTED) {
            return dk_fault_set(fault, error, "%s", why.text);
        }
        if (error != DK_OK) {
            broken_ids[frame.broken_count] = id;
            frame.broken_count++;
            first = first.error == DK_OK ? why : first;
            continue;
        }
        events[frame.count].pubsub = frame.pubsub;
        events[frame.count].topic = frame.topic;
        ids[frame.count] = id;
        frame.count++;
    }
    if (first.error != DK_OK) {
        (void)dk_fault_set(fault, first.error, "%s", first.text);
    }
    frame.events = events;
    frame.ids = ids;
    frame.broken_ids = broken_ids;
    *ret = frame;
    return DK_OK;
}

static bool put_verdict(
    struct dk__arena *arena,
    struct dk_bytes id,
    enum dk_verdict verdict,
    verdict_message **ret_message) {
    verdict_message *message = dk__arena_take(arena, sizeof *message);
    if (message == NULL) {
        return false;
    }
    dapr__proto__runtime__v1__topic_event_bulk_response_entry__init(message);
    message->entry_id = dk__pbc_copy(arena, id);
    message->status = number_of(verdict);
    *ret_message = message;
    return message->entry_id != NULL;
}

struct dk_bytes dk__encode_app_verdicts(
    struct dk__arena *arena, const struct dk__app_events *events, const enum dk_verdict *verdicts) {
    Dapr__Proto__Runtime__V1__TopicEventBulkResponse response =
        DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_RESPONSE__INIT;
    const size_t count = events->count + events->broken_count;
    verdict_message **statuses = dk__arena_take(arena, count * sizeof(verdict_message *));
    bool is_good = statuses != NULL;
    for (size_t i = 0; i < count && is_good; i++) {
        is_good =
            i < events->count
                ? put_verdict(arena, events->ids[i], verdicts[i], &statuses[i])
                : put_verdict(
                      arena, events->broken_ids[i - events->count], DK_VERDICT_DROP, &statuses[i]);
    }
    if (!is_good) {
        return (struct dk_bytes){0};
    }
    response.n_statuses = count;
    response.statuses = statuses;
    return dk__pbc_pack(arena, &response.base);
}
