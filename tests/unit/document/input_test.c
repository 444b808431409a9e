/* What callers give: in bounds, or an error that says what is allowed. */
#include "support/document_rig.h"

#include "document/input.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_input, .init = document_rig_start, .fini = document_rig_end);

static struct document_input input_of(const char *text) {
    return document_input_of(pb_text(""), NULL, NULL, 0, pb_text(""), (struct dk_bytes){0}, text);
}

static enum dk_error check(struct document_input *input) {
    return document_input_check(document_rig_call(), input);
}

static char *repeated(char letter, size_t count) {
    char *text = malloc(count + 1);

    memset(text, letter, count);
    text[count] = '\0';
    return text;
}

static bool names(const char *word) {
    return strstr(document_rig_text(), word) != NULL;
}

Test(document_input, type_follows_the_kind_of_content) {
    struct document_input text = input_of("a"), data = document_input_of(
                                                    pb_text(""),
                                                    NULL,
                                                    NULL,
                                                    0,
                                                    pb_text(""),
                                                    (struct dk_bytes)DK_BYTES("a"),
                                                    NULL);

    cr_assert(eq(int, check(&text), DK_OK));
    cr_assert(eq(int, check(&data), DK_OK));

    cr_assert(eq(str, pb_text(text.content_type), "text/plain; charset=utf-8"));
    cr_assert(eq(str, pb_text(data.content_type), "application/octet-stream"));
}

Test(document_input, every_bound_is_held_to_the_byte) {
    struct document_input input = input_of("");
    input.title = repeated('t', DOCUMENT_TITLE_BYTES_MAX);
    input.content = document_rig_bytes(DOCUMENT_CONTENT_CALL_BYTES_MAX, 1);
    cr_assert(eq(int, check(&input), DK_OK));

    input.title = repeated('t', DOCUMENT_TITLE_BYTES_MAX + 1);
    cr_assert(eq(int, check(&input), DK_INVALID));
    cr_assert(names("title") && names("1025") && names("1024"));

    input.title = "";
    input.content = document_rig_bytes(DOCUMENT_CONTENT_CALL_BYTES_MAX + 1, 1);
    cr_assert(eq(int, check(&input), DK_INVALID));
    cr_assert(names("content") && names("1048576") && names("BeginUpload"));
}

Test(document_input, types_that_would_break_a_header_are_refused) {
    const char *bad[] = {"text", "/plain", "text/", "text/plain\r\nx: y", "text/pl\xc3\xa4in"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct document_input input = input_of("");
        input.content_type = bad[i];
        cr_assert(eq(int, check(&input), DK_INVALID), "%s", bad[i]);
        cr_assert(names("content_type"));
    }
}

Test(document_input, tags_are_taken_once_and_in_order) {
    char *tags[] = {"b", "a", "b", "c/d:e._-"};
    struct document_input input = input_of("");
    input.tags = tags;
    input.tag_count = 4;

    cr_assert(eq(int, check(&input), DK_OK));

    cr_assert(eq(sz, input.tag_count, 3));
    cr_assert(eq(str, input.tags[0], "b"));
    cr_assert(eq(str, input.tags[1], "a"));
    cr_assert(eq(str, input.tags[2], "c/d:e._-"));
}

Test(document_input, tags_out_of_bounds_are_refused) {
    char *many[10000];
    char *bad[] = {"good", "not good"};
    char *none[] = {""};
    char *longest[] = {repeated('x', DOCUMENT_TAG_BYTES_MAX)};
    char *longer[] = {repeated('x', DOCUMENT_TAG_BYTES_MAX + 1)};
    struct document_input input = input_of("");
    for (size_t i = 0; i < 10000; i++) {
        many[i] = "same";
    }

    input.tags = many;
    input.tag_count = 10000;
    cr_assert(eq(int, check(&input), DK_INVALID));
    cr_assert(names("10000") && names("64"));
    input.tags = bad;
    input.tag_count = 2;
    cr_assert(eq(int, check(&input), DK_INVALID));
    cr_assert(names("tags[1]") && names("'not good'"));
    input.tags = none;
    input.tag_count = 1;
    cr_assert(eq(int, check(&input), DK_INVALID));
    input.tags = longest;
    cr_assert(eq(int, check(&input), DK_OK));
    input.tags = longer;
    cr_assert(eq(int, check(&input), DK_INVALID));
}

/* ── attributes ─────────────────────────────────────────────────────────────────────────────── */

static pb_struct *attributes_of(const char *json) {
    ProtobufCMessage *message = NULL;

    cr_assert(
        eq(int,
           dk_call_read_json(
               document_rig_call(),
               &google__protobuf__struct__descriptor,
               dk_bytes_of(json),
               &message),
           DK_OK),
        "%s",
        document_rig_text());
    return (pb_struct *)message;
}

static enum dk_error check_attributes(pb_struct *attributes) {
    struct document_input input = input_of("");

    input.attributes = attributes;
    return check(&input);
}

Test(document_input, attributes_of_every_kind_are_taken) {
    cr_assert(
        eq(int,
           check_attributes(attributes_of(
               "{\"a\":null,\"b\":1.5,\"c\":\"x\",\"d\":true,\"e\":[1,{\"f\":[]}],\"g\":{}}")),
           DK_OK));
}

Test(document_input, attributes_nest_twelve_deep_and_no_deeper) {
    cr_assert(eq(int, check_attributes(attributes_of("{\"a\":[[[[[[[[[[[1]]]]]]]]]]]}")), DK_OK));
    cr_assert(
        eq(int, check_attributes(attributes_of("{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}")), DK_INVALID));
    cr_assert(names("12"));
}

Test(document_input, attributes_too_large_or_without_meaning_are_refused) {
    pb_struct *attributes = attributes_of("{\"a\":1}");
    attributes->fields[0]->value->number_value = NAN;
    cr_assert(eq(int, check_attributes(attributes), DK_INVALID));
    attributes->fields[0]->value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET;
    cr_assert(eq(int, check_attributes(attributes), DK_INVALID));
    attributes->fields[0]->value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    attributes->fields[0]->value->string_value = repeated('x', DOCUMENT_ATTRIBUTES_BYTES_MAX);
    cr_assert(eq(int, check_attributes(attributes), DK_INVALID));
    cr_assert(names("32768"));
}

Test(document_input, equals_a_document_with_the_same_fields) {
    char *tags[] = {"a", "b"};
    struct document_input input = input_of("");
    pb_document document;
    dapr_kit__document__v1__document__init(&document);
    input.tags = tags;
    input.tag_count = 2;
    input.attributes = attributes_of("{\"a\":1}");
    check(&input);
    struct dk_call *call = document_rig_call();

    document_input_apply(&input, &document);

    cr_assert(document_input_equals(call, &input, &document));
    document.attributes = attributes_of("{\"a\":2}");
    cr_assert(not(document_input_equals(call, &input, &document)));
    document.attributes = input.attributes;
    document.n_tags = 1;
    cr_assert(not(document_input_equals(call, &input, &document)));
    document.n_tags = 2;
    document.title = "other";
    cr_assert(not(document_input_equals(call, &input, &document)));
}
