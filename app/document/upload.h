#ifndef DOCUMENT_UPLOAD_H
#define DOCUMENT_UPLOAD_H

#include "document/content.h"

/*
 * Contents above one message: parts wait under the upload's own keys until CompleteUpload makes a
 * content of them and then one change of the document. The upload's id becomes the change's, so
 * that CompleteUpload may be asked again after a lost answer.
 */
enum { DOCUMENT_UPLOAD_TTL_S = 24 * 60 * 60 };

/* The upload of an id; DK_NOT_FOUND when there is none or its time is over. */
enum dk_error document_upload_read(
    const struct document_scope *scope, const char *upload_id, pb_upload **ret_upload);

/*
 * Makes a content of the parts: every part's hash is checked, then the whole's when the caller
 * announced one; only then is anything written. Errors: DK_INVALID for a part that is missing or a
 * whole that is another; DK_INTERNAL for a part that is damaged.
 */
enum dk_error document_upload_assemble(
    const struct document_scope *scope,
    const pb_upload *upload,
    char ret_sha256[DOCUMENT_HASH_TEXT_BYTES]);

#endif /* DOCUMENT_UPLOAD_H */
