/* What callers may give, held against the bounds of docs/documents.md. */
#include "document/input.h"

#include <math.h>
#include <protobuf-c/protobuf-c.h>
#include <string.h>

struct document_input document_input_of(
    const char *title,
    pb_struct *attributes,
    char **tags,
    size_t tag_count,
    const char *content_type,
    struct dk_bytes data,
    const char *text) {
    return (struct document_input){
        .title = title,
        .attributes = attributes,
        .tags = tags,
        .tag_count = tag_count,
        .content_type = content_type,
        .is_text = data.data == NULL,
        .content = data.data != NULL ? data : dk_bytes_of(text == NULL ? "" : text),
    };
}

/* ── tags ───────────────────────────────────────────────────────────────────────────────────── */

static bool is_tag(const char *tag) {
    const size_t size = strlen(tag);

    if (size == 0 || size > DOCUMENT_TAG_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const char letter = tag[i];
        if (!(letter >= 'A' && letter <= 'Z') && !(letter >= 'a' && letter <= 'z') &&
            !(letter >= '0' && letter <= '9') && strchr("._:/-", letter) == NULL) {
            return false;
        }
    }
    return true;
}

static bool has_tag(char *const *tags, size_t count, const char *tag) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tags[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

enum dk_error document_tags_check(struct dk_call *call, char ***tags, size_t *count) {
    size_t kept = 0;

    if (*count > DOCUMENT_TAGS_MAX) {
        return dk_call_fail(
            call, DK_INVALID, "tags: %zu are given, %d are allowed", *count, DOCUMENT_TAGS_MAX);
    }
    char **list = dk_call_take(call, (*count + 1) * sizeof *list);
    if (list == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < *count; i++) {
        if (!is_tag((*tags)[i])) {
            return dk_call_fail(
                call,
                DK_INVALID,
                "tags[%zu]: '%.80s' is no tag; 1 to %d of A-Z a-z 0-9 . _ : / - are wanted",
                i,
                (*tags)[i],
                DOCUMENT_TAG_BYTES_MAX);
        }
        if (!has_tag(list, kept, (*tags)[i])) {
            list[kept++] = (*tags)[i];
        }
    }
    *tags = list;
    *count = kept;
    return DK_OK;
}

/* ── attributes ─────────────────────────────────────────────────────────────────────────────── */

static enum dk_error members_check(struct dk_call *call, const pb_struct *object, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most DOCUMENT_ATTRIBUTES_DEPTH_MAX levels */
static enum dk_error value_check(struct dk_call *call, const pb_value *value, int depth) {
    const int kind = value == NULL ? GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET : (int)value->kind_case;

    switch (kind) {
    case GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE:
        return members_check(call, value->struct_value, depth);
    case GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE:
        if (depth >= DOCUMENT_ATTRIBUTES_DEPTH_MAX) {
            break;
        }
        for (size_t i = 0; i < value->list_value->n_values; i++) {
            const enum dk_error error = value_check(call, value->list_value->values[i], depth + 1);
            if (error != DK_OK) {
                return error;
            }
        }
        return DK_OK;
    case GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE:
        if (!isfinite(value->number_value)) {
            return dk_call_fail(
                call, DK_INVALID, "attributes: a number is not finite; JSON has no such number");
        }
        return DK_OK;
    case GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET:
        return dk_call_fail(call, DK_INVALID, "attributes: a value is of no kind");
    default:
        return DK_OK;
    }
    return dk_call_fail(
        call,
        DK_INVALID,
        "attributes: they nest deeper than %d levels",
        DOCUMENT_ATTRIBUTES_DEPTH_MAX);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error members_check(struct dk_call *call, const pb_struct *object, int depth) {
    if (depth >= DOCUMENT_ATTRIBUTES_DEPTH_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "attributes: they nest deeper than %d levels",
            DOCUMENT_ATTRIBUTES_DEPTH_MAX);
    }
    for (size_t i = 0; i < object->n_fields; i++) {
        const enum dk_error error = value_check(call, object->fields[i]->value, depth + 1);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

static enum dk_error attributes_check(struct dk_call *call, const pb_struct *attributes) {
    if (attributes == NULL) {
        return DK_OK;
    }
    const enum dk_error error = members_check(call, attributes, 0);
    if (error != DK_OK) {
        return error;
    }
    const size_t size = protobuf_c_message_get_packed_size(&attributes->base);
    if (size > DOCUMENT_ATTRIBUTES_BYTES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "attributes: they have %zu bytes packed, %d are allowed",
            size,
            DOCUMENT_ATTRIBUTES_BYTES_MAX);
    }
    return DK_OK;
}

bool document_attributes_equal(
    struct dk_call *call, const pb_struct *left, const pb_struct *right) {
    const struct dk_bytes none = DK_BYTES("");
    const struct dk_bytes one = left == NULL ? none : dk_call_pack(call, &left->base);
    const struct dk_bytes other = right == NULL ? none : dk_call_pack(call, &right->base);

    return one.data != NULL && other.data != NULL && dk_bytes_equal(one, other);
}

/* ── the whole ──────────────────────────────────────────────────────────────────────────────── */

/* "type/subtype", perhaps with parameters: it becomes a header of HTTP. */
static bool is_type(const char *type) {
    const char *slash = strchr(type, '/');

    if (slash == NULL || slash == type || slash[1] == '\0' ||
        strlen(type) > DOCUMENT_TYPE_BYTES_MAX) {
        return false;
    }
    for (const char *at = type; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            return false;
        }
    }
    return true;
}

enum dk_error document_input_check(struct dk_call *call, struct document_input *input) {
    const size_t title_size = strlen(input->title);

    if (title_size > DOCUMENT_TITLE_BYTES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "title: it has %zu bytes, %d are allowed",
            title_size,
            DOCUMENT_TITLE_BYTES_MAX);
    }
    if (input->content.size > DOCUMENT_CONTENT_CALL_BYTES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "content: it has %zu bytes, %d are allowed in one call; see BeginUpload",
            input->content.size,
            DOCUMENT_CONTENT_CALL_BYTES_MAX);
    }
    if (input->content_type[0] == '\0') {
        input->content_type =
            input->is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
    } else if (!is_type(input->content_type)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "content_type: '%.80s' is no media type like 'text/plain', of at most %d printable "
            "characters",
            input->content_type,
            DOCUMENT_TYPE_BYTES_MAX);
    }
    const enum dk_error error = attributes_check(call, input->attributes);
    return error != DK_OK ? error : document_tags_check(call, &input->tags, &input->tag_count);
}

void document_input_apply(const struct document_input *input, pb_document *document) {
    document->title = pb_text(input->title);
    document->attributes = input->attributes;
    document->tags = input->tags;
    document->n_tags = input->tag_count;
    document->content_type = pb_text(input->content_type);
}

bool document_input_equals(
    struct dk_call *call, const struct document_input *input, const pb_document *document) {
    if (strcmp(input->title, document->title) != 0 || input->tag_count != document->n_tags ||
        strcmp(input->content_type, document->content_type) != 0) {
        return false;
    }
    for (size_t i = 0; i < input->tag_count; i++) {
        if (strcmp(input->tags[i], document->tags[i]) != 0) {
            return false;
        }
    }
    return document_attributes_equal(call, input->attributes, document->attributes);
}
