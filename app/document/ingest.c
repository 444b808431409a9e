/*
 * Records of a binding become documents:
 *
 *     record ─▶ tenant, id, input ─▶ head? ─┬─ none ─▶ create
 *                                           ├─ deleted ─▶ bring back with the record's content
 *                                           └─ there ─▶ as it should be? ── no ─▶ replace
 */
#include "document/ingest.h"

#include "document/change.h"

#include <dk/log.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ID_DERIVED_BYTES = 16 };

static atomic_ulong dropped;

unsigned long document_ingest_dropped(void) {
    return atomic_load(&dropped);
}

struct record {
    struct document_scope scope;
    const struct dk_binding_event *event;
    const char *id;
    struct document_input input;
    struct document_reference *content;
};

static struct dk_bytes header(const struct record *record, const char *name) {
    return dk_pairs_find(record->event->metadata, dk_bytes_of(name));
}

static bool is_header(const struct dk_pair *pair) {
    static const char *const others[] = {"dk-tenant", "dk-tags", "content-type"};
    if (pair->key.size >= 2 && memcmp(pair->key.data, "__", 2) == 0) {
        return false; /* the binding's own: __key, __offset, … */
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (dk_bytes_equal(pair->key, dk_bytes_of(others[i]))) {
            return false;
        }
    }
    return true;
}

static char *text_of(struct dk_call *call, struct dk_bytes bytes) {
    return dk_call_format(call, "%.*s", (int)bytes.size, bytes.size == 0 ? "" : bytes.data);
}

/* 32 digits that follow from some bytes; NULL: no memory. */
static const char *id_derived(struct dk_call *call, struct dk_bytes from) {
    struct document_hash hash;
    char *id = dk_call_take(call, 2 * ID_DERIVED_BYTES + 1);
    if (id == NULL || !document_hash_of(from, &hash)) {
        return NULL;
    }
    document_hex(hash.bytes, ID_DERIVED_BYTES, id);
    return id;
}

static enum dk_error record_name(struct record *record) {
    struct dk_call *call = record->scope.call;
    const struct dk_bytes key = header(record, "__key");
    const struct dk_bytes offset = header(record, "__offset");
    if (key.size > 0) {
        const char *id = text_of(call, key);
        const bool is_id =
            id != NULL && strlen(id) == key.size && document_id_check(call, "record", id) == DK_OK;
        record->id = is_id ? id : id_derived(call, key);
    } else if (offset.size > 0) {
        const struct dk_bytes topic = header(record, "__topic"),
                              partition = header(record, "__partition");
        const char *place = dk_call_format(
            call,
            "%.*s/%.*s/%.*s",
            (int)topic.size,
            topic.size == 0 ? "" : topic.data,
            (int)partition.size,
            partition.size == 0 ? "" : partition.data,
            (int)offset.size,
            offset.data);
        record->id = place == NULL ? NULL : id_derived(call, dk_bytes_of(place));
    } else {
        record->id = id_derived(call, record->event->data);
    }
    return record->id == NULL ? document_no_memory(call) : DK_OK;
}

/* ── what the document is to be ─────────────────────────────────────────────────────────────── */

static bool is_json(struct dk_call *call, struct dk_bytes value) {
    const struct dk_call_memory memory = dk_call_memory_begin(call);
    struct ProtobufCMessage *message = NULL;
    const bool is_good =
        (value.data[0] == '{' || value.data[0] == '[') &&
        dk_call_read_json(call, &google__protobuf__value__descriptor, value, &message) == DK_OK;
    dk_call_memory_end(call, memory);
    return is_good;
}

/* A NUL-terminated copy when the value is UTF-8 without NUL bytes; NULL: it is not, or there is no
 * memory. What a message would not take as a string is none. */
static char *value_text(struct dk_call *call, struct dk_bytes value) {
    char *text = dk_call_take(call, value.size + 1);
    if (text == NULL || memchr(value.data, '\0', value.size) != NULL) {
        return NULL;
    }
    memcpy(text, value.data, value.size);
    pb_value string;
    google__protobuf__value__init(&string);
    string.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    string.string_value = text;
    const struct dk_call_memory memory = dk_call_memory_begin(call);
    const bool is_text = dk_call_pack(call, &string.base).data != NULL;
    dk_call_memory_end(call, memory);
    return is_text ? text : NULL;
}

static int field_compare(const void *left, const void *right) {
    return strcmp(
        (*(Google__Protobuf__Struct__FieldsEntry *const *)left)->key,
        (*(Google__Protobuf__Struct__FieldsEntry *const *)right)->key);
}

/* Headers come in any order; sorted, the same ones make the same attributes. */
static enum dk_error attributes_make(const struct record *record, pb_struct **ret_attributes) {
    struct dk_call *call = record->scope.call;
    const struct dk_pairs pairs = record->event->metadata;
    pb_struct *attributes = dk_call_take(call, sizeof *attributes);
    Google__Protobuf__Struct__FieldsEntry **fields =
        dk_call_take(call, (pairs.count + 1) * sizeof *fields);
    if (attributes == NULL || fields == NULL) {
        return document_no_memory(call);
    }
    google__protobuf__struct__init(attributes);
    for (size_t i = 0; i < pairs.count; i++) {
        if (!is_header(&pairs.items[i])) {
            continue;
        }
        Google__Protobuf__Struct__FieldsEntry *field = dk_call_take(call, sizeof *field);
        pb_value *value = dk_call_take(call, sizeof *value);
        if (field == NULL || value == NULL) {
            return document_no_memory(call);
        }
        google__protobuf__struct__fields_entry__init(field);
        google__protobuf__value__init(value);
        field->key = text_of(call, pairs.items[i].key);
        field->value = value;
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
        value->string_value = text_of(call, pairs.items[i].value);
        if (field->key == NULL || value->string_value == NULL) {
            return document_no_memory(call);
        }
        fields[attributes->n_fields++] = field;
    }
    qsort(fields, attributes->n_fields, sizeof(void *), field_compare);
    attributes->fields = fields;
    *ret_attributes = attributes->n_fields == 0 ? NULL : attributes;
    return DK_OK;
}

static enum dk_error tags_make(const struct record *record, char ***ret_tags, size_t *ret_count) {
    struct dk_call *call = record->scope.call;
    char *list = text_of(call, header(record, "dk-tags"));
    char **tags = dk_call_take(call, (DOCUMENT_TAGS_MAX + 1) * sizeof *tags);
    if (list == NULL || tags == NULL) {
        return document_no_memory(call);
    }
    for (char *at = list; *at != '\0';) {
        char *end = at + strcspn(at, ",");
        if (*ret_count > DOCUMENT_TAGS_MAX) {
            break; /* one too many, which the check of tags says in words */
        }
        if (end > at) {
            tags[(*ret_count)++] = at;
        }
        at = *end == '\0' ? end : end + 1;
        *end = '\0';
    }
    *ret_tags = tags;
    return DK_OK;
}

static enum dk_error record_input(struct record *record) {
    struct dk_call *call = record->scope.call;
    const struct dk_bytes value = record->event->data;
    char *type = text_of(call, header(record, "content-type"));
    char *text = value_text(call, value);
    pb_struct *attributes = NULL;
    char **tags = NULL;
    size_t tag_count = 0;
    if (type == NULL) {
        return document_no_memory(call);
    }
    if (type[0] == '\0' && text != NULL && is_json(call, value)) {
        type = dk_call_format(call, "application/json");
    }
    enum dk_error error = attributes_make(record, &attributes);
    if (error == DK_OK) {
        error = tags_make(record, &tags, &tag_count);
    }
    if (error != DK_OK || type == NULL) {
        return error != DK_OK ? error : document_no_memory(call);
    }
    record->input = document_input_of(
        "", attributes, tags, tag_count, type, text == NULL ? value : (struct dk_bytes){0}, text);
    error = document_input_check(call, &record->input);
    if (error != DK_OK) {
        return error;
    }
    record->content = document_reference_of(call, &record->input);
    return record->content == NULL ? DK_EXHAUSTED : DK_OK;
}

/* ── what is to be done ─────────────────────────────────────────────────────────────────────── */

/* A deleted document comes back with what the record has, as one change. */
static enum dk_error revive(
    const struct document_scope *scope, struct document_next *next, void *context) {
    const struct record *record = context;
    next->document.deleted = false;
    next->document.purge_time = NULL;
    document_input_apply(&record->input, &next->document);
    return document_refer(scope, next, record->content);
}

static enum dk_error record_put(struct record *record, const struct document_head *head) {
    const struct document_scope *scope = &record->scope;
    pb_document answer;
    dapr_kit__document__v1__document__init(&answer);
    if (head->record == NULL || document_time_is_over(head->record->document->purge_time)) {
        return document_create_over(
            scope, record->id, head, &record->input, record->content, &answer);
    }
    if (head->record->document->deleted) {
        const struct document_edit edit = {
            .id = record->id,
            .if_match = "",
            .change = PB_CHANGE(RESTORED),
            .run = revive,
            .context = record,
            .head = head};
        return document_change(scope, &edit, &answer);
    }
    if (document_is_same(scope->call, head->record, &record->input, record->content)) {
        return DK_OK;
    }
    return document_replace(scope, record->id, "", head, &record->input, record->content, &answer);
}

static enum dk_error record_delete(const struct record *record, const struct document_head *head) {
    pb_document answer;
    dapr_kit__document__v1__document__init(&answer);
    if (head->record == NULL || head->record->document->deleted) {
        return DK_OK;
    }
    return document_delete(&record->scope, record->id, "", head, &answer);
}

static enum dk_error record_once(struct record *record) {
    struct document_head head = {0};
    const enum dk_error error = document_head_read(&record->scope, record->id, &head);
    if (error != DK_OK) {
        return error;
    }
    return record->event->data.size == 0 ? record_delete(record, &head) : record_put(record, &head);
}

static enum dk_error record_run(struct record *record, struct dk_call *call) {
    const struct dk_bytes tenant = header(record, "dk-tenant");
    const bool has_value = record->event->data.size > 0;
    enum dk_error error = document_scope_of(
        call, tenant.size == 0 ? (struct dk_bytes)DK_BYTES("default") : tenant, &record->scope);
    if (error == DK_OK) {
        error = record_name(record);
    }
    if (error == DK_OK && has_value) {
        error = record_input(record);
    }
    if (error == DK_OK && !has_value && header(record, "__key").size == 0) {
        error = dk_call_fail(call, DK_INVALID, "record: it has neither value nor key");
    }
    if (error != DK_OK) {
        return error;
    }
    error = DK_ETAG_MISMATCH;
    for (int i = 0; i < INGEST_TRIES_MAX && error == DK_ETAG_MISMATCH && !dk_call_is_over(call);
         i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        error = record_once(record);
        dk_call_memory_end(call, memory);
    }
    return error;
}

enum dk_error document_ingest(
    struct dk_call *call, const struct dk_binding_event *event, struct dk_bytes *ret_answer) {
    struct record record = {.scope = {.call = call}, .event = event};
    const struct dk_bytes topic = header(&record, "__topic"), offset = header(&record, "__offset"),
                          partition = header(&record, "__partition");
    const enum dk_error error = record_run(&record, call);
    (void)ret_answer; /* Kafka wants none */
    if (error != DK_INVALID && error != DK_TOO_LARGE) {
        return error;
    }
    dk_log(
        DK_LOG_WARN,
        "ingest",
        "a record can be no document and is let go",
        "binding=%.*s topic=%.*s partition=%.*s offset=%.*s bytes=%zu dropped=%lu",
        (int)event->name.size,
        event->name.data,
        (int)topic.size,
        topic.size == 0 ? "" : topic.data,
        (int)partition.size,
        partition.size == 0 ? "" : partition.data,
        (int)offset.size,
        offset.size == 0 ? "" : offset.data,
        event->data.size,
        atomic_fetch_add(&dropped, 1) + 1);
    return DK_OK;
}
