/*
 * The page of a small application, read back as JSON.
 */
#include "wire/pbc/openapi.h"

#include "everything.pb-c.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/app.h>
#include <stdlib.h>

#define EVERYTHING \
    &dapr_kit__testing__v1__everything__descriptor, &dapr_kit__testing__v1__everything__descriptor

static const struct dk_app_method methods[] = {
    {"Create", NULL, EVERYTHING, "POST", "/things", .body = "*"},
    {"Get", NULL, EVERYTHING, "GET", "/things/{title}", .answer_body = "content"},
    {"Patch", NULL, EVERYTHING, "PATCH", "/things/{title}", .body = "extensions"},
    {"Upload", NULL, EVERYTHING, "PUT", "/things/{a_small_number}/content", .body = "content"},
    {"Hidden", NULL, EVERYTHING},
    {0},
};
static const struct dk_app_service services[] = {{"dapr_kit.testing.v1.Things", methods}, {0}};

static const char *comment_of(const void *context, const char *symbol) {
    (void)context;
    return strcmp(symbol, "dapr_kit.testing.v1.Things.Get") == 0         ? "Gets one."
           : strcmp(symbol, "dapr_kit.testing.v1.Everything.title") == 0 ? "Its name."
                                                                         : NULL;
}

static json_t *root;

static void start(void) {
    char *text = dk__openapi_write(&(struct dk__openapi){
        .title = "things",
        .app_id = "thing",
        .version = "1.2.3",
        .services = services,
        .comments.find = comment_of});
    cr_assert(ne(ptr, text, NULL));
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    cr_assert(ne(ptr, root, NULL));
}

static void end(void) {
    json_decref(root);
}

TestSuite(openapi, .init = start, .fini = end);

static json_t *operation(const char *path, const char *verb) {
    return json_object_get(json_object_get(json_object_get(root, "paths"), path), verb);
}

/* The parameter of that name, or NULL. */
static json_t *parameter(json_t *of, const char *name) {
    size_t i = 0;
    json_t *each = NULL;
    json_array_foreach(json_object_get(of, "parameters"), i, each) {
        if (strcmp(json_string_value(json_object_get(each, "name")), name) == 0) {
            return each;
        }
    }
    return NULL;
}

static const char *text_of(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

Test(openapi, has_every_method_with_a_verb_and_no_other) {
    json_t *paths = json_object_get(root, "paths");

    cr_assert(eq(sz, json_object_size(paths), 3));
    cr_assert(ne(ptr, operation("/things", "post"), NULL));
    cr_assert(ne(ptr, operation("/things/{title}", "get"), NULL));
    cr_assert(ne(ptr, operation("/things/{title}", "patch"), NULL), "two verbs of one path");
    cr_assert(eq(str, (char *)text_of(root, "openapi"), "3.1.0"));
}

Test(openapi, takes_parameters_from_path_and_query) {
    json_t *get = operation("/things/{title}", "get");

    json_t *title = parameter(get, "title");
    cr_assert(eq(str, (char *)text_of(title, "in"), "path"));
    cr_assert(eq(str, (char *)text_of(title, "description"), "Its name."));
    cr_assert(eq(ptr, json_object_get(title, "required"), json_true()));
    json_t *tags = parameter(get, "tags");
    cr_assert(eq(str, (char *)text_of(tags, "in"), "query"));
    cr_assert(eq(ptr, json_object_get(tags, "required"), json_false()));
    cr_assert(eq(ptr, parameter(get, "part"), NULL), "a message has no place in a query");
    cr_assert(eq(ptr, parameter(operation("/things", "post"), "title"), NULL), "it is in the body");
    cr_assert(
        ne(ptr,
           parameter(operation("/things/{a_small_number}/content", "put"), "a_small_number"),
           NULL),
        "named as the path names it");
}

Test(openapi, tells_bodies_that_are_json_from_those_as_they_are) {
    json_t *create = json_object_get(operation("/things", "post"), "requestBody");
    json_t *patch = json_object_get(operation("/things/{title}", "patch"), "requestBody");
    json_t *upload =
        json_object_get(operation("/things/{a_small_number}/content", "put"), "requestBody");
    json_t *answer =
        json_object_get(json_object_get(operation("/things/{title}", "get"), "responses"), "200");

    cr_assert(
        ne(ptr, json_object_get(json_object_get(create, "content"), "application/json"), NULL));
    cr_assert(
        ne(ptr, json_object_get(json_object_get(patch, "content"), "application/json"), NULL));
    cr_assert(ne(ptr, json_object_get(json_object_get(upload, "content"), "*/*"), NULL));
    cr_assert(ne(ptr, json_object_get(json_object_get(answer, "content"), "*/*"), NULL));
    cr_assert(eq(ptr, json_object_get(operation("/things/{title}", "get"), "requestBody"), NULL));
}

/* Collects what is referred to and is not there. */
static void check_references(json_t *value, json_t *schemas) {
    const char *key = NULL;
    json_t *each = NULL;
    size_t i = 0;
    json_object_foreach(value, key, each) {
        if (strcmp(key, "$ref") == 0) {
            const char *name = strrchr(json_string_value(each), '/') + 1;
            cr_expect(ne(ptr, json_object_get(schemas, name), NULL), "%s", name);
        }
        check_references(each, schemas);
    }
    json_array_foreach(value, i, each) {
        check_references(each, schemas);
    }
}

Test(openapi, refers_to_nothing_that_is_not_there) {
    json_t *schemas = json_object_get(json_object_get(root, "components"), "schemas");

    check_references(root, schemas);

    cr_assert(gt(sz, json_object_size(schemas), 1));
}

Test(openapi, says_what_the_proto_says_of_a_method) {
    cr_assert(
        eq(str, (char *)text_of(operation("/things/{title}", "get"), "description"), "Gets one."));
}
