/*
 * What an OpenAPI page says of a message with every kind of field.
 */
#include "wire/pbc/json_schema.h"

#include "everything.pb-c.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static json_t *schemas;

static const char *comment_of(const void *context, const char *symbol) {
    return strcmp(symbol, "dapr_kit.testing.v1.Everything.title") == 0 ? context : NULL;
}

static const struct dk__json_comments comments = {
    .find = comment_of, .context = "What people call it."};

static void start(void) {
    schemas = json_object();
    cr_assert(
        dk__json_schemas_add(schemas, &dapr_kit__testing__v1__everything__descriptor, &comments));
}

static void end(void) {
    json_decref(schemas);
}

TestSuite(json_schema, .init = start, .fini = end);

static void expect(const char *property, const char *wanted) {
    json_t *whole = json_object_get(schemas, "dapr_kit.testing.v1.Everything");
    json_t *found = json_object_get(json_object_get(whole, "properties"), property);
    json_t *wanted_json = json_loads(wanted, 0, NULL);

    cr_assert(ne(ptr, wanted_json, NULL));
    cr_expect(json_equal(found, wanted_json), "%s: %s", property, json_dumps(found, 0));

    json_decref(wanted_json);
}

Test(json_schema, tells_the_type_of_every_scalar) {
    expect("aSmallNumber", "{\"type\":\"integer\",\"format\":\"int32\"}");
    expect("natural", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}");
    expect("larger", "{\"type\":\"string\",\"format\":\"uint64\"}");
    expect("wide", "{\"type\":\"number\",\"format\":\"double\"}");
    expect("isTrue", "{\"type\":\"boolean\"}");
    expect("content", "{\"type\":\"string\",\"contentEncoding\":\"base64\"}");
    expect("colour", "{\"type\":\"string\",\"enum\":[\"COLOUR_UNSPECIFIED\",\"RED\",\"GREEN\"]}");
}

Test(json_schema, describes_lists_and_maps_by_their_values) {
    expect("tags", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
    expect("labels", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}");
    expect(
        "byNumber",
        "{\"type\":\"object\",\"additionalProperties\":"
        "{\"$ref\":\"#/components/schemas/dapr_kit.testing.v1.Everything.Part\"}}");
}

Test(json_schema, gives_well_known_messages_their_own_form) {
    expect("created", "{\"type\":\"string\",\"format\":\"date-time\"}");
    expect("extensions", "{\"type\":\"object\"}");
    expect("anything", "{}");
}

Test(json_schema, adds_each_message_it_leads_to_once_and_no_entries_of_maps) {
    cr_assert(eq(sz, json_object_size(schemas), 2));
    cr_assert(
        ne(ptr, json_object_get(schemas, "dapr_kit.testing.v1.Everything.Part"), NULL),
        "a message that leads to itself");
}

Test(json_schema, says_what_the_proto_says_of_a_field) {
    expect("title", "{\"type\":\"string\",\"description\":\"What people call it.\"}");
    expect("name", "{\"type\":\"string\"}");
}
