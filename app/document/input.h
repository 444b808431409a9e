#ifndef DOCUMENT_INPUT_H
#define DOCUMENT_INPUT_H

#include "document/scope.h"

/*
 * What a caller gives for a document: the same for Create, Replace, a batch, an upload, and for
 * what a patch makes of it. Views of the request.
 */
enum {
    DOCUMENT_TITLE_BYTES_MAX = 1024,
    DOCUMENT_TAGS_MAX = 64,
    DOCUMENT_TAG_BYTES_MAX = 64,
    DOCUMENT_ATTRIBUTES_BYTES_MAX = 32 * 1024, /* packed */
    DOCUMENT_ATTRIBUTES_DEPTH_MAX = 12,        /* each is two messages, and 32 nest in JSON */
    DOCUMENT_TYPE_BYTES_MAX = 255,
    DOCUMENT_CONTENT_CALL_BYTES_MAX = 1 << 20, /* in one call; more comes by parts */
};

struct document_input {
    const char *title;
    pb_struct *attributes; /* NULL: none */
    char **tags;
    size_t tag_count;
    const char *content_type; /* "": as is_text has it */
    bool is_text;
    struct dk_bytes content;
};

/* The input of a message that has the fields title, attributes, tags, content_type and the oneof
 * content of text and data; neither of these is an empty text. */
#define DOCUMENT_INPUT(message, CASE) \
    document_input_of(                                                                             \
        (message)->title,                                                                          \
        (message)->attributes,                                                                     \
        (message)->tags,                                                                           \
        (message)->n_tags,                                                                         \
        (message)->content_type,                                                                   \
        (message)->content_case == CASE##_CONTENT_DATA                                             \
            ? (struct dk_bytes){(message)->data.len == 0 ? "" : (const char *)(message)->data.data,\
                                (message)->data.len}                                               \
            : (struct dk_bytes){0},                                                                \
        (message)->content_case == CASE##_CONTENT_TEXT ? (message)->text : NULL)
struct document_input document_input_of(
    const char *title,
    pb_struct *attributes,
    char **tags,
    size_t tag_count,
    const char *content_type,
    struct dk_bytes data,
    const char *text);

/*
 * Holds every part against its bound, takes tags that come twice once, and fills in the type.
 * Errors: DK_INVALID naming field, value and what is allowed.
 */
enum dk_error document_input_check(struct dk_call *call, struct document_input *input);

/* Tags alone, for SetTags. The list is replaced when a tag comes twice. */
enum dk_error document_tags_check(struct dk_call *call, char ***tags, size_t *count);

/* Puts title, attributes, tags and type into a document; content is not touched. */
void document_input_apply(const struct document_input *input, pb_document *document);

/* Whether a document's title, attributes, tags and type are those of an input. */
bool document_input_equals(
    struct dk_call *call, const struct document_input *input, const pb_document *document);

/* Whether two structs have the same members in the same order; NULL is an empty one. */
bool document_attributes_equal(struct dk_call *call, const pb_struct *left, const pb_struct *right);

#endif /* DOCUMENT_INPUT_H */
