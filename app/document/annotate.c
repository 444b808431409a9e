/*
 * Results of the compute service on their way into heads:
 *
 *     event ─▶ result ─▶ head ─▶ same content? new? ─▶ one transaction: head, event ANNOTATED
 *                         ▲                                 │ another was faster
 *                         └─────────────────────────────────┘
 */
#include "document/annotate.h"

#include "document/head.h"
#include "document/metrics.h"

#include <dapr_kit/compute/v1/results.pb-c.h>
#include <dk/log.h>
#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

typedef DaprKit__Compute__V1__ComputeResult pb_result;
typedef DaprKit__Compute__V1__Annotations pb_annotations;
typedef DaprKit__Compute__V1__NearDuplicate pb_near;

static bool is_language(const char *code) {
    const size_t size = strlen(code);
    return size <= ANNOTATE_LANGUAGE_BYTES_MAX &&
           strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == size;
}

/* Whether two findings are the same, byte by byte. */
static bool is_same(struct dk_call *call, const pb_annotations *left, const pb_annotations *right) {
    if (left == NULL || right == NULL) {
        return left == right;
    }
    const struct dk_bytes one = dk_call_pack(call, &left->base);
    const struct dk_bytes other = dk_call_pack(call, &right->base);
    return one.data != NULL && other.data != NULL && dk_bytes_equal(one, other);
}

/* ── near duplicates ────────────────────────────────────────────────────────────────────────── */

static int by_similarity(const void *left, const void *right) {
    const pb_near *a = *(pb_near *const *)left, *b = *(pb_near *const *)right;

    if (a->similarity < b->similarity || a->similarity > b->similarity) {
        return a->similarity > b->similarity ? -1 : 1;
    }
    return strcmp(a->document_id, b->document_id);
}

static bool names(pb_near *const *items, size_t count, const char *id) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i]->document_id, id) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * What is known and what was found, each document once, as it was found last; the most alike of them
 * when there are more than ANNOTATE_NEAR_MAX. So whichever comes first, a document's own result or
 * word of a later one, both stand in the end, and what comes twice changes nothing.
 */
static enum dk_error near_join(
    struct dk_call *call,
    const pb_annotations *known,
    pb_near *const *found,
    size_t found_count,
    pb_annotations *ret_annotations) {
    pb_near **items =
        dk_call_take(call, (known->n_near_duplicates + found_count + 1) * sizeof *items);
    size_t count = 0;

    if (items == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < found_count; i++) {
        items[count++] = found[i];
    }
    for (size_t i = 0; i < known->n_near_duplicates; i++) {
        if (!names(found, found_count, known->near_duplicates[i]->document_id)) {
            items[count++] = known->near_duplicates[i];
        }
    }
    qsort(items, count, sizeof(pb_near *), by_similarity);
    ret_annotations->near_duplicates = items;
    ret_annotations->n_near_duplicates = count < ANNOTATE_NEAR_MAX ? count : ANNOTATE_NEAR_MAX;
    return DK_OK;
}

/* What is to stand in a head of this document; NULL: the result says nothing of its content. */
static enum dk_error annotations_make(
    const struct document_scope *scope,
    const pb_document *document,
    const pb_result *result,
    pb_annotations **ret_annotations) {
    const bool is_word = result->near_found != NULL; /* of a later document */
    const char *sha256 = is_word ? result->content_sha256 : result->annotations->content_sha256;
    const pb_annotations *known = document->annotations;
    pb_annotations none;

    *ret_annotations = NULL;
    if (strcmp(document->content_sha256, sha256) != 0 || (is_word && document->deleted)) {
        return DK_OK;
    }
    if (known == NULL || strcmp(known->content_sha256, sha256) != 0) {
        dapr_kit__compute__v1__annotations__init(&none);
        none.content_sha256 = document->content_sha256;
        known = &none;
    }
    pb_annotations *next = dk_call_take(scope->call, sizeof *next);
    if (next == NULL) {
        return document_no_memory(scope->call);
    }
    *next = is_word ? *known : *result->annotations;
    *ret_annotations = next;
    return near_join(
        scope->call,
        known,
        is_word ? &result->near_found : next->near_duplicates,
        is_word ? 1 : next->n_near_duplicates,
        next);
}

/* ── a result ───────────────────────────────────────────────────────────────────────────────── */

static enum dk_error annotate_once(const struct document_scope *scope, const pb_result *result) {
    pb_annotations *found = NULL;
    struct document_head head = {0};
    struct document_next *next = NULL;
    enum dk_error error = document_head_read(scope, result->document_id, &head);
    if (error != DK_OK || head.record == NULL) {
        return error;
    }
    const pb_document *document = head.record->document;
    error = annotations_make(scope, document, result, &found);
    if (error != DK_OK || found == NULL || is_same(scope->call, document->annotations, found)) {
        return error;
    }
    error = document_revision_make(scope, &head, &next);
    if (error != DK_OK) {
        return error;
    }
    next->document.annotations = found;
    return document_head_write(scope, &head, next);
}

/* Holds a result against what may stand in a head. */
static enum dk_error result_check(const struct document_scope *scope, const pb_result *result) {
    const pb_annotations *found = result->annotations;
    const pb_near *near = result->near_found;
    enum dk_error error = document_id_check(scope->call, "result", result->document_id);
    if (error == DK_OK && near != NULL) {
        error = document_id_check(scope->call, "near_found", near->document_id);
    }
    if (error == DK_OK && near != NULL && !(near->similarity >= 0 && near->similarity <= 1)) {
        error = dk_call_fail(
            scope->call,
            DK_INVALID,
            "result of '%s': similarity %g is not from 0 to 1",
            result->document_id,
            near->similarity);
    }
    if (error != DK_OK || found == NULL) {
        return error;
    }
    if (found->language != NULL && !is_language(found->language->code)) {
        return dk_call_fail(
            scope->call,
            DK_INVALID,
            "result of '%s': language '%.40s' is no code",
            result->document_id,
            found->language->code);
    }
    const size_t bytes = protobuf_c_message_get_packed_size(&found->base);
    if (bytes > ANNOTATE_BYTES_MAX) {
        return dk_call_fail(
            scope->call,
            DK_INVALID,
            "result of '%s': %zu bytes are above %d",
            result->document_id,
            bytes,
            ANNOTATE_BYTES_MAX);
    }
    return DK_OK;
}

static enum dk_verdict annotate(struct dk_call *call, const struct dk_event *event) {
    struct ProtobufCMessage *message = NULL;
    struct document_scope scope;
    enum dk_error error = dk_call_read_json(
        call, &dapr_kit__compute__v1__compute_result__descriptor, event->data, &message);
    const pb_result *result = (const pb_result *)message;
    if (error == DK_OK) {
        error = document_scope_of(call, dk_bytes_of(result->tenant), &scope);
    }
    if (error == DK_OK) {
        error = result_check(&scope, result);
    }
    if (error != DK_OK) {
        return error == DK_INVALID ? DK_VERDICT_DROP : DK_VERDICT_RETRY;
    }
    if (result->annotations == NULL && result->near_found == NULL) {
        dk_log(
            DK_LOG_INFO,
            "annotate",
            "nothing was computed",
            "tenant=%s id=%s reason=%s",
            result->tenant,
            result->document_id,
            result->error);
        return DK_VERDICT_DONE;
    }
    error = DK_ETAG_MISMATCH;
    for (int i = 0; i < ANNOTATE_TRIES_MAX && error == DK_ETAG_MISMATCH && !dk_call_is_over(call);
         i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        error = annotate_once(&scope, result);
        dk_call_memory_end(call, memory);
    }
    return error == DK_OK ? DK_VERDICT_DONE : DK_VERDICT_RETRY;
}

/* Not daprd's own deadLetterTopic: it takes every event that was not handled, at the first try, also for
 * a store that is away for a moment. */
static enum dk_verdict bury(struct dk_call *call, const struct dk_event *event) {
    const struct dk_pair metadata[] = {
        {.key = DK_BYTES("cloudevent.id"), .value = event->id},
        {.key = DK_BYTES("dead-letter-reason"), .value = dk_bytes_of(dk_call_fault(call)->text)}};
    const struct dk_daprd_message message = {
        .data = event->data,
        .content_type = event->content_type,
        .metadata = {.items = metadata, .count = sizeof metadata / sizeof metadata[0]}};

    return dk_daprd_publish(call, DOCUMENT_PUBSUB, DOCUMENT_TOPIC_RESULTS_DEAD, &message) == DK_OK
               ? DK_VERDICT_DROP
               : DK_VERDICT_RETRY;
}

enum dk_verdict document_annotate(struct dk_call *call, const struct dk_event *event) {
    enum dk_verdict verdict = annotate(call, event);
    if (verdict == DK_VERDICT_DROP) {
        verdict = bury(call, event);
    }
    document_metrics_annotated(verdict);
    return verdict;
}
