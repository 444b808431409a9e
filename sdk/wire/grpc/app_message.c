/*
 * An application's messages in the memory of a call: the functions of dk/app.h between protobuf-c
 * and bytes. They run on the worker that runs the handler.
 *
 * Each has a fault of its own, for the call's may hold what an earlier step noted: dk_call_fail
 * replaces it, dk_fault_set would join the two.
 */
#include "wire/grpc/app.h"
#include "wire/pbc/json.h"
#include "wire/pbc/pack.h"
#include "wire/pbc/texts.h"

struct dk_bytes dk_call_pack(struct dk_call *call, const struct ProtobufCMessage *message) {
    const char *name = message->descriptor->name;
    const struct dk_bytes bytes = dk__pbc_pack(&call->task.call.arena, message);
    struct dk_fault fault = {0};
    if (bytes.data == NULL) {
        (void)dk_call_fail(call, DK_EXHAUSTED, "%s: takes more memory than arena-bytes-max", name);
    } else if (dk__pbc_texts_check(message->descriptor, bytes, &fault) != DK_OK) {
        (void)dk_call_fail(call, DK_INTERNAL, "%s: cannot be sent: %s", name, fault.text);
        return (struct dk_bytes){0};
    }
    return bytes;
}

struct dk_bytes dk_call_write_json(struct dk_call *call, const struct ProtobufCMessage *message) {
    struct dk_fault fault = {0};
    const struct dk_bytes json = dk__json_write(&call->task.call.arena, message, &fault);
    if (json.data == NULL) { /* what a handler has made is not its caller's fault */
        (void)dk_call_fail(
            call, fault.error == DK_EXHAUSTED ? DK_EXHAUSTED : DK_INTERNAL, "%s", fault.text);
    }
    return json;
}

enum dk_error dk_call_unpack(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes bytes,
    struct ProtobufCMessage **ret_message) {
    struct dk_fault fault = {0};
    const enum dk_error error =
        dk__pbc_unpack(descriptor, bytes, &call->task.call.arena, ret_message, &fault);
    return error == DK_OK ? DK_OK : dk_call_fail(call, error, "%s", fault.text);
}

enum dk_error dk_call_read_json(
    struct dk_call *call,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct dk_bytes json,
    struct ProtobufCMessage **ret_message) {
    struct dk_fault fault = {0};
    struct ProtobufCMessage *message = dk_call_take(call, descriptor->sizeof_message);
    if (message == NULL) {
        return dk_call_fail(
            call, DK_EXHAUSTED, "%s: takes more memory than arena-bytes-max", descriptor->name);
    }
    protobuf_c_message_init(descriptor, message);
    const enum dk_error error = dk__json_read(json, &call->task.call.arena, message, &fault);
    if (error != DK_OK) {
        return dk_call_fail(call, error, "%s", fault.text);
    }
    *ret_message = message;
    return DK_OK;
}
