#ifndef DK_WIRE_PBC_JSON_SCHEMA_H
#define DK_WIRE_PBC_JSON_SCHEMA_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/*
 * JSON Schema of messages as wire/pbc/json.h reads and writes them, for an OpenAPI 3.1 page.
 * Source: json-schema.org 2020-12; spec.openapis.org 3.1, "Schema Object".
 *
 * Thread: any. Pure but for jansson's memory.
 */

/* What people should read about a message, field, enum or method, by its full name; NULL: nothing. */
typedef const char *dk__comment_fn(const void *context, const char *symbol);

struct dk__json_comments {
    dk__comment_fn *find; /* NULL: none */
    const void *context;
};

/* NULL: nothing is said of it. */
static inline const char *dk__json_comment(
    const struct dk__json_comments *comments, const char *symbol) {
    return comments->find == NULL ? NULL : comments->find(comments->context, symbol);
}

/*
 * Adds the schema of `descriptor`, and of every message it leads to, to `schemas`: an object by the
 * messages' full names. One that is there is not added again, so messages may lead to themselves.
 * False: no memory; `schemas` then holds a part of them.
 */
bool dk__json_schemas_add(
    json_t *schemas,
    const ProtobufCMessageDescriptor *descriptor,
    const struct dk__json_comments *comments);

/* The schema of one field's value, with references to "#/components/schemas/…" for messages; NULL:
 * no memory. Owner: the caller. */
json_t *dk__json_schema_of(const ProtobufCFieldDescriptor *field);

/* {"$ref": …} for a message, or the schema itself where it has a form of its own (Timestamp, …). */
json_t *dk__json_schema_of_message(const ProtobufCMessageDescriptor *descriptor);

#endif /* DK_WIRE_PBC_JSON_SCHEMA_H */
