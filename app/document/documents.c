/* The doors of the document service: each method once, for gRPC and for HTTP. */
#include "document/idempotency.h"
#include "document/messages.h"
#include "document/methods.h"
#include "document/session.h"

#define MESSAGE(name) &dapr_kit__document__v1__##name##__descriptor

/* clang-format off */
static const struct dk_app_method methods[] = {
    /* name, run, request, answer, verb, path, body, answer_body */
    {"Create", documents_create_once, MESSAGE(create_request), MESSAGE(document),
     "POST", "/documents", "*", NULL},
    {"Get", documents_get, MESSAGE(get_request), MESSAGE(document),
     "GET", "/documents/{id}", NULL, NULL},
    {"Replace", documents_replace_once, MESSAGE(replace_request), MESSAGE(document),
     "PUT", "/documents/{id}", "*", NULL},
    {"Patch", documents_patch_once, MESSAGE(patch_request), MESSAGE(document),
     "PATCH", "/documents/{id}", "patch", NULL},
    {"Delete", documents_delete_once, MESSAGE(delete_request), MESSAGE(document),
     "DELETE", "/documents/{id}", NULL, NULL},
    {"Restore", documents_restore_once, MESSAGE(restore_request), MESSAGE(document),
     "POST", "/documents/{id}/restore", NULL, NULL},
    {"SetTags", documents_set_tags_once, MESSAGE(set_tags_request), MESSAGE(document),
     "PUT", "/documents/{id}/tags", "*", NULL},
    {"ListVersions", documents_list_versions, MESSAGE(list_versions_request),
     MESSAGE(list_versions_answer), "GET", "/documents/{id}/versions", NULL, NULL},
    {"Diff", documents_diff, MESSAGE(diff_request), MESSAGE(diff_answer),
     "GET", "/documents/{id}/diff", NULL, NULL},
    {"GetContent", documents_get_content, MESSAGE(get_content_request), MESSAGE(content_range),
     "GET", "/documents/{id}/content", NULL, "data"},
    {"List", documents_list, MESSAGE(list_request), MESSAGE(list_answer),
     "GET", "/documents", NULL, NULL},
    {"OpenSession", documents_open_session_once, MESSAGE(open_session_request), MESSAGE(session),
     "POST", "/sessions", "*", NULL},
    {"GetSession", documents_get_session, MESSAGE(get_session_request), MESSAGE(session),
     "GET", "/sessions/{id}", NULL, NULL},
    {"PutSession", documents_put_session, MESSAGE(put_session_request), MESSAGE(session),
     "PUT", "/sessions/{id}", "*", NULL},
    {"CloseSession", documents_close_session, MESSAGE(close_session_request),
     MESSAGE(close_session_answer), "DELETE", "/sessions/{id}", NULL, NULL},
    {"Export", documents_export, MESSAGE(export_request), MESSAGE(export_answer),
     "POST", "/documents/export", "*", NULL},
    {"GetQuota", documents_get_quota, MESSAGE(get_quota_request), MESSAGE(quota),
     "GET", "/quota", NULL, NULL},
    {"BatchGet", documents_batch_get, MESSAGE(batch_get_request), MESSAGE(batch_answer),
     "POST", "/batch/get", "*", NULL},
    {"BatchPut", documents_batch_put_once, MESSAGE(batch_put_request), MESSAGE(batch_answer),
     "POST", "/batch/put", "*", NULL},
    {"BatchDelete", documents_batch_delete_once, MESSAGE(batch_delete_request), MESSAGE(batch_answer),
     "POST", "/batch/delete", "*", NULL},
    {"BeginUpload", documents_begin_upload_once, MESSAGE(begin_upload_request), MESSAGE(upload),
     "POST", "/uploads", "*", NULL},
    {"PutPart", documents_put_part, MESSAGE(put_part_request), MESSAGE(part),
     "PUT", "/uploads/{upload_id}/parts/{number}", "data", NULL},
    {"CompleteUpload", documents_complete_upload_once, MESSAGE(complete_upload_request),
     MESSAGE(document), "POST", "/uploads/{upload_id}/complete", NULL, NULL},
    {"AbortUpload", documents_abort_upload, MESSAGE(abort_upload_request),
     MESSAGE(abort_upload_answer), "DELETE", "/uploads/{upload_id}", NULL, NULL},
    {"Verify", documents_verify, MESSAGE(verify_request), MESSAGE(verify_answer),
     "POST", "/verify", "*", NULL},
    {0},
};
/* clang-format on */

const struct dk_app_service documents_service = {
    .name = "dapr_kit.document.v1.Documents", .methods = methods};
