/*
 * Bodies of HTTP requests and answers, by the descriptors of the messages they belong to.
 */
#include "wire/grpc/app_body.h"

#include "wire/grpc/app.h"
#include "wire/pbc/json.h"
#include "wire/pbc/json_field.h"
#include "wire/pbc/json_scalar.h"

#include <stdbool.h>

/* The field that has the type of a body that is taken or sent as it is. */
static const struct dk_bytes type_name = DK_BYTES("content_type");

static bool is_whole(const char *body) {
    return body[0] == '*' && body[1] == '\0';
}

static const ProtobufCFieldDescriptor *field_of(
    const ProtobufCMessageDescriptor *descriptor, const char *name) {
    return dk__json_field(descriptor, dk_bytes_of(name));
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error row_fault(
    const struct dk_app_method *method, const char *what, const char *why, struct dk_fault *fault) {
    return dk_fault_set(fault, DK_INVALID, "%s: '%s' %s", method->name, what, why);
}

/* A field that is a body: one message, bytes or a string. */
static enum dk_error body_check(
    const struct dk_app_method *method,
    const ProtobufCMessageDescriptor *descriptor,
    const char *name,
    struct dk_fault *fault) {
    const ProtobufCFieldDescriptor *field = field_of(descriptor, name);
    if (field == NULL) {
        return row_fault(method, name, "is to be a body and is no field of its message", fault);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED ||
        (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_BYTES &&
         field->type != PROTOBUF_C_TYPE_STRING)) {
        return row_fault(
            method, name, "is to be a body: one message, bytes or one string are wanted", fault);
    }
    const ProtobufCFieldDescriptor *type = dk__json_field(descriptor, type_name);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && type != NULL &&
        (type->type != PROTOBUF_C_TYPE_STRING || type->label == PROTOBUF_C_LABEL_REPEATED)) {
        return row_fault(method, type->name, "is to be a body's type: one string is wanted", fault);
    }
    return DK_OK;
}

/* Whether a path's {name}, "page.size" for one within, leads to a field that a text can set. */
static bool is_settable(const ProtobufCMessageDescriptor *descriptor, struct dk_bytes name) {
    for (;;) {
        const char *dot = memchr(name.data, '.', name.size);
        const size_t size = dot == NULL ? name.size : (size_t)(dot - name.data);
        const ProtobufCFieldDescriptor *field =
            dk__json_field(descriptor, (struct dk_bytes){name.data, size});
        if (field == NULL || (dot == NULL) == (field->type == PROTOBUF_C_TYPE_MESSAGE)) {
            return false;
        }
        if (dot == NULL) {
            return true;
        }
        descriptor = dk__json_message_of(field);
        name = (struct dk_bytes){dot + 1, name.size - size - 1};
    }
}

static enum dk_error path_check(const struct dk_app_method *method, struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    const char *open = method->path;
    while (open != NULL && (open = strchr(open, '{')) != NULL) {
        const char *close = strchr(open, '}');
        if (close != NULL &&
            !is_settable(
                method->request, (struct dk_bytes){open + 1, (size_t)(close - open) - 1})) {
            error = row_fault(
                method, method->path, "has a name that is no field of its request", fault);
        }
        open = close;
    }
    return error;
}

enum dk_error dk__app_method_check(const struct dk_app_method *method, struct dk_fault *fault) {
    if (method->run == NULL || method->request == NULL || method->answer == NULL) {
        return dk_fault_set(
            fault, DK_INVALID, "%s: has no handler, no request or no answer", method->name);
    }
    enum dk_error error = path_check(method, fault);
    if ((method->verb == NULL) != (method->path == NULL) ||
        (method->verb == NULL && (method->body != NULL || method->answer_body != NULL))) {
        error = dk_fault_set(
            fault, DK_INVALID, "%s: verb and path, or neither and no body", method->name);
    }
    if (method->body != NULL && !is_whole(method->body) &&
        body_check(method, method->request, method->body, fault) != DK_OK) {
        error = DK_INVALID;
    }
    if (method->answer_body != NULL &&
        body_check(method, method->answer, method->answer_body, fault) != DK_OK) {
        error = DK_INVALID;
    }
    return error;
}

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

static bool is_json(struct dk_bytes content_type) {
    static const struct dk_bytes json = DK_BYTES("application/json");
    static const struct dk_bytes patch = DK_BYTES("application/merge-patch+json");
    const char *end = memchr(content_type.data, ';', content_type.size);
    if (end != NULL) {
        content_type.size = (size_t)(end - content_type.data);
    }
    return content_type.size == 0 || dk_bytes_equal(content_type, json) ||
           dk_bytes_equal(content_type, patch);
}

static enum dk_error read_json(
    struct dk_call *call, const struct dk__app_invoke *invoke, ProtobufCMessage *message) {
    if (!is_json(invoke->content_type)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "content-type: '%s' is not application/json",
            invoke->content_type.data);
    }
    return dk__json_read(invoke->data, &call->task.call.arena, message, &call->fault);
}

/* A body as it is, with its type beside it. */
static enum dk_error read_plain(
    struct dk_call *call,
    const struct dk__app_invoke *invoke,
    const ProtobufCFieldDescriptor *field,
    ProtobufCMessage *request) {
    struct dk__arena *arena = &call->task.call.arena;
    enum dk_error error = DK_OK;
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData data = {
            .data = (uint8_t *)(uintptr_t)invoke->data.data, .len = invoke->data.size};
        memcpy(dk__json_place(request, field), &data, sizeof data);
        dk__json_mark_set(request, field);
    } else {
        error =
            dk__json_set_text(dk_bytes_of(field->name), invoke->data, arena, request, &call->fault);
    }
    if (error == DK_OK && dk__json_field(request->descriptor, type_name) != NULL) {
        error = dk__json_set_text(type_name, invoke->content_type, arena, request, &call->fault);
    }
    return error;
}

enum dk_error dk__app_body_read(
    struct dk_call *call, const struct dk__app_invoke *invoke, ProtobufCMessage *request) {
    const struct dk_app_method *method = call->method;
    if (method->body == NULL) {
        return invoke->data.size == 0
                   ? DK_OK
                   : dk_call_fail(
                         call, DK_INVALID, "%s %s: takes no body", method->verb, method->path);
    }
    const ProtobufCFieldDescriptor *field =
        is_whole(method->body) ? NULL : field_of(request->descriptor, method->body);
    if (field != NULL && field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return read_plain(call, invoke, field, request);
    }
    if (invoke->data.size == 0) {
        return DK_OK;
    }
    if (field == NULL) {
        return read_json(call, invoke, request);
    }
    const ProtobufCMessageDescriptor *descriptor = dk__json_message_of(field);
    ProtobufCMessage *message = dk_call_take(call, descriptor->sizeof_message);
    if (message == NULL) {
        return dk_call_fail(
            call, DK_EXHAUSTED, "%s: takes more memory than arena-bytes-max", method->name);
    }
    protobuf_c_message_init(descriptor, message);
    memcpy(dk__json_place(request, field), &message, sizeof(ProtobufCMessage *));
    dk__json_mark_set(request, field);
    return read_json(call, invoke, message);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes string_of(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const char *text = *(const char *const *)(const void *)((const char *)message + field->offset);
    return dk_bytes_of(text == NULL || !dk__json_is_set(message, field) ? "" : text);
}

static struct dk_bytes bytes_of(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    ProtobufCBinaryData data;
    memcpy(&data, (const char *)message + field->offset, sizeof data);
    if (data.len == 0 || !dk__json_is_set(message, field)) {
        return dk_bytes_of("");
    }
    return (struct dk_bytes){(const char *)data.data, data.len};
}

/* The body's type as the handler has set it, or one that fits. Absent: it is none. */
static struct dk_bytes type_of(
    struct dk_call *call, const ProtobufCMessage *answer, const char *otherwise) {
    const ProtobufCFieldDescriptor *field = dk__json_field(answer->descriptor, type_name);
    const struct dk_bytes type = field == NULL ? dk_bytes_of("") : string_of(answer, field);
    if (type.size == 0) {
        return dk_bytes_of(otherwise);
    }
    if (!dk__app_is_header_value(type)) {
        (void)dk_call_fail(
            call, DK_INTERNAL, "%s: '%s' is no content type", call->method->name, type.data);
        return (struct dk_bytes){0};
    }
    return type;
}

struct dk_bytes dk__app_body_write(
    struct dk_call *call, const ProtobufCMessage *answer, struct dk_bytes *ret_content_type) {
    const char *name = call->method->answer_body;
    const ProtobufCFieldDescriptor *field =
        name == NULL ? NULL : field_of(answer->descriptor, name);
    if (field != NULL && field->type != PROTOBUF_C_TYPE_MESSAGE) {
        const bool is_string = field->type == PROTOBUF_C_TYPE_STRING;
        const struct dk_bytes type = type_of(
            call, answer, is_string ? "text/plain; charset=utf-8" : "application/octet-stream");
        if (type.data == NULL) {
            return type;
        }
        *ret_content_type = type;
        return is_string ? string_of(answer, field) : bytes_of(answer, field);
    }
    *ret_content_type = dk_bytes_of("application/json");
    if (field == NULL) {
        return dk_call_write_json(call, answer);
    }
    const ProtobufCMessage *message = NULL;
    memcpy(&message, (const char *)answer + field->offset, sizeof(ProtobufCMessage *));
    if (!dk__json_is_set(answer, field)) {
        return dk_bytes_of("null");
    }
    return dk_call_write_json(call, message);
}
