/*
 * From protobuf-c's descriptors to JSON Schema.
 */
#include "wire/pbc/json_schema.h"

#include "wire/pbc/json_field.h"

#include <stdio.h>

enum { SYMBOL_BYTES = 256 };

/* Takes `value`. A NULL value, which is jansson's for no memory, makes it fail. */
static bool set(json_t *object, const char *name, json_t *value) {
    return json_object_set_new(object, name, value) == 0;
}

static json_t *simple(const char *type, const char *format) {
    return format == NULL ? json_pack("{s:s}", "type", type)
                          : json_pack("{s:s, s:s}", "type", type, "format", format);
}

static json_t *enum_schema(const ProtobufCEnumDescriptor *words) {
    json_t *names = json_array();
    for (unsigned i = 0; i < words->n_values; i++) {
        if (json_array_append_new(names, json_string(words->values[i].name)) != 0) {
            json_decref(names);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

json_t *dk__json_schema_of_message(const ProtobufCMessageDescriptor *descriptor) {
    char reference[SYMBOL_BYTES];
    switch (dk__json_form(descriptor)) {
    case DK__JSON_TIMESTAMP:
        return simple("string", "date-time");
    case DK__JSON_DURATION:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$");
    case DK__JSON_STRUCT:
        return simple("object", NULL);
    case DK__JSON_VALUE:
        return json_object();
    case DK__JSON_LIST:
        return simple("array", NULL);
    case DK__JSON_PLAIN:
        break;
    }
    (void)snprintf(reference, sizeof reference, "#/components/schemas/%s", descriptor->name);
    return json_pack("{s:s}", "$ref", reference);
}

/* One value of the field, in a list or by itself. */
static json_t *value_schema(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return simple("integer", "int32");
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_pack(
            "{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum", (json_int_t)UINT32_MAX);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return simple("string", "int64");
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return simple("string", "uint64");
    case PROTOBUF_C_TYPE_FLOAT:
        return simple("number", "float");
    case PROTOBUF_C_TYPE_DOUBLE:
        return simple("number", "double");
    case PROTOBUF_C_TYPE_BOOL:
        return simple("boolean", NULL);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_schema(field->descriptor);
    case PROTOBUF_C_TYPE_STRING:
        return simple("string", NULL);
    case PROTOBUF_C_TYPE_BYTES:
        return json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");
    case PROTOBUF_C_TYPE_MESSAGE:
        return dk__json_schema_of_message(dk__json_message_of(field));
    }
    return NULL;
}

json_t *dk__json_schema_of(const ProtobufCFieldDescriptor *field) {
    if (dk__json_is_map(field)) {
        return json_pack(
            "{s:s, s:o}",
            "type",
            "object",
            "additionalProperties",
            value_schema(&dk__json_message_of(field)->fields[1]));
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return json_pack("{s:s, s:o}", "type", "array", "items", value_schema(field));
    }
    return value_schema(field);
}

/* Adds what people should read of "<message>.<field>", or of the message where field is NULL. */
static bool comment(
    json_t *schema,
    const ProtobufCMessageDescriptor *descriptor,
    const char *field,
    const struct dk__json_comments *comments) {
    char symbol[SYMBOL_BYTES];
    (void)snprintf(
        symbol,
        sizeof symbol,
        "%s%s%s",
        descriptor->name,
        field == NULL ? "" : ".",
        field == NULL ? "" : field);
    const char *text = dk__json_comment(comments, symbol);
    return text == NULL || set(schema, "description", json_string(text));
}

/* NOLINTNEXTLINE(misc-no-recursion): each message is added once */
static bool add_reached(
    json_t *schemas,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_comments *comments) {
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return true;
    }
    if (dk__json_is_map(field)) {
        const ProtobufCFieldDescriptor *value = &dk__json_message_of(field)->fields[1];
        return value->type != PROTOBUF_C_TYPE_MESSAGE ||
               dk__json_schemas_add(schemas, dk__json_message_of(value), comments);
    }
    return dk__json_schemas_add(schemas, dk__json_message_of(field), comments);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
bool dk__json_schemas_add(
    json_t *schemas,
    const ProtobufCMessageDescriptor *descriptor,
    const struct dk__json_comments *comments) {
    if (dk__json_form(descriptor) != DK__JSON_PLAIN ||
        json_object_get(schemas, descriptor->name) != NULL) {
        return true;
    }
    json_t *properties = json_object();
    json_t *schema = json_pack("{s:s, s:O}", "type", "object", "properties", properties);
    bool is_good = schema != NULL && set(schemas, descriptor->name, schema) &&
                   comment(schema, descriptor, NULL, comments);
    for (unsigned i = 0; i < descriptor->n_fields && is_good; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char name[DK__JSON_NAME_BYTES];
        json_t *value = dk__json_schema_of(field);
        dk__json_name(field->name, name);
        is_good = set(properties, name, value) &&
                  comment(value, descriptor, field->name, comments) &&
                  add_reached(schemas, field, comments);
    }
    json_decref(properties);
    return is_good;
}
