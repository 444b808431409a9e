/* Holds the tables of the requests against proto/, by protobuf-c's descriptors. */
#include "wire/nanopb/binding_shapes.h"
#include "wire/nanopb/pubsub_shapes.h"
#include "wire/nanopb/state_shapes.h"
#include "wire/nanopb/subscription_shapes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/components/v1/bindings.pb-c.h>
#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <dapr/proto/components/v1/state.pb-c.h>
#include <string.h>

/* Every message that a table may be of. */
static const ProtobufCMessageDescriptor *const descriptors[] = {
    &dapr__proto__components__v1__init_request__descriptor,
    &dapr__proto__components__v1__metadata_request__descriptor,
    &dapr__proto__components__v1__get_request__descriptor,
    &dapr__proto__components__v1__set_request__descriptor,
    &dapr__proto__components__v1__delete_request__descriptor,
    &dapr__proto__components__v1__etag__descriptor,
    &dapr__proto__components__v1__state_options__descriptor,
    &dapr__proto__components__v1__bulk_get_request__descriptor,
    &dapr__proto__components__v1__bulk_set_request__descriptor,
    &dapr__proto__components__v1__bulk_delete_request__descriptor,
    &dapr__proto__components__v1__transactional_state_request__descriptor,
    &dapr__proto__components__v1__transactional_state_operation__descriptor,
    &dapr__proto__components__v1__query_request__descriptor,
    &dapr__proto__components__v1__query__descriptor,
    &dapr__proto__components__v1__sorting__descriptor,
    &dapr__proto__components__v1__pagination__descriptor,
    &dapr__proto__components__v1__publish_request__descriptor,
    &dapr__proto__components__v1__bulk_publish_request__descriptor,
    &dapr__proto__components__v1__bulk_message_entry__descriptor,
    &dapr__proto__components__v1__pull_messages_request__descriptor,
    &dapr__proto__components__v1__topic__descriptor,
    &dapr__proto__components__v1__ack_message_error__descriptor,
    &dapr__proto__components__v1__read_request__descriptor,
    &dapr__proto__components__v1__ack_response_error__descriptor,
    &dapr__proto__components__v1__invoke_request__descriptor,
};

/* Fields that are left unread on purpose: how many calls to make side by side is a hint. */
static const struct {
    const char *message, *field;
} ignored[] = {
    {"dapr.proto.components.v1.BulkGetRequest", "options"},
    {"dapr.proto.components.v1.BulkSetRequest", "options"},
    {"dapr.proto.components.v1.BulkDeleteRequest", "options"},
};

static const ProtobufCMessageDescriptor *descriptor_of(const char *name) {
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (strcmp(descriptors[i]->name, name) == 0) {
            return descriptors[i];
        }
    }
    cr_fatal("no message %s", name);
}

static bool is_ignored(const char *message, const char *field) {
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (strcmp(ignored[i].message, message) == 0 && strcmp(ignored[i].field, field) == 0) {
            return true;
        }
    }
    return false;
}

/* "options.concurrency" is the field concurrency: an error names the way to it. */
static const char *last_word(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

static bool is_map(const ProtobufCFieldDescriptor *field, ProtobufCType value) {
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    return entry->n_fields == 2 && entry->fields[0].type == PROTOBUF_C_TYPE_STRING &&
           strcmp(entry->fields[0].name, "key") == 0 && entry->fields[1].type == value &&
           strcmp(entry->fields[1].name, "value") == 0;
}

/* The largest number of a field's enum; −1: it has gaps or begins elsewhere than at 0. */
static int enum_limit(const ProtobufCFieldDescriptor *field) {
    const ProtobufCEnumDescriptor *words = field->descriptor;
    for (unsigned i = 0; i < words->n_values; i++) {
        if (words->values[i].value != (int)i) {
            return -1;
        }
    }
    return (int)words->n_values - 1;
}

static bool is_message(const ProtobufCFieldDescriptor *field, const struct dk__shape *shape) {
    return field->type == PROTOBUF_C_TYPE_MESSAGE && shape != NULL &&
           strcmp(((const ProtobufCMessageDescriptor *)field->descriptor)->name, shape->name) == 0;
}

static bool is_single(const ProtobufCFieldDescriptor *field) {
    return field->label != PROTOBUF_C_LABEL_REPEATED;
}

static bool is_of_oneof(const ProtobufCFieldDescriptor *field) {
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static bool is_of_kind(const ProtobufCFieldDescriptor *field, const struct dk__row *row) {
    switch (row->kind) {
    case DK__STRING:
    case DK__ETAG:
        return is_single(field) && field->type == PROTOBUF_C_TYPE_STRING && !is_of_oneof(field);
    case DK__BYTES:
        return is_single(field) && field->type == PROTOBUF_C_TYPE_BYTES && !is_of_oneof(field);
    case DK__ENUM:
        return is_single(field) && field->type == PROTOBUF_C_TYPE_ENUM &&
               enum_limit(field) == row->limit;
    case DK__FLAG: /* an enum of two words */
        return is_single(field) && field->type == PROTOBUF_C_TYPE_ENUM && enum_limit(field) == 1;
    case DK__INT64:
        return is_single(field) && field->type == PROTOBUF_C_TYPE_INT64;
    case DK__MAP:
        return is_map(field, PROTOBUF_C_TYPE_STRING);
    case DK__ANY_MAP: {
        const ProtobufCMessageDescriptor *entry = field->descriptor;
        return is_map(field, PROTOBUF_C_TYPE_MESSAGE) &&
               entry->fields[1].descriptor == &google__protobuf__any__descriptor;
    }
    case DK__MESSAGE:
        return is_single(field) && is_message(field, row->shape) && !is_of_oneof(field);
    case DK__ONEOF:
        return is_single(field) && is_message(field, row->shape) && is_of_oneof(field);
    case DK__REPEATED:
        return !is_single(field) && is_message(field, row->shape) &&
               !is_map(field, PROTOBUF_C_TYPE_STRING);
    }
    return false;
}

/* Every row is a field of the message, and every field is a row or named above. */
static void expect_shape(const struct dk__shape *shape, int depth) {
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(shape->name);
    uint32_t number_before = 0;
    cr_assert(lt(int, depth, DK__MESSAGE_DEPTH_MAX), "%s", shape->name);
    for (const struct dk__row *row = shape->rows; row->number != 0; row++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, row->number);
        cr_assert(ne(ptr, (void *)field, NULL), "%s: %u", shape->name, row->number);
        cr_expect(eq(str, (char *)last_word(row->name), (char *)field->name), "%s", shape->name);
        cr_expect(is_of_kind(field, row), "%s: %s", shape->name, row->name);
        cr_expect(gt(uint, row->number, number_before), "%s: %s", shape->name, row->name);
        number_before = row->number;
        if (row->shape != NULL) {
            expect_shape(row->shape, depth + 1);
        }
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const struct dk__row *row = shape->rows;
        while (row->number != 0 && row->number != field->id) {
            row++;
        }
        cr_expect(
            eq(int, row->number == 0, is_ignored(shape->name, field->name)),
            "%s: %s",
            shape->name,
            field->name);
    }
}

static size_t expect_shapes(const struct dk__shape *const *shapes) {
    size_t count = 0;
    for (const struct dk__shape *const *shape = shapes; *shape != NULL; shape++) {
        expect_shape(*shape, 0);
        count++;
    }
    return count;
}

Test(shapes, every_row_is_a_field_of_proto_and_every_field_a_row) {
    cr_assert(eq(sz, expect_shapes(dk__state_shapes), 9));
    cr_assert(eq(sz, expect_shapes(dk__pubsub_shapes), 2));
    cr_assert(eq(sz, expect_shapes(dk__subscription_shapes), 2));
    cr_assert(eq(sz, expect_shapes(dk__binding_shapes), 1));
}

/* One table reads the Init of every block. */
Test(shapes, every_init_is_the_same_message) {
    static const ProtobufCMessageDescriptor *const inits[] = {
        &dapr__proto__components__v1__init_request__descriptor,
        &dapr__proto__components__v1__pub_sub_init_request__descriptor,
        &dapr__proto__components__v1__input_binding_init_request__descriptor,
        &dapr__proto__components__v1__output_binding_init_request__descriptor,
    };
    for (size_t i = 0; i < sizeof inits / sizeof inits[0]; i++) {
        cr_assert(eq(uint, inits[i]->n_fields, 1));
        cr_expect(eq(str, (char *)inits[i]->fields[0].name, "metadata"));
        cr_expect(eq(uint, inits[i]->fields[0].id, 1));
        cr_expect(
            eq(ptr,
               (void *)inits[i]->fields[0].descriptor,
               (void *)&dapr__proto__components__v1__metadata_request__descriptor));
    }
}

/* Where a message would go. */
Test(shapes, every_publish_requires_its_topic) {
    cr_expect(eq(sz, dk__shape_publish.required_at, offsetof(struct dk_publish, topic) + 1));
    cr_expect(
        eq(sz, dk__shape_bulk_publish.required_at, offsetof(struct dk_bulk_publish, topic) + 1));
}

/* The key is what every store needs: no shape that has one may forget to ask for it. */
Test(shapes, every_request_with_a_key_requires_it) {
    const struct dk__shape *const keyed[] = {&dk__shape_get, &dk__shape_set, &dk__shape_delete};
    for (size_t i = 0; i < sizeof keyed / sizeof keyed[0]; i++) {
        cr_expect(eq(str, (char *)keyed[i]->rows[0].name, "key"));
        cr_expect(eq(sz, keyed[i]->required_at, keyed[i]->rows[0].offset + 1));
    }
}
