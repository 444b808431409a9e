/*
 * Fields of protobuf-c as JSON sees them: names, maps, forms, defaults.
 */
#include "wire/pbc/json_field.h"

#include "wire/pbc/json.h"

#include <string.h>

enum dk__json_form dk__json_form(const ProtobufCMessageDescriptor *descriptor) {
    static const struct {
        const char *name;
        enum dk__json_form form;
    } forms[] = {
        {"google.protobuf.Timestamp", DK__JSON_TIMESTAMP},
        {"google.protobuf.Duration", DK__JSON_DURATION},
        {"google.protobuf.Struct", DK__JSON_STRUCT},
        {"google.protobuf.Value", DK__JSON_VALUE},
        {"google.protobuf.ListValue", DK__JSON_LIST},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(descriptor->name, forms[i].name) == 0) {
            return forms[i].form;
        }
    }
    return DK__JSON_PLAIN;
}

static char upper(char letter) {
    if (letter >= 'a' && letter <= 'z') {
        return (char)(letter - 'a' + 'A');
    }
    return letter;
}

/* Whether `entry` is what protoc calls the entries of the map `field`: metadata → MetadataEntry. */
static bool is_entry_name(const char *field, const char *entry) {
    bool starts_word = true;
    for (; *field != '\0'; field++) {
        if (*field == '_') {
            starts_word = true;
            continue;
        }
        char wanted = *field;
        if (starts_word) {
            wanted = upper(wanted);
        }
        if (*entry++ != wanted) {
            return false;
        }
        starts_word = false;
    }
    return strcmp(entry, "Entry") == 0;
}

bool dk__json_is_map(const ProtobufCFieldDescriptor *field) {
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    const ProtobufCMessageDescriptor *entry = dk__json_message_of(field);
    return entry->n_fields == 2 && entry->fields[0].id == 1 && entry->fields[1].id == 2 &&
           strcmp(entry->fields[0].name, "key") == 0 &&
           strcmp(entry->fields[1].name, "value") == 0 &&
           is_entry_name(field->name, entry->short_name);
}

size_t dk__json_value_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    }
    return 0;
}

/* A value of a field without presence that is not its default. */
static bool is_worth_writing(const void *value, const ProtobufCFieldDescriptor *field) {
    static const char zeros[sizeof(double)];
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)value;
        return text != NULL && *text != '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        return ((const ProtobufCBinaryData *)value)->len > 0;
    }
    return memcmp(value, zeros, dk__json_value_size(field)) != 0;
}

bool dk__json_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const char *const base = (const char *)message;
    const void *const value = base + field->offset;
    const void *const quantifier = base + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)quantifier > 0;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)quantifier == field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(ProtobufCMessage *const *)value != NULL;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        if (field->type == PROTOBUF_C_TYPE_STRING) {
            return *(const char *const *)value != NULL &&
                   *(const char *const *)value != field->default_value;
        }
        return *(const protobuf_c_boolean *)quantifier != 0;
    }
    return is_worth_writing(value, field);
}

void dk__json_name(const char *proto_name, char *target) {
    size_t size = 0;
    bool is_upper = false;
    for (; *proto_name != '\0' && size < DK__JSON_NAME_BYTES - 1; proto_name++) {
        if (*proto_name == '_') {
            is_upper = true;
        } else {
            target[size] = *proto_name;
            if (is_upper) {
                target[size] = upper(*proto_name);
            }
            size++;
            is_upper = false;
        }
    }
    target[size] = '\0';
}

const ProtobufCFieldDescriptor *dk__json_field(
    const ProtobufCMessageDescriptor *descriptor, struct dk_bytes name) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char json_name[DK__JSON_NAME_BYTES];
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        dk__json_name(field->name, json_name);
        if (dk_bytes_equal(dk_bytes_of(json_name), name) ||
            dk_bytes_equal(dk_bytes_of(field->name), name)) {
            return field;
        }
    }
    return NULL;
}

const char *dk__json_wants(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return "an integer of 32 bits";
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return "an integer from 0 to 4294967295";
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return "an integer of 64 bits, as a number or a string";
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return "an integer from 0 to 18446744073709551615, as a number or a string";
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return "a number";
    case PROTOBUF_C_TYPE_BOOL:
        return "true or false";
    case PROTOBUF_C_TYPE_ENUM:
        return "a name of its enum";
    case PROTOBUF_C_TYPE_STRING:
        return "a string without NUL bytes";
    case PROTOBUF_C_TYPE_BYTES:
        return "a string of base64";
    case PROTOBUF_C_TYPE_MESSAGE:
        return "an object";
    }
    return "a value";
}
