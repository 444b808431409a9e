#ifndef DOCUMENT_METHODS_H
#define DOCUMENT_METHODS_H

#include <dk/app.h>

/*
 * The methods of dapr_kit.document.v1.Documents: what each does stands in documents.proto.
 * documents.c has the table of their doors. Thread: a worker's, side by side.
 */
dk_method_fn documents_create, documents_get, documents_replace, documents_patch;
dk_method_fn documents_delete, documents_restore, documents_set_tags;
dk_method_fn documents_list_versions, documents_diff;
dk_method_fn documents_batch_get, documents_batch_put, documents_batch_delete;
dk_method_fn documents_begin_upload, documents_put_part, documents_complete_upload;
dk_method_fn documents_abort_upload, documents_get_content;
dk_method_fn documents_verify;
dk_method_fn documents_list, documents_export, documents_get_quota;

/* The service's row for struct dk_app. */
extern const struct dk_app_service documents_service;

#endif /* DOCUMENT_METHODS_H */
