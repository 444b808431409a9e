/* From an event of a document to a ComputeResult. Thread: the worker of the call. */
#include "compute/changes.h"

#include "compute/fetch.h"
#include "compute/near.h"
#include "compute/run.h"
#include "compute/service.h"

#include <assert.h>
#include <dapr_kit/document/v1/events.pb-c.h>
#include <dk/daprd.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_DUPLICATES_MAX = 10 };

typedef DaprKit__Document__V1__DocumentChanged pb_changed;

/* What another time may mend. The rest never will be any better. */
static bool may_pass(enum dk_error error) {
    switch (error) {
    case DK_OK:
    case DK_INVALID:
    case DK_ETAG_INVALID:
    case DK_TOO_LARGE:
    case DK_UNSUPPORTED:
        return false;
    case DK_ETAG_MISMATCH:
    case DK_NOT_FOUND:
    case DK_NOT_READY:
    case DK_DENIED:
    case DK_EXHAUSTED:
    case DK_UNAVAILABLE:
    case DK_TIMEOUT:
    case DK_CANCELLED:
    case DK_INTERNAL:
        break;
    }
    return true;
}

/* ── the event ──────────────────────────────────────────────────────────────────────────────── */

static enum dk_error changed_read(
    struct dk_call *call, const struct dk_event *event, pb_changed **ret_changed) {
    struct ProtobufCMessage *message = NULL;
    enum dk_error error = dk_call_read_json(
        call, &dapr_kit__document__v1__document_changed__descriptor, event->data, &message);
    if (error != DK_OK) {
        return error;
    }
    pb_changed *changed = (pb_changed *)message;
    if (!service_is_name(dk_bytes_of(changed->tenant), TENANT_BYTES_MAX)) {
        return dk_call_fail(call, DK_INVALID, "event: tenant '%.80s' is none", changed->tenant);
    }
    if (!service_is_name(dk_bytes_of(changed->id), DOCUMENT_ID_BYTES_MAX)) {
        return dk_call_fail(call, DK_INVALID, "event: id '%.150s' is none", changed->id);
    }
    if (changed->version == 0) {
        return dk_call_fail(call, DK_INVALID, "event of '%s': version 0", changed->id);
    }
    *ret_changed = changed;
    return DK_OK;
}

/* Whether there is a content that has not been computed yet for this document. */
static bool asks_for_work(const pb_changed *changed) {
    return changed->change == DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__CREATED ||
           changed->change == DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__RESTORED ||
           (changed->change == DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__UPDATED &&
            changed->content_changed);
}

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Types whose content is text for people. An event without a type is taken at its content. */
static bool is_text_type(const char *type) {
    return type[0] == '\0' || begins_with(type, "text/") || begins_with(type, "application/json") ||
           begins_with(type, "application/xml") || begins_with(type, "application/yaml") ||
           begins_with(type, "application/x-ndjson") || begins_with(type, "application/toml");
}

/* ── the answer ─────────────────────────────────────────────────────────────────────────────── */

/* `pair` has the message's metadata. */
static enum dk_error message_make(
    struct dk_call *call,
    const pb_result *result,
    struct dk_pair *pair,
    struct dk_daprd_message *message) {
    *pair = (struct dk_pair){
        .key = DK_BYTES("partitionKey"), .value = dk_bytes_of(result->document_id)};
    *message = (struct dk_daprd_message){
        .data = dk_call_write_json(call, &result->base),
        .content_type = DK_BYTES("application/json"),
        .metadata = {.items = pair, .count = 1}};
    return message->data.data == NULL ? compute_no_memory(call) : DK_OK;
}

static enum dk_error publish(struct dk_call *call, const pb_result *result) {
    const struct compute_config *config = &service_of(call)->config;
    struct dk_pair pair;
    struct dk_daprd_message message;
    const enum dk_error error = message_make(call, result, &pair, &message);
    return error != DK_OK ? error
                          : dk_daprd_publish(call, config->pubsub, config->results_topic, &message);
}

/* A document's result, and to each that is like it that this one has come: all in one question, and
 * all again when one of them was not published. */
static enum dk_error publish_with_others(struct dk_call *call, const pb_result *result) {
    enum { MESSAGES_MAX = 1 + NEAR_DUPLICATES_MAX };
    const struct compute_config *config = &service_of(call)->config;
    const pb_annotations *annotations = result->annotations;
    struct dk_pair pairs[MESSAGES_MAX];
    struct dk_daprd_message messages[MESSAGES_MAX];
    bool failed[MESSAGES_MAX] = {false};
    size_t count = 0;
    enum dk_error error = message_make(call, result, &pairs[0], &messages[count++]);
    for (size_t i = 0; i < annotations->n_near_duplicates && error == DK_OK; i++, count++) {
        const pb_near_duplicate *other = annotations->near_duplicates[i];
        pb_near_duplicate self;
        pb_result told;
        dapr_kit__compute__v1__near_duplicate__init(&self);
        self.document_id = result->document_id;
        self.similarity = other->similarity;
        self.content_sha256 = annotations->content_sha256;
        dapr_kit__compute__v1__compute_result__init(&told);
        told.tenant = result->tenant;
        told.document_id = other->document_id;
        told.content_sha256 = other->content_sha256;
        told.near_found = &self;
        error = message_make(call, &told, &pairs[count], &messages[count]);
    }
    if (error == DK_OK) {
        error = dk_daprd_publish_many(
            call, config->pubsub, config->results_topic, messages, count, failed);
    }
    for (size_t i = 0; i < count && error == DK_OK; i++) {
        if (failed[i]) {
            error = dk_call_fail(
                call,
                DK_UNAVAILABLE,
                "result of '%s': %zu of %zu messages was not published",
                result->document_id,
                i + 1,
                count);
        }
    }
    return error;
}

static void result_begin(pb_result *result, const pb_changed *changed) {
    dapr_kit__compute__v1__compute_result__init(result);
    result->tenant = changed->tenant;
    result->document_id = changed->id;
    result->version = changed->version;
}

/* Tells the document why there is nothing. */
static enum dk_error publish_reason(
    struct dk_call *call, const pb_changed *changed, const char *reason) {
    pb_result result;
    result_begin(&result, changed);
    result.error = pb_text(reason);
    return publish(call, &result);
}

/* ── the work ───────────────────────────────────────────────────────────────────────────────── */

/* Every function that annotates, with its defaults. */
static size_t uses_of_annotations(struct function_use *uses) {
    size_t count = 0;
    for (const struct function *row = functions; row->name != NULL; row++) {
        if (row->annotates) {
            uses[count] = (struct function_use){.function = row};
            for (size_t i = 0; i < FUNCTION_PARAMETERS_MAX; i++) {
                uses[count].parameters[i] = row->parameters[i].default_value;
            }
            count++;
        }
    }
    return count;
}

/* The place of a document among the others: those that are like it, and itself in the index. */
static enum dk_error place(
    struct dk_call *call,
    const pb_changed *changed,
    pb_annotations *annotations,
    bool *ret_is_late) {
    struct minhash_signature signature;
    const bool has_words = annotations->n_minhash == MINHASH_BINS;
    const struct near_document document = {
        .tenant = changed->tenant,
        .id = changed->id,
        .version = changed->version,
        .content_sha256 = annotations->content_sha256,
        .signature = has_words ? &signature : NULL};
    const struct near_question question = {
        .tenant = changed->tenant,
        .signature = &signature,
        .similarity_min = (double)service_of(call)->config.similar_percent / 100,
        .limit = NEAR_DUPLICATES_MAX,
        .excluded = changed->id};
    enum dk_error error = DK_OK;
    if (has_words) {
        memcpy(signature.values, annotations->minhash, sizeof signature.values);
    }
    /* In the index first: of two alike that come at once, one at least then finds the other. */
    error = near_put(call, &document, ret_is_late);
    if (error == DK_OK && has_words && !*ret_is_late) {
        error = near_find(
            call, &question, &annotations->near_duplicates, &annotations->n_near_duplicates);
    }
    annotations->n_minhash = 0; /* the index's own affair */
    return error;
}

/* Poison: says why to the document and to whoever reads the dead letters. */
static enum dk_error refuse(
    struct dk_call *call, const pb_changed *changed, enum dk_error error, const char *reason) {
    if (!may_pass(error)) {
        const enum dk_error told = publish_reason(call, changed, reason);
        if (told != DK_OK) {
            return told;
        }
    }
    return dk_call_fail(call, error, "event of '%s': %s", changed->id, reason);
}

static enum dk_error check(
    struct dk_call *call,
    const pb_changed *changed,
    struct dk_bytes bytes,
    const struct watch *watch,
    struct content *content) {
    struct dk_fault fault = {0};
    enum dk_error error = content_open(call, bytes, watch, content, &fault);
    if (error == DK_OK && strcmp(content->sha256, changed->content_sha256) != 0) {
        error = dk_fault_set(
            &fault,
            DK_INVALID,
            "content: its SHA-256 is %s, the event says '%.80s'",
            content->sha256,
            changed->content_sha256);
    }
    if (error == DK_OK) {
        error = content_check_text(content, &fault);
    }
    return error == DK_OK ? DK_OK : refuse(call, changed, error, fault.text);
}

static enum dk_error compute(
    struct dk_call *call, const pb_changed *changed, struct dk_bytes bytes) {
    const struct watch watch = service_watch(call);
    struct function_use uses[FUNCTIONS_MAX];
    const size_t count = uses_of_annotations(uses);
    bool cached[FUNCTIONS_MAX], is_late = false;
    struct content content;
    pb_annotations *annotations = NULL;
    pb_result result;
    enum dk_error error = check(call, changed, bytes, &watch, &content);
    if (error == DK_OK) {
        error = run_functions(call, &content, uses, count, &annotations, cached);
    }
    content_close(&content);
    if (error == DK_OK) {
        error = place(call, changed, annotations, &is_late);
    }
    if (error != DK_OK || is_late) {
        return error;
    }
    result_begin(&result, changed);
    result.annotations = annotations;
    return annotations->n_near_duplicates == 0 ? publish(call, &result)
                                               : publish_with_others(call, &result);
}

/* The content, in the event or fetched. */
static enum dk_error compute_content(struct dk_call *call, const pb_changed *changed) {
    const struct dk_bytes text = dk_bytes_of(changed->text);
    const int64_t bytes_max = service_of(call)->config.content_bytes_max;
    const struct fetch fetch = {
        .tenant = changed->tenant,
        .id = changed->id,
        .version = changed->version,
        .size = changed->size};
    struct dk_fault fault = {0};
    char *bytes = NULL;
    if (text.size == changed->size) {
        return compute(call, changed, text);
    }
    if (text.size > 0) {
        (void)dk_fault_set(
            &fault,
            DK_INVALID,
            "the event's text has %zu bytes, its size is %" PRIu64,
            text.size,
            changed->size);
    } else if (changed->size > (uint64_t)bytes_max) {
        (void)dk_fault_set(
            &fault,
            DK_TOO_LARGE,
            "content: %" PRIu64 " bytes are more than the %" PRId64 " of --content-bytes-max",
            changed->size,
            bytes_max);
    }
    if (fault.error != DK_OK) {
        return refuse(call, changed, fault.error, fault.text);
    }
    enum dk_error error = fetch_content(call, &fetch, &bytes);
    if (error == DK_NOT_FOUND) {
        return DK_OK; /* purged, or swept by newer versions: nobody waits for a result */
    }
    if (error == DK_OK) {
        error =
            compute(call, changed, (struct dk_bytes){.data = bytes, .size = (size_t)changed->size});
    }
    free(bytes);
    return error;
}

static enum dk_error forget(struct dk_call *call, const pb_changed *changed) {
    const struct near_document document = {
        .tenant = changed->tenant,
        .id = changed->id,
        .version = changed->version,
        .content_sha256 = changed->content_sha256,
        .is_deleted = true};
    bool is_late = false;
    return near_put(call, &document, &is_late);
}

static enum dk_error handle(struct dk_call *call, const pb_changed *changed) {
    const struct near_document document = {
        .tenant = changed->tenant, .id = changed->id, .version = changed->version};
    bool is_late = false;
    if (changed->change == DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__DELETED) {
        return forget(call, changed);
    }
    if (!asks_for_work(changed)) {
        return DK_OK;
    }
    const enum dk_error error = near_is_late(call, &document, &is_late);
    if (error != DK_OK || is_late) {
        return error;
    }
    if (!is_text_type(changed->content_type)) {
        const char *reason =
            dk_call_format(call, "content type '%.100s' is no text", changed->content_type);
        return reason == NULL ? compute_no_memory(call) : publish_reason(call, changed, reason);
    }
    return compute_content(call, changed);
}

enum dk_verdict changes_on_event(struct dk_call *call, const struct dk_event *event) {
    pb_changed *changed = NULL;
    enum dk_error error = changed_read(call, event, &changed);
    if (changed != NULL) {
        error = handle(call, changed);
    }
    if (error == DK_OK) {
        return DK_VERDICT_DONE;
    }
    return may_pass(error) ? DK_VERDICT_RETRY : DK_VERDICT_DROP;
}
