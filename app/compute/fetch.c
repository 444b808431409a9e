/* Contents of the document service, through the sidecar. Thread: the worker of the call. */
#include "compute/fetch.h"

#include "compute/messages.h"
#include "compute/service.h"

#include <dapr_kit/document/v1/documents.pb-c.h>
#include <dk/daprd.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GET_CONTENT "/dapr_kit.document.v1.Documents/GetContent"

/* One piece; `ret_size` is 0 only for what is no progress. */
static enum dk_error fetch_piece(
    struct dk_call *call,
    const struct fetch *fetch,
    uint64_t offset,
    char *bytes,
    size_t *ret_size) {
    DaprKit__Document__V1__GetContentRequest request;
    struct ProtobufCMessage *answer = NULL;
    dapr_kit__document__v1__get_content_request__init(&request);
    request.id = pb_text(fetch->id);
    request.tenant = pb_text(fetch->tenant);
    request.version = fetch->version;
    request.offset = offset;
    request.include_deleted = true;
    const enum dk_error error = dk_daprd_call(
        call,
        service_of(call)->config.document_app,
        GET_CONTENT,
        &request.base,
        &dapr_kit__document__v1__content_range__descriptor,
        &answer);
    if (error != DK_OK) {
        return error;
    }
    const DaprKit__Document__V1__ContentRange *range = (const void *)answer;
    if (range->size != fetch->size || range->offset != offset || range->data.len == 0 ||
        range->data.len > fetch->size - offset) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "content of '%s': %zu bytes of %" PRIu64 " came, %" PRIu64 " were announced",
            fetch->id,
            range->data.len,
            range->size,
            fetch->size);
    }
    memcpy(bytes + offset, range->data.data, range->data.len);
    *ret_size = range->data.len;
    return DK_OK;
}

enum dk_error fetch_content(struct dk_call *call, const struct fetch *fetch, char **ret_bytes) {
    char *bytes = malloc(fetch->size + 1);
    enum dk_error error = DK_OK;
    if (bytes == NULL) {
        return dk_call_fail(
            call,
            DK_EXHAUSTED,
            "content of '%s': no memory for %" PRIu64 " bytes",
            fetch->id,
            fetch->size);
    }
    for (uint64_t at = 0; error == DK_OK && at < fetch->size;) {
        size_t size = 0;
        error = fetch_piece(call, fetch, at, bytes, &size);
        at += size;
    }
    if (error != DK_OK) {
        free(bytes);
        return error;
    }
    *ret_bytes = bytes;
    return DK_OK;
}
