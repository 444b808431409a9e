/*
 * Any bytes as what daprd brings an application: an event, many events, an event of a binding, a
 * job. The first byte chooses. What is accepted must say what protobuf-c alone reads there, and
 * survive being written by protobuf-c and read again.
 */
#include "wire/pbc/app_event.h"
#include "support/codec_memory.h"
#include "wire/pbc/app_trigger.h"

#include <dapr/proto/runtime/v1/appcallback.pb-c.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Dapr__Proto__Runtime__V1__TopicEventRequest event_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequest events_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequestEntry entry_message;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkRequestEntry__MetadataEntry entry_pair;
typedef Dapr__Proto__Runtime__V1__TopicEventCERequest cloud_event;
typedef Dapr__Proto__Runtime__V1__TopicEventBulkResponse verdicts_message;
typedef Dapr__Proto__Runtime__V1__BindingEventRequest binding_message;
typedef Dapr__Proto__Runtime__V1__JobEventRequest job_message;
typedef Google__Protobuf__Struct__FieldsEntry field_message;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "app_event: %s\n", what);
        abort();
    }
}

static struct codec_memory memory;

static void *take(size_t size) {
    void *place = dk__arena_take(&memory.arena, size);
    require(place != NULL, "more memory than a test may take");
    return place;
}

/* Texts of ours have no NUL byte: their copies are whole. */
static char *text_of(struct dk_bytes bytes) {
    require(bytes.data != NULL, "a text is absent");
    char *text = dk__arena_copy_text(&memory.arena, bytes);
    require(text != NULL && strlen(text) == bytes.size, "a text is cut");
    return text;
}

static ProtobufCBinaryData binary_of(struct dk_bytes bytes) {
    require(bytes.data != NULL, "data is absent");
    return (ProtobufCBinaryData){bytes.size, (uint8_t *)(uintptr_t)bytes.data};
}

static void require_equal(struct dk_bytes left, struct dk_bytes right, const char *what) {
    require(left.data != NULL && right.data != NULL, what);
    require(dk_bytes_equal(left, right), what);
}

static void require_same_pairs(struct dk_pairs left, struct dk_pairs right) {
    require(left.count == right.count, "pairs are lost");
    for (size_t i = 0; i < left.count; i++) {
        require_equal(left.items[i].key, right.items[i].key, "a key is another");
        require_equal(left.items[i].value, right.items[i].value, "a value is another");
    }
}

static void require_same_event(const struct dk_event *left, const struct dk_event *right) {
    require_equal(left->id, right->id, "the id is another");
    require_equal(left->source, right->source, "the source is another");
    require_equal(left->type, right->type, "the type is another");
    require_equal(left->data, right->data, "the data is another");
    require_equal(left->content_type, right->content_type, "the content type is another");
    require_equal(left->pubsub, right->pubsub, "the pubsub is another");
    require_equal(left->topic, right->topic, "the topic is another");
    require_same_pairs(left->extensions, right->extensions);
    require_same_pairs(left->metadata, right->metadata);
}

/* Attributes as strings: what was a number is then its digits, and stays so. */
static Google__Protobuf__Struct *extensions_of(struct dk_pairs pairs) {
    Google__Protobuf__Struct *all = take(sizeof *all);
    google__protobuf__struct__init(all);
    all->n_fields = pairs.count;
    all->fields = take(pairs.count * sizeof(field_message *));
    for (size_t i = 0; i < pairs.count; i++) {
        field_message *field = take(sizeof *field);
        google__protobuf__struct__fields_entry__init(field);
        field->key = text_of(pairs.items[i].key);
        field->value = take(sizeof *field->value);
        google__protobuf__value__init(field->value);
        field->value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
        field->value->string_value = text_of(pairs.items[i].value);
        all->fields[i] = field;
    }
    return all;
}

static struct dk_bytes packed(const ProtobufCMessage *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *bytes = take(size);
    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct dk_bytes){bytes, size};
}

/* ── one event ──────────────────────────────────────────────────────────────────────────────── */

static void read_event(struct dk_bytes message) {
    struct dk__app_event event, again;
    if (dk__decode_app_event(message, &memory.arena, &event, &memory.fault) != DK_OK) {
        require(memory.fault.text[0] != '\0', "a refusal has no words");
        return;
    }
    event_message *plain = dapr__proto__runtime__v1__topic_event_request__unpack(
        NULL, message.size, (const uint8_t *)message.data);
    require(plain != NULL, "protobuf-c does not read it");
    require(strcmp(plain->id, event.event.id.data) == 0, "protobuf-c reads another id");
    require(strcmp(plain->path, event.path.data) == 0, "protobuf-c reads another path");
    require(plain->data.len == event.event.data.size, "protobuf-c reads other data");
    dapr__proto__runtime__v1__topic_event_request__free_unpacked(plain, NULL);

    event_message written;
    dapr__proto__runtime__v1__topic_event_request__init(&written);
    written.id = text_of(event.event.id);
    written.source = text_of(event.event.source);
    written.type = text_of(event.event.type);
    written.data = binary_of(event.event.data);
    written.data_content_type = text_of(event.event.content_type);
    written.pubsub_name = text_of(event.event.pubsub);
    written.topic = text_of(event.event.topic);
    written.path = text_of(event.path);
    written.extensions = extensions_of(event.event.extensions);
    require(
        dk__decode_app_event(packed(&written.base), &memory.arena, &again, &memory.fault) == DK_OK,
        memory.fault.text);
    require_same_event(&event.event, &again.event);
    require_equal(event.path, again.path, "the path is another");
}

/* ── many events ────────────────────────────────────────────────────────────────────────────── */

static entry_message *entry_of(const struct dk_event *event, struct dk_bytes id) {
    entry_message *entry = take(sizeof *entry);
    dapr__proto__runtime__v1__topic_event_bulk_request_entry__init(entry);
    entry->entry_id = text_of(id);
    entry->event_case = DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_BULK_REQUEST_ENTRY__EVENT_CLOUD_EVENT;
    entry->cloud_event = take(sizeof *entry->cloud_event);
    dapr__proto__runtime__v1__topic_event_cerequest__init(entry->cloud_event);
    entry->cloud_event->id = text_of(event->id);
    entry->cloud_event->source = text_of(event->source);
    entry->cloud_event->type = text_of(event->type);
    entry->cloud_event->data = binary_of(event->data);
    entry->cloud_event->data_content_type = text_of(event->content_type);
    entry->cloud_event->extensions = extensions_of(event->extensions);
    entry->n_metadata = event->metadata.count;
    entry->metadata = take(event->metadata.count * sizeof(entry_pair *));
    for (size_t i = 0; i < event->metadata.count; i++) {
        entry->metadata[i] = take(sizeof(entry_pair));
        dapr__proto__runtime__v1__topic_event_bulk_request_entry__metadata_entry__init(
            entry->metadata[i]);
        entry->metadata[i]->key = text_of(event->metadata.items[i].key);
        entry->metadata[i]->value = text_of(event->metadata.items[i].value);
    }
    return entry;
}

/* Every entry gets a verdict, whatever it was. */
static void require_verdicts(const struct dk__app_events *events) {
    enum dk_verdict *verdicts = take(events->count * sizeof *verdicts);
    const struct dk_bytes bytes = dk__encode_app_verdicts(&memory.arena, events, verdicts);
    require(bytes.data != NULL, "the verdicts are not written");
    verdicts_message *answer = dapr__proto__runtime__v1__topic_event_bulk_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    require(answer != NULL, "the verdicts cannot be read");
    require(answer->n_statuses == events->count + events->broken_count, "an entry has no verdict");
    dapr__proto__runtime__v1__topic_event_bulk_response__free_unpacked(answer, NULL);
}

static void read_events(struct dk_bytes message) {
    struct dk__app_events events, again;
    if (dk__decode_app_events(message, &memory.arena, &events, &memory.fault) != DK_OK) {
        require(memory.fault.text[0] != '\0', "a refusal has no words");
        return;
    }
    require(
        (events.broken_count > 0) == (memory.fault.error != DK_OK), "a broken one has no words");
    memory.fault = (struct dk_fault){0};
    events_message *plain = dapr__proto__runtime__v1__topic_event_bulk_request__unpack(
        NULL, message.size, (const uint8_t *)message.data);
    if (plain != NULL) { /* it also looks into fields that we pass over */
        require(
            plain->n_entries == events.count + events.broken_count,
            "protobuf-c reads more or less");
        dapr__proto__runtime__v1__topic_event_bulk_request__free_unpacked(plain, NULL);
    }
    require_verdicts(&events);

    events_message written;
    dapr__proto__runtime__v1__topic_event_bulk_request__init(&written);
    written.pubsub_name = text_of(events.pubsub);
    written.topic = text_of(events.topic);
    written.path = text_of(events.path);
    written.n_entries = events.count;
    written.entries = take(events.count * sizeof(entry_message *));
    for (size_t i = 0; i < events.count; i++) {
        written.entries[i] = entry_of(&events.events[i], events.ids[i]);
    }
    require(
        dk__decode_app_events(packed(&written.base), &memory.arena, &again, &memory.fault) == DK_OK,
        memory.fault.text);
    require(again.broken_count == 0 && again.count == events.count, "an event is lost");
    for (size_t i = 0; i < events.count; i++) {
        require_same_event(&events.events[i], &again.events[i]);
        require_equal(events.ids[i], again.ids[i], "an entry's id is another");
    }
}

/* ── bindings and jobs ──────────────────────────────────────────────────────────────────────── */

static void read_binding(struct dk_bytes message) {
    struct dk_binding_event event;
    if (dk__decode_app_binding_event(message, &memory.arena, &event, &memory.fault) != DK_OK) {
        require(memory.fault.text[0] != '\0', "a refusal has no words");
        return;
    }
    binding_message *plain = dapr__proto__runtime__v1__binding_event_request__unpack(
        NULL, message.size, (const uint8_t *)message.data);
    require(plain != NULL, "protobuf-c does not read it");
    require_equal(event.name, dk_bytes_of(plain->name), "protobuf-c reads another name");
    require(plain->data.len == event.data.size, "protobuf-c reads other data");
    require(plain->n_metadata == event.metadata.count, "protobuf-c reads other metadata");
    dapr__proto__runtime__v1__binding_event_request__free_unpacked(plain, NULL);
}

static void read_job(struct dk_bytes message) {
    struct dk_job job;
    if (dk__decode_app_job(message, &memory.arena, &job, &memory.fault) != DK_OK) {
        require(memory.fault.text[0] != '\0', "a refusal has no words");
        return;
    }
    job_message *plain = dapr__proto__runtime__v1__job_event_request__unpack(
        NULL, message.size, (const uint8_t *)message.data);
    require(plain != NULL, "protobuf-c does not read it");
    require_equal(job.name, dk_bytes_of(plain->name), "protobuf-c reads another name");
    require(job.data.data != NULL && job.data_type.data != NULL, "a field is absent");
    dapr__proto__runtime__v1__job_event_request__free_unpacked(plain, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const readers[])(struct dk_bytes message) = {
        read_event, read_events, read_binding, read_job};
    if (size == 0) {
        return 0;
    }
    char *exact = codec_memory_exact((struct dk_bytes){(const char *)data + 1, size - 1});
    codec_memory_begin(&memory);

    readers[data[0] % 4]((struct dk_bytes){exact, size - 1});

    codec_memory_end(&memory);
    free(exact);
    return 0;
}
