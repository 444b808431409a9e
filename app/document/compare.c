/* Diff: what changed from one version of a document to another. */
#include "document/content.h"
#include "document/diff.h"
#include "document/head.h"
#include "document/input.h"
#include "document/methods.h"
#include "document/version.h"

#include <dk/utf8.h>
#include <inttypes.h>
#include <string.h>

enum { FIELDS_MAX = 6, CONTEXT_DEFAULT = 3 };

struct side {
    const pb_document *document;
    bool is_text;
};

static bool tags_equal(const pb_document *left, const pb_document *right) {
    if (left->n_tags != right->n_tags) {
        return false;
    }
    for (size_t i = 0; i < left->n_tags; i++) {
        if (strcmp(left->tags[i], right->tags[i]) != 0) {
            return false;
        }
    }
    return true;
}

static enum dk_error fields_compare(
    struct dk_call *call,
    const struct side *from,
    const struct side *to,
    DaprKit__Document__V1__DiffAnswer *answer) {
    const pb_document *left = from->document, *right = to->document;
    const struct {
        const char *name;
        bool is_equal;
    } fields[FIELDS_MAX] = {
        {"title", strcmp(left->title, right->title) == 0},
        {"attributes", document_attributes_equal(call, left->attributes, right->attributes)},
        {"tags", tags_equal(left, right)},
        {"content", strcmp(left->content_sha256, right->content_sha256) == 0},
        {"content_type", strcmp(left->content_type, right->content_type) == 0},
        {"deleted", left->deleted == right->deleted},
    };

    answer->changed_fields = dk_call_take(call, FIELDS_MAX * sizeof(char *));
    if (answer->changed_fields == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        if (!fields[i].is_equal) {
            answer->changed_fields[answer->n_changed_fields++] = pb_text(fields[i].name);
        }
    }
    return DK_OK;
}

/* A content, chunk by chunk. */
static enum dk_error content_read(
    const struct document_scope *scope,
    const pb_document *document,
    size_t size,
    struct dk_bytes *ret_bytes) {
    char *bytes = dk_call_take(scope->call, size + 1);
    enum dk_error error = DK_OK;

    if (bytes == NULL) {
        return document_no_memory(scope->call);
    }
    for (size_t offset = 0; error == DK_OK && offset < size;) {
        const struct dk_call_memory memory = dk_call_memory_begin(scope->call);
        struct dk_bytes piece = {0};
        error = document_content_read(
            scope, document->content_sha256, offset, DOCUMENT_CHUNK_BYTES, &piece);
        if (error == DK_OK && piece.data != NULL) {
            const size_t wanted = piece.size < size - offset ? piece.size : size - offset;
            memcpy(bytes + offset, piece.data, wanted);
            offset += wanted;
        }
        dk_call_memory_end(scope->call, memory);
    }
    *ret_bytes = (struct dk_bytes){.data = bytes, .size = size};
    return error;
}

/* What the answer's string can carry: UTF-8 without NUL, which would end it. A beginning may be cut
 * within its last character. */
static bool is_text(struct dk_bytes bytes, bool is_beginning) {
    enum { CUT_BYTES_MAX = 3 };
    const size_t cut_max = is_beginning ? CUT_BYTES_MAX : 0;

    if (bytes.size > 0 && memchr(bytes.data, '\0', bytes.size) != NULL) {
        return false;
    }
    for (size_t cut = 0; cut <= cut_max && cut <= bytes.size; cut++) {
        if (dk_utf8_is_valid((struct dk_bytes){.data = bytes.data, .size = bytes.size - cut})) {
            return true;
        }
    }
    return false;
}

static bool is_long(const struct side *side) {
    return side->document->size > DOCUMENT_DIFF_BYTES_MAX;
}

/* Reads a side's content, of one that is too long the first chunk, and says whether it is text,
 * however it came. */
static enum dk_error side_read(
    const struct document_scope *scope,
    const struct side *side,
    struct dk_bytes *ret_bytes,
    bool *ret_is_text) {
    const size_t size = is_long(side) ? DOCUMENT_CHUNK_BYTES : (size_t)side->document->size;
    const enum dk_error error = content_read(scope, side->document, size, ret_bytes);

    if (error == DK_OK) {
        *ret_is_text = side->is_text || is_text(*ret_bytes, is_long(side));
    }
    return error;
}

static enum dk_error length_check(const struct document_scope *scope, const struct side *side) {
    return !is_long(side)
               ? DK_OK
               : dk_call_fail(
                     scope->call,
                     DK_INVALID,
                     "diff: version %" PRIu64 " is a text of %" PRIu64 " bytes, %d are compared",
                     side->document->version,
                     side->document->size,
                     DOCUMENT_DIFF_BYTES_MAX);
}

static enum dk_error texts_compare(
    const struct document_scope *scope,
    const struct side *from,
    const struct side *to,
    size_t context,
    DaprKit__Document__V1__DiffAnswer *answer) {
    struct dk_bytes old_text = {0}, new_text = {0};
    struct document_diff diff = {0};
    bool old_is_text = false, new_is_text = false;
    enum dk_error error = side_read(scope, from, &old_text, &old_is_text);

    if (error == DK_OK) {
        error = side_read(scope, to, &new_text, &new_is_text);
    }
    if (error == DK_OK && !(old_is_text && new_is_text)) {
        answer->binary = true;
        return DK_OK;
    }
    if (error == DK_OK) {
        error = length_check(scope, from);
    }
    if (error == DK_OK) {
        error = length_check(scope, to);
    }
    if (error == DK_OK) {
        error = document_diff_make(scope->call, old_text, new_text, &diff);
    }
    if (error != DK_OK) {
        return error;
    }
    const char *id = to->document->id;
    const char *from_name = dk_call_format(scope->call, "%s@%" PRIu64, id, answer->from);
    const char *to_name = dk_call_format(scope->call, "%s@%" PRIu64, id, answer->to);
    if (from_name == NULL || to_name == NULL) {
        return document_no_memory(scope->call);
    }
    answer->lines_removed = diff.removed;
    answer->lines_added = diff.added;
    return document_diff_unified(scope->call, &diff, from_name, to_name, context, &answer->unified);
}

static enum dk_error sides_read(
    const struct document_scope *scope,
    const DaprKit__Document__V1__DiffRequest *wanted,
    struct side *from,
    struct side *to) {
    struct document_head head = {0};
    enum dk_error error = document_head_want(scope, wanted->id, true, &head);

    if (error == DK_OK) {
        error = document_version_read(scope, head.record, wanted->to, &to->document, &to->is_text);
    }
    if (error != DK_OK) {
        return error;
    }
    const uint64_t before = wanted->from != 0 ? wanted->from : to->document->version - 1;
    if (before == 0) {
        (void)dk_call_fail(
            scope->call, DK_NOT_FOUND, "document '%s': nothing is before version 1", wanted->id);
        return DK_NOT_FOUND;
    }
    return document_version_read(scope, head.record, before, &from->document, &from->is_text);
}

enum dk_error documents_diff(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__DiffRequest *wanted = (const void *)request;
    DaprKit__Document__V1__DiffAnswer *difference = (void *)answer;
    const size_t context = wanted->context == 0 ? CONTEXT_DEFAULT : wanted->context;
    struct document_scope scope = {0};
    struct side from = {0}, to = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK && wanted->context > DOCUMENT_DIFF_CONTEXT_MAX) {
        error = dk_call_fail(
            call,
            DK_INVALID,
            "context: %" PRIu32 " is above %d",
            wanted->context,
            DOCUMENT_DIFF_CONTEXT_MAX);
    }
    if (error == DK_OK) {
        error = sides_read(&scope, wanted, &from, &to);
    }
    if (error == DK_OK) {
        error = fields_compare(call, &from, &to, difference);
    }
    if (error != DK_OK) {
        return error;
    }
    difference->from = from.document->version;
    difference->to = to.document->version;
    if (strcmp(from.document->content_sha256, to.document->content_sha256) == 0) {
        return DK_OK;
    }
    return texts_compare(&scope, &from, &to, context, difference);
}
