/*
 * Attributes of an event, from google.protobuf.Value to texts.
 */
#include "wire/pbc/app_event.h"

#include "support/codec_memory.h"
#include "wire/pbc/pack.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/appcallback.pb-c.h>

typedef Google__Protobuf__Struct struct_message;
typedef Google__Protobuf__Struct__FieldsEntry field_message;
typedef Google__Protobuf__Value value_message;
typedef Google__Protobuf__ListValue list_message;

static struct codec_memory memory;

static void setup(void) {
    codec_memory_begin(&memory);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(app_attribute, .init = setup, .fini = teardown);

static value_message value_of(Google__Protobuf__Value__KindCase kind) {
    value_message value = GOOGLE__PROTOBUF__VALUE__INIT;
    value.kind_case = kind;
    return value;
}

/* An event with one attribute "a". */
static enum dk_error decode(value_message *value, struct dk__app_event *ret) {
    field_message field = GOOGLE__PROTOBUF__STRUCT__FIELDS_ENTRY__INIT, *fields[] = {&field};
    struct_message extensions = GOOGLE__PROTOBUF__STRUCT__INIT;
    Dapr__Proto__Runtime__V1__TopicEventRequest event =
        DAPR__PROTO__RUNTIME__V1__TOPIC_EVENT_REQUEST__INIT;
    field.key = "a";
    field.value = value;
    extensions.n_fields = 1;
    extensions.fields = fields;
    event.extensions = &extensions;
    memory.fault = (struct dk_fault){0};
    return dk__decode_app_event(
        dk__pbc_pack(&memory.arena, &event.base), &memory.arena, ret, &memory.fault);
}

static void expect_text(value_message value, const char *text) {
    struct dk__app_event event;
    cr_assert(eq(int, decode(&value, &event), DK_OK), "%s", memory.fault.text);
    const struct dk_bytes found =
        dk_pairs_find(event.event.extensions, (struct dk_bytes)DK_BYTES("a"));
    cr_expect(eq(sz, event.event.extensions.count, text == NULL ? 0 : 1));
    cr_expect(dk_bytes_equal(found, dk_bytes_of(text)), "%.*s", (int)found.size, found.data);
}

Test(app_attribute, is_a_text_or_json) {
    value_message value = value_of(GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE);
    value.string_value = "a \"b\"";
    expect_text(value, "a \"b\"");

    value = value_of(GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE);
    value.number_value = 42;
    expect_text(value, "42");
    value.number_value = 0.5;
    expect_text(value, "0.5");

    value = value_of(GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE);
    value.bool_value = 1;
    expect_text(value, "true");
    value.bool_value = 0;
    expect_text(value, "false");

    value_message *items[] = {&value, &value};
    list_message list = GOOGLE__PROTOBUF__LIST_VALUE__INIT;
    list.n_values = 2;
    list.values = items;
    value_message outer = value_of(GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE);
    outer.list_value = &list;
    expect_text(outer, "[false,false]");

    struct_message object = GOOGLE__PROTOBUF__STRUCT__INIT;
    outer = value_of(GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE);
    outer.struct_value = &object;
    expect_text(outer, "{}");
}

Test(app_attribute, that_is_null_is_not_there) {
    expect_text(value_of(GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE), NULL);
    expect_text(value_of(GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET), NULL);
}

Test(app_attribute, that_nests_too_deep_is_named) {
    enum { DEPTH = 40 };
    value_message values[DEPTH], *items[DEPTH];
    list_message lists[DEPTH];
    struct dk__app_event event;
    for (size_t i = 0; i < DEPTH; i++) {
        values[i] = value_of(GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE);
        google__protobuf__list_value__init(&lists[i]);
        values[i].list_value = &lists[i];
        items[i] = i == 0 ? NULL : &values[i - 1];
        lists[i].n_values = i == 0 ? 0 : 1;
        lists[i].values = &items[i];
    }

    cr_assert(eq(int, decode(&values[DEPTH - 1], &event), DK_INVALID));

    cr_assert(
        ne(ptr, strstr(memory.fault.text, "extensions: 'a': "), NULL), "%s", memory.fault.text);
    cr_assert(ne(ptr, strstr(memory.fault.text, "nests deeper than"), NULL));
}
