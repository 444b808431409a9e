/* What tests of the document service share. */
#include "support/document_rig.h"

#include "document/change.h"
#include "document/version.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 4096, STEPS_MAX = 200 };

struct document_service document_rig_service;

static struct dk_call *calls[CALLS_MAX];
static size_t call_count;
static struct dk_call *last_run; /* or made, when none was run since */
static const char *header_name, *header_value;

static void forget_calls(void) {
    for (size_t i = 0; i < call_count; i++) {
        fake_call_free(calls[i]);
    }
    call_count = 0;
}

void document_rig_start(void) {
    forget_calls();
    fake_sidecar_reset();
    document_rig_service.config = (struct document_config){
        .store = "statestore",
        .export_binding = "export",
        .retention_ms = INT64_C(3600000),
        .versions_max = 100,
        .index_store = "statestore",
        .quota_documents = 1000000,
        .quota_bytes = INT64_C(1) << 40,
        .session_ttl_ms = INT64_C(3600000),
    };
    header_name = header_value = NULL;
}

void document_rig_end(void) {
    forget_calls();
    fake_sidecar_reset();
}

struct dk_call *document_rig_call(void) {
    cr_assert(lt(sz, call_count, CALLS_MAX));
    struct dk_call *call = fake_call_new(&document_rig_service);
    if (header_name != NULL) {
        fake_call_add_header(call, header_name, header_value);
        header_name = NULL;
    }
    calls[call_count++] = last_run = call;
    return call;
}

struct document_scope document_rig_scope(void) {
    return (struct document_scope){
        .call = document_rig_call(), .config = &document_rig_service.config, .tenant = "default"};
}

const char *document_rig_text(void) {
    return fake_call_text(last_run);
}

void document_rig_header(const char *name, const char *value) {
    header_name = name;
    header_value = value;
}

enum dk_error document_rig_run(
    dk_method_fn *method, const ProtobufCMessage *request, ProtobufCMessage *answer) {
    struct dk_call *call = document_rig_call();
    const enum dk_error error = method(call, request, answer);

    last_run = call;
    if (error != DK_OK) { /* dk/app.h: what is returned is what was noted */
        cr_assert(eq(int, fake_call_error(call), error));
    }
    return error;
}

static enum dk_error run(
    dk_method_fn *method, const ProtobufCMessage *request, pb_document *ret_document) {
    pb_document document;

    dapr_kit__document__v1__document__init(&document);
    const enum dk_error error = document_rig_run(method, request, &document.base);
    if (error == DK_OK && ret_document != NULL) {
        *ret_document = document;
    }
    return error;
}

enum dk_error document_rig_create(const char *id, const char *text, pb_document *ret_document) {
    DaprKit__Document__V1__CreateRequest request;

    dapr_kit__document__v1__create_request__init(&request);
    request.id = pb_text(id);
    request.content_case = DAPR_KIT__DOCUMENT__V1__CREATE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    return run(documents_create, &request.base, ret_document);
}

enum dk_error document_rig_replace(
    const char *id, const char *if_match, const char *text, pb_document *ret_document) {
    DaprKit__Document__V1__ReplaceRequest request;

    dapr_kit__document__v1__replace_request__init(&request);
    request.id = pb_text(id);
    request.if_match = pb_text(if_match);
    request.content_case = DAPR_KIT__DOCUMENT__V1__REPLACE_REQUEST__CONTENT_TEXT;
    request.text = pb_text(text);
    return run(documents_replace, &request.base, ret_document);
}

static enum dk_error part_put(const char *upload_id, struct dk_bytes part, uint32_t number) {
    DaprKit__Document__V1__PutPartRequest request;
    DaprKit__Document__V1__Part answer;
    struct document_hash hash;
    char text[DOCUMENT_HASH_TEXT_BYTES];

    dapr_kit__document__v1__put_part_request__init(&request);
    dapr_kit__document__v1__part__init(&answer);
    cr_assert(document_hash_of(part, &hash));
    document_hex(hash.bytes, sizeof hash.bytes, text);
    request.upload_id = pb_text(upload_id);
    request.number = number;
    request.sha256 = text;
    request.data = pb_bytes(part);
    return document_rig_run(documents_put_part, &request.base, &answer.base);
}

enum dk_error document_rig_upload(const char *id, struct dk_bytes content) {
    DaprKit__Document__V1__BeginUploadRequest begin;
    DaprKit__Document__V1__CompleteUploadRequest complete;
    DaprKit__Document__V1__Upload upload;

    dapr_kit__document__v1__begin_upload_request__init(&begin);
    dapr_kit__document__v1__complete_upload_request__init(&complete);
    dapr_kit__document__v1__upload__init(&upload);
    begin.id = pb_text(id);
    begin.size = content.size;
    const pb_head *head = document_rig_head(id);
    begin.if_match = head == NULL ? pb_text("") : head->change_id;
    enum dk_error error = document_rig_run(documents_begin_upload, &begin.base, &upload.base);
    for (uint32_t number = 1; error == DK_OK && number <= upload.parts; number++) {
        const struct dk_bytes part = {
            .data = content.data + (size_t)(number - 1) * DOCUMENT_CHUNK_BYTES,
            .size = document_chunk_size(content.size, number - 1)};
        error = part_put(upload.upload_id, part, number);
    }
    complete.upload_id = upload.upload_id;
    return error != DK_OK ? error : run(documents_complete_upload, &complete.base, NULL);
}

enum dk_error document_rig_delete(const char *id) {
    DaprKit__Document__V1__DeleteRequest request;

    dapr_kit__document__v1__delete_request__init(&request);
    request.id = pb_text(id);
    return run(documents_delete, &request.base, NULL);
}

enum dk_error document_rig_restore(const char *id) {
    DaprKit__Document__V1__RestoreRequest request;

    dapr_kit__document__v1__restore_request__init(&request);
    request.id = pb_text(id);
    return run(documents_restore, &request.base, NULL);
}

enum dk_error document_rig_tag(const char *id, const char *tag) {
    DaprKit__Document__V1__SetTagsRequest request;
    char *tags[] = {pb_text(tag)};

    dapr_kit__document__v1__set_tags_request__init(&request);
    request.id = pb_text(id);
    request.tags = tags;
    request.n_tags = 1;
    return run(documents_set_tags, &request.base, NULL);
}

enum dk_error document_rig_get(const char *id, uint64_t version, pb_document *ret_document) {
    DaprKit__Document__V1__GetRequest request;

    dapr_kit__document__v1__get_request__init(&request);
    request.id = pb_text(id);
    request.version = version;
    return run(documents_get, &request.base, ret_document);
}

const pb_head *document_rig_head(const char *id) {
    const struct document_scope scope = document_rig_scope();
    struct document_head head;

    cr_assert(eq(int, document_head_read(&scope, id, &head), DK_OK));
    return head.record;
}

struct dk_bytes document_rig_bytes(size_t size, unsigned seed) {
    char *bytes = malloc(size + 1); /* the test's process ends with it */
    uint32_t state = seed * 2654435761U + 1;

    cr_assert(ne(ptr, bytes, NULL));
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (char)(state >> 24);
    }
    return (struct dk_bytes){.data = bytes, .size = size};
}

/* ── what must hold ─────────────────────────────────────────────────────────────────────────── */

static void check_content(const struct document_scope *scope, const pb_document *document) {
    struct document_hasher *hasher = document_hasher_new();
    struct document_hash hash;
    char text[DOCUMENT_HASH_TEXT_BYTES];
    uint64_t offset = 0;

    while (offset < document->size) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        struct dk_bytes piece;
        cr_assert(
            eq(int,
               document_content_read(
                   scope, document->content_sha256, offset, DOCUMENT_CHUNK_BYTES, &piece),
               DK_OK),
            "%s version %" PRIu64 ": %s",
            document->id,
            document->version,
            fake_call_text(scope->call));
        cr_assert(gt(sz, piece.size, 0));
        document_hasher_add(hasher, piece);
        offset += piece.size;
        dk_call_memory_end(scope->call, memory);
    }
    cr_assert(eq(u64, offset, document->size));
    cr_assert(document_hasher_end(hasher, &hash));
    document_hex(hash.bytes, sizeof hash.bytes, text);
    cr_assert(eq(str, text, document->content_sha256));
}

static size_t count_events(const struct document_scope *scope, const char *id, uint64_t version) {
    size_t count = 0;

    for (size_t i = 0; i < fake_sidecar.events.count; i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        struct ProtobufCMessage *message;
        cr_assert(
            eq(int,
               dk_call_read_json(
                   scope->call,
                   &dapr_kit__document__v1__document_changed__descriptor,
                   fake_sidecar.events.items[i].data,
                   &message),
               DK_OK));
        const pb_changed *event = (const pb_changed *)message;
        if (strcmp(event->id, id) == 0 && event->version == version &&
            event->change != PB_CHANGE(ANNOTATED)) {
            count++;
        }
        dk_call_memory_end(scope->call, memory);
    }
    return count;
}

/* How many changes were told that must have been. */
static uint64_t check_document(const struct document_scope *scope, const char *id) {
    const pb_head *head = document_rig_head(id);
    const uint64_t newest = head->document->version;

    for (uint64_t version = 1; version <= newest; version++) {
        cr_assert(eq(sz, count_events(scope, id, version), 1), "%s version %" PRIu64, id, version);
    }
    for (uint64_t version = head->first_version; version <= newest; version++) {
        const pb_document *document = NULL;
        cr_assert(
            eq(int, document_version_read(scope, head, version, &document, NULL), DK_OK),
            "%s",
            fake_call_text(scope->call));
        cr_assert(eq(u64, document->version, version));
        check_content(scope, document);
    }
    return newest;
}

void document_rig_check(void) {
    static const char place[] = "documents/default/head/";
    const struct document_scope scope = document_rig_scope();
    uint64_t told = 0;

    fake_sidecar_heal();
    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        const struct dk_bytes key = fake_sidecar_key(i);
        if (key.size >= sizeof place && memcmp(key.data, place, sizeof place - 1) == 0) {
            told += check_document(&scope, key.data + sizeof place - 1);
        }
    }
    cr_assert(eq(u64, told, fake_sidecar.events.count));
}

/* ── crashes ────────────────────────────────────────────────────────────────────────────────── */

static bool crash_at(
    size_t step,
    enum fake_moment moment,
    bool for_good,
    void (*prepare)(void),
    enum dk_error (*act)(void),
    void (*settled)(void)) {
    document_rig_start();
    if (prepare != NULL) {
        prepare();
    }
    fake_sidecar_fail(NULL, step, DK_UNAVAILABLE, moment, for_good);
    const enum dk_error error = act();
    const bool has_failed = fake_sidecar_has_failed();
    document_rig_check();
    if (error != DK_OK) {
        cr_assert(
            eq(int, act(), DK_OK),
            "step %zu, moment %d, for good %d: %s",
            step,
            (int)moment,
            for_good,
            document_rig_text());
        document_rig_check();
    }
    if (settled != NULL) {
        settled();
    }
    return has_failed;
}

void document_rig_crash_everywhere(
    void (*prepare)(void), enum dk_error (*act)(void), void (*settled)(void)) {
    for (int way = 0; way < 4; way++) {
        const enum fake_moment moment = way % 2 == 0 ? FAKE_BEFORE : FAKE_AFTER;
        size_t step = 1;
        while (crash_at(step, moment, way >= 2, prepare, act, settled)) {
            step++;
            cr_assert(lt(sz, step, STEPS_MAX));
        }
        cr_assert(gt(sz, step, 1), "nothing ever failed");
    }
}
