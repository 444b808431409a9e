/*
 * From an application's rows to its OpenAPI page.
 */
#include "wire/pbc/openapi.h"

#include "wire/pbc/json.h"
#include "wire/pbc/json_field.h"

#include <ctype.h>
#include <dk/app.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 256 };

static bool set(json_t *object, const char *name, json_t *value) {
    return json_object_set_new(object, name, value) == 0;
}

static bool append(json_t *list, json_t *value) {
    return json_array_append_new(list, value) == 0;
}

/* ── parameters ─────────────────────────────────────────────────────────────────────────────── */

/* Whether the path has {name} in it, by the field's proto or JSON name. */
static bool is_in_path(const char *path, const ProtobufCFieldDescriptor *field) {
    char name[DK__JSON_NAME_BYTES];
    char braced[DK__JSON_NAME_BYTES + 2];
    dk__json_name(field->name, name);
    (void)snprintf(braced, sizeof braced, "{%s}", name);
    if (strstr(path, braced) != NULL) {
        return true;
    }
    (void)snprintf(braced, sizeof braced, "{%s}", field->name);
    return strstr(path, braced) != NULL;
}

/* A query string has scalars and lists of them. */
static bool is_in_query(const struct dk_app_method *method, const ProtobufCFieldDescriptor *field) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || is_in_path(method->path, field)) {
        return false;
    }
    if (method->body == NULL) {
        return true;
    }
    return strcmp(method->body, "*") != 0 && strcmp(method->body, field->name) != 0;
}

/* The name as the path has it, which may be the proto's or JSON's. */
static const char *name_in_path(
    const char *path, const ProtobufCFieldDescriptor *field, const char *json_name) {
    char braced[DK__JSON_NAME_BYTES + 2];
    (void)snprintf(braced, sizeof braced, "{%s}", json_name);
    return strstr(path, braced) != NULL ? json_name : field->name;
}

static bool add_parameter(
    json_t *parameters,
    const struct dk__openapi *page,
    const struct dk_app_method *method,
    const ProtobufCFieldDescriptor *field) {
    const bool is_path = is_in_path(method->path, field);
    char name[DK__JSON_NAME_BYTES];
    char symbol[TEXT_BYTES];
    if (!is_path && !is_in_query(method, field)) {
        return true;
    }
    dk__json_name(field->name, name);
    json_t *parameter = json_pack(
        "{s:s, s:s, s:b, s:o}",
        "name",
        is_path ? name_in_path(method->path, field, name) : name,
        "in",
        is_path ? "path" : "query",
        "required",
        is_path,
        "schema",
        dk__json_schema_of(field));
    (void)snprintf(symbol, sizeof symbol, "%s.%s", method->request->name, field->name);
    const char *text = dk__json_comment(&page->comments, symbol);
    return append(parameters, parameter) &&
           (text == NULL || set(parameter, "description", json_string(text)));
}

/* ── bodies ─────────────────────────────────────────────────────────────────────────────────── */

static json_t *json_content(json_t *schema) {
    return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

/* What `body` says of `descriptor`: the message, a message of it, or bytes as they are. */
static json_t *content_of(const ProtobufCMessageDescriptor *descriptor, const char *body) {
    const ProtobufCFieldDescriptor *field =
        body == NULL ? NULL : dk__json_field(descriptor, dk_bytes_of(body));
    if (field == NULL) {
        return json_content(dk__json_schema_of_message(descriptor));
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return json_content(dk__json_schema_of(field));
    }
    return json_pack("{s:{s:{s:s}}}", "*/*", "schema", "type", "string");
}

static bool add_messages(
    json_t *schemas, const struct dk__openapi *page, const struct dk_app_method *method) {
    return dk__json_schemas_add(schemas, method->request, &page->comments) &&
           dk__json_schemas_add(schemas, method->answer, &page->comments);
}

/* ── operations ─────────────────────────────────────────────────────────────────────────────── */

static json_t *responses_of(const struct dk_app_method *method) {
    return json_pack(
        "{s:{s:s, s:o}, s:{s:s, s:o}}",
        "200",
        "description",
        method->answer->short_name,
        "content",
        content_of(method->answer, method->answer_body),
        "default",
        "description",
        "What went wrong, in words; the HTTP status follows from the code.",
        "content",
        json_content(json_pack("{s:s}", "$ref", "#/components/schemas/Error")));
}

static json_t *operation_of(
    const struct dk__openapi *page,
    const struct dk_app_service *service,
    const struct dk_app_method *method) {
    char symbol[TEXT_BYTES];
    const char *dot = strrchr(service->name, '.');
    json_t *operation = json_pack(
        "{s:s, s:[s], s:o}",
        "operationId",
        method->name,
        "tags",
        dot == NULL ? service->name : dot + 1,
        "responses",
        responses_of(method));
    json_t *parameters = json_array();
    (void)snprintf(symbol, sizeof symbol, "%s.%s", service->name, method->name);
    const char *text = dk__json_comment(&page->comments, symbol);
    bool is_good = text == NULL || set(operation, "description", json_string(text));
    for (unsigned i = 0; i < method->request->n_fields && is_good; i++) {
        is_good = add_parameter(parameters, page, method, &method->request->fields[i]);
    }
    is_good = set(operation, "parameters", parameters) && is_good;
    if (is_good && method->body != NULL) {
        is_good =
            set(operation,
                "requestBody",
                json_pack("{s:o}", "content", content_of(method->request, method->body)));
    }
    if (!is_good) {
        json_decref(operation);
        return NULL;
    }
    return operation;
}

static bool add_method(
    json_t *paths,
    const struct dk__openapi *page,
    const struct dk_app_service *service,
    const struct dk_app_method *method) {
    char verb[TEXT_BYTES] = "";
    json_t *path = json_object_get(paths, method->path);
    if (path == NULL) {
        path = json_object();
        if (!set(paths, method->path, path)) {
            return false;
        }
    }
    for (size_t i = 0; method->verb[i] != '\0' && i + 1 < sizeof verb; i++) {
        verb[i] = (char)tolower((unsigned char)method->verb[i]);
    }
    return set(path, verb, operation_of(page, service, method));
}

/* ── the page ───────────────────────────────────────────────────────────────────────────────── */

/* What daprd makes of an error: gRPC's code, the words, the details. */
static json_t *error_schema(void) {
    return json_pack(
        "{s:s, s:{s:{s:s, s:s}, s:{s:s}, s:{s:s, s:{s:s}}}}",
        "type",
        "object",
        "properties",
        "code",
        "type",
        "integer",
        "description",
        "gRPC's status code",
        "message",
        "type",
        "string",
        "details",
        "type",
        "array",
        "items",
        "type",
        "object");
}

static json_t *head_of(const struct dk__openapi *page, json_t *paths, json_t *schemas) {
    return json_pack(
        "{s:s, s:{s:s, s:s}, s:[{s:s, s:s, s:{s:{s:s}}}], s:O, s:{s:O}}",
        "openapi",
        "3.1.0",
        "info",
        "title",
        page->title,
        "version",
        page->version,
        "servers",
        "url",
        "http://localhost:3500/v1.0/invoke/{app_id}/method",
        "description",
        "Through daprd's service invocation.",
        "variables",
        "app_id",
        "default",
        page->app_id,
        "paths",
        paths,
        "components",
        "schemas",
        schemas);
}

char *dk__openapi_write(const struct dk__openapi *page) {
    json_t *paths = json_object();
    json_t *schemas = json_object();
    bool is_good = set(schemas, "Error", error_schema());
    for (const struct dk_app_service *service = page->services; service->name != NULL; service++) {
        for (const struct dk_app_method *method = service->methods; method->name != NULL;
             method++) {
            is_good =
                is_good && (method->verb == NULL || (add_method(paths, page, service, method) &&
                                                     add_messages(schemas, page, method)));
        }
    }
    json_t *root = is_good ? head_of(page, paths, schemas) : NULL;
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    json_decref(paths);
    json_decref(schemas);
    return text;
}
