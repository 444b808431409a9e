/*
 * Other applications, as a handler calls them: by their gRPC methods through daprd's proxy, or by
 * verb and path.
 */
#include "wire/daprd/ask.h"
#include "wire/pbc/daprd_message.h"

#include <protobuf-c/protobuf-c.h>

static const struct dk__question invoke = {.path = "/dapr.proto.runtime.v1.Dapr/InvokeService"};

static enum dk_error call_check(const char *app_id, const char *path, struct dk_fault *fault) {
    if (app_id == NULL || app_id[0] == '\0') {
        return dk_fault_set(fault, DK_INVALID, "app_id: is missing");
    }
    if (path == NULL || path[0] == '\0') {
        return dk_fault_set(fault, DK_INVALID, "path: is missing");
    }
    return DK_OK;
}

enum dk_error dk_daprd_call(
    struct dk_call *call,
    const char *app_id,
    const char *path,
    const struct ProtobufCMessage *request,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_answer) {
    const struct dk__question question = {.path = path, .app_id = app_id};
    struct dk__asking asking;
    struct dk_bytes bytes = {0}, answer;
    dk__asking_begin(&asking, call, &question);
    if (call_check(app_id, path, &asking.fault) == DK_OK) {
        bytes = dk_call_pack(call, request);
        if (bytes.data == NULL) { /* noted in the call */
            asking.fault = call->fault;
        }
    }
    enum dk_error error = dk__asking_send(&asking, bytes, &answer);
    if (error == DK_OK) {
        error = dk_call_unpack(call, descriptor, answer, ret_answer);
        if (error != DK_OK) {
            (void)dk_fault_set(&asking.fault, error, "%s: %s", app_id, call->fault.text);
        }
    }
    return dk__asking_end(&asking, error);
}

enum dk_error dk_daprd_invoke(
    struct dk_call *call,
    const struct dk_invocation *invocation,
    struct dk_invocation_answer *ret_answer) {
    struct dk__asking asking;
    struct dk_bytes answer;
    dk__asking_begin(&asking, call, &invoke);
    enum dk_error error =
        dk__asking_send(&asking, dk__encode_daprd_invoke(&asking.writing, invocation), &answer);
    if (error == DK_OK) {
        error = dk__decode_daprd_invoke(answer, asking.writing.arena, ret_answer, &asking.fault);
    }
    return dk__asking_end(&asking, error);
}
