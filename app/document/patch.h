#ifndef DOCUMENT_PATCH_H
#define DOCUMENT_PATCH_H

#include "document/input.h"

/*
 * Merge patches (RFC 7396) over protobuf's Struct. Owner: the result shares what it can with its
 * sources and lies in the call's memory.
 */

/* `target` (NULL: an empty object) with every member of the patch: null takes one away, an object is
 * merged into what is there, all else replaces it. Errors: DK_INVALID when the patch nests deeper than
 * attributes may; DK_EXHAUSTED. */
enum dk_error document_merge(
    struct dk_call *call, const pb_struct *target, const pb_struct *patch, pb_struct **ret_merged);

/*
 * Applies a patch of a document, the members title, attributes, tags, text and content_type
 * (contentType), to an input that holds what is there. *ret_has_text: the content is another one.
 * Errors: DK_INVALID naming the member, what it is and what is wanted.
 */
enum dk_error document_patch_apply(
    struct dk_call *call, const pb_struct *patch, struct document_input *input, bool *ret_has_text);

#endif /* DOCUMENT_PATCH_H */
