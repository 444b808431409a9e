/* Patch: RFC 7396 over the members of a document. */
#include "document/patch.h"

#include "document/change.h"
#include "document/methods.h"

#include <string.h>

#define KIND(word) GOOGLE__PROTOBUF__VALUE__KIND_##word##_VALUE

typedef Google__Protobuf__Struct__FieldsEntry pb_member;

/* ── RFC 7396 ───────────────────────────────────────────────────────────────────────────────── */

static bool is_null(const pb_value *value) {
    return value == NULL || value->kind_case == KIND(NULL);
}

static size_t member_find(const pb_struct *object, const char *name) {
    size_t index = 0;

    while (index < object->n_fields && strcmp(object->fields[index]->key, name) != 0) {
        index++;
    }
    return index;
}

static void member_drop(pb_struct *object, size_t index) {
    object->n_fields--;
    memmove(
        &object->fields[index],
        &object->fields[index + 1],
        (object->n_fields - index) * sizeof *object->fields);
}

static enum dk_error merge(
    struct dk_call *call,
    const pb_struct *target,
    const pb_struct *patch,
    int depth,
    pb_struct **ret_merged);

/* What a member becomes: an object is merged, into an empty one if need be. */
/* NOLINTNEXTLINE(misc-no-recursion): at most DOCUMENT_ATTRIBUTES_DEPTH_MAX levels */
static enum dk_error value_merge(
    struct dk_call *call,
    const pb_value *target,
    pb_value *patch,
    int depth,
    pb_value **ret_value) {
    if (patch->kind_case != KIND(STRUCT)) {
        *ret_value = patch;
        return DK_OK;
    }
    const bool is_object = target != NULL && target->kind_case == KIND(STRUCT);
    pb_value *value = dk_call_take(call, sizeof *value);
    if (value == NULL) {
        return document_no_memory(call);
    }
    google__protobuf__value__init(value);
    value->kind_case = KIND(STRUCT);
    *ret_value = value;
    return merge(
        call,
        is_object ? target->struct_value : NULL,
        patch->struct_value,
        depth + 1,
        &value->struct_value);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error member_merge(
    struct dk_call *call, const pb_member *patch, int depth, pb_struct *merged) {
    const size_t index = member_find(merged, patch->key);
    const bool is_there = index < merged->n_fields;

    if (is_null(patch->value)) {
        if (is_there) {
            member_drop(merged, index);
        }
        return DK_OK;
    }
    pb_member *member = dk_call_take(call, sizeof *member);
    if (member == NULL) {
        return document_no_memory(call);
    }
    google__protobuf__struct__fields_entry__init(member);
    member->key = patch->key;
    const enum dk_error error = value_merge(
        call, is_there ? merged->fields[index]->value : NULL, patch->value, depth, &member->value);
    merged->fields[index] = member;
    merged->n_fields += is_there ? 0 : 1;
    return error;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static enum dk_error merge(
    struct dk_call *call,
    const pb_struct *target,
    const pb_struct *patch,
    int depth,
    pb_struct **ret_merged) {
    const size_t there = target == NULL ? 0 : target->n_fields;
    pb_struct *merged = dk_call_take(call, sizeof *merged);
    pb_member **fields = dk_call_take(call, (there + patch->n_fields + 1) * sizeof(pb_member *));

    if (depth > DOCUMENT_ATTRIBUTES_DEPTH_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "patch: it nests deeper than %d levels",
            DOCUMENT_ATTRIBUTES_DEPTH_MAX);
    }
    if (merged == NULL || fields == NULL) {
        return document_no_memory(call);
    }
    google__protobuf__struct__init(merged);
    if (there > 0) {
        memcpy(fields, target->fields, there * sizeof *fields);
    }
    merged->fields = fields;
    merged->n_fields = there;
    for (size_t i = 0; i < patch->n_fields; i++) {
        const enum dk_error error = member_merge(call, patch->fields[i], depth, merged);
        if (error != DK_OK) {
            return error;
        }
    }
    *ret_merged = merged;
    return DK_OK;
}

enum dk_error document_merge(
    struct dk_call *call, const pb_struct *target, const pb_struct *patch, pb_struct **ret_merged) {
    return merge(call, target, patch, 0, ret_merged);
}

/* ── a document's members ───────────────────────────────────────────────────────────────────── */

static enum dk_error not_wanted(struct dk_call *call, const char *name, const char *wanted) {
    return dk_call_fail(call, DK_INVALID, "patch.%s: %s is wanted, or null", name, wanted);
}

static enum dk_error text_patch(
    struct dk_call *call, const char *name, const pb_value *value, const char **text) {
    if (is_null(value)) {
        *text = "";
        return DK_OK;
    }
    if (value->kind_case != KIND(STRING)) {
        return not_wanted(call, name, "a string");
    }
    *text = value->string_value;
    return DK_OK;
}

static enum dk_error attributes_patch(
    struct dk_call *call, const pb_value *value, pb_struct **attributes) {
    if (is_null(value)) {
        *attributes = NULL;
        return DK_OK;
    }
    if (value->kind_case != KIND(STRUCT)) {
        return not_wanted(call, "attributes", "an object");
    }
    return document_merge(call, *attributes, value->struct_value, attributes);
}

/* An array is replaced, not merged. */
static enum dk_error tags_patch(
    struct dk_call *call, const pb_value *value, struct document_input *input) {
    if (is_null(value)) {
        input->tag_count = 0;
        return DK_OK;
    }
    if (value->kind_case != KIND(LIST)) {
        return not_wanted(call, "tags", "an array of strings");
    }
    const size_t count = value->list_value->n_values;
    char **tags = dk_call_take(call, (count + 1) * sizeof *tags);
    if (tags == NULL) {
        return document_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        if (value->list_value->values[i]->kind_case != KIND(STRING)) {
            return not_wanted(call, "tags", "an array of strings");
        }
        tags[i] = value->list_value->values[i]->string_value;
    }
    input->tags = tags;
    input->tag_count = count;
    return DK_OK;
}

static enum dk_error member_patch(
    struct dk_call *call,
    const char *name,
    const pb_value *value,
    struct document_input *input,
    bool *ret_has_text) {
    const char *text = NULL;

    if (strcmp(name, "title") == 0) {
        return text_patch(call, name, value, &input->title);
    }
    if (strcmp(name, "content_type") == 0 || strcmp(name, "contentType") == 0) {
        return text_patch(call, name, value, &input->content_type);
    }
    if (strcmp(name, "attributes") == 0) {
        return attributes_patch(call, value, &input->attributes);
    }
    if (strcmp(name, "tags") == 0) {
        return tags_patch(call, value, input);
    }
    if (strcmp(name, "text") == 0) {
        const enum dk_error error = text_patch(call, name, value, &text);
        input->is_text = true;
        input->content = dk_bytes_of(text);
        *ret_has_text = true;
        return error;
    }
    return dk_call_fail(
        call,
        DK_INVALID,
        "patch.%.80s: is no member to patch; there are title, attributes, tags, text, content_type",
        name);
}

enum dk_error document_patch_apply(
    struct dk_call *call,
    const pb_struct *patch,
    struct document_input *input,
    bool *ret_has_text) {
    *ret_has_text = false;
    for (size_t i = 0; i < patch->n_fields; i++) {
        const enum dk_error error =
            member_patch(call, patch->fields[i]->key, patch->fields[i]->value, input, ret_has_text);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

/* ── Patch ──────────────────────────────────────────────────────────────────────────────────── */

struct patching {
    const pb_struct *patch;
    struct document_reference *content; /* NULL: not made yet, or the content stays */
};

static enum dk_error patch_run(
    const struct document_scope *scope, struct document_next *next, void *context) {
    struct patching *patching = context;
    const pb_document *there = &next->document;
    struct document_input input = {
        .title = there->title,
        .attributes = there->attributes,
        .tags = there->tags,
        .tag_count = there->n_tags,
        .content_type = there->content_type,
        .is_text = next->head.is_text,
    };
    bool has_text = false;
    enum dk_error error = document_patch_apply(scope->call, patching->patch, &input, &has_text);

    if (error == DK_OK) {
        error = document_input_check(scope->call, &input);
    }
    if (error != DK_OK) {
        return error;
    }
    document_input_apply(&input, &next->document);
    if (!has_text) {
        return DK_OK;
    }
    if (patching->content == NULL) {
        patching->content = document_reference_of(scope->call, &input);
    }
    return patching->content == NULL ? DK_EXHAUSTED
                                     : document_refer(scope, next, patching->content);
}

enum dk_error documents_patch(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Document__V1__PatchRequest *wanted = (const void *)request;
    struct patching patching = {.patch = wanted->patch};
    struct document_scope scope = {0};
    enum dk_error error = document_scope_open(call, &scope);

    if (error == DK_OK) {
        error = document_id_check(call, "document", wanted->id);
    }
    if (error == DK_OK && wanted->patch == NULL) {
        error = dk_call_fail(call, DK_INVALID, "patch: an object is wanted");
    }
    if (error != DK_OK) {
        return error;
    }
    return document_change(
        &scope,
        &(struct document_edit){
            .id = wanted->id,
            .if_match = document_condition(call, wanted->if_match, "if-match"),
            .change = PB_CHANGE(UPDATED),
            .run = patch_run,
            .context = &patching},
        (pb_document *)answer);
}
