/*
 * Events of input bindings and jobs, by protobuf-c.
 */
#include "wire/pbc/app_trigger.h"

#include "wire/pbc/json.h"
#include "wire/pbc/pack.h"
#include "wire/pbc/parts.h"

#include <dapr/proto/runtime/v1/appcallback.pb-c.h>

enum dk_error dk__decode_app_binding_event(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_binding_event *ret,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    struct dk_pairs metadata = {0};
    const enum dk_error error = dk__pbc_unpack(
        &dapr__proto__runtime__v1__binding_event_request__descriptor,
        message,
        arena,
        &unpacked,
        fault);
    if (error != DK_OK) {
        return error;
    }
    const Dapr__Proto__Runtime__V1__BindingEventRequest *request = (void *)unpacked;
    if (!dk__pbc_pairs(arena, request->metadata, request->n_metadata, &metadata)) {
        return dk_fault_set(
            fault, DK_EXHAUSTED, "metadata: takes more memory than one call may have");
    }
    *ret = (struct dk_binding_event){
        .name = dk_bytes_of(request->name),
        .data = dk__pbc_bytes(request->data),
        .metadata = metadata,
    };
    return DK_OK;
}

struct dk_bytes dk__encode_app_binding_answer(struct dk__arena *arena, struct dk_bytes data) {
    Dapr__Proto__Runtime__V1__BindingEventResponse response =
        DAPR__PROTO__RUNTIME__V1__BINDING_EVENT_RESPONSE__INIT;
    response.data.data = (uint8_t *)(uintptr_t)data.data;
    response.data.len = data.size;
    return dk__pbc_pack(arena, &response.base);
}

/* ── jobs ───────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error value_as_json(
    struct dk_bytes value, struct dk__arena *arena, struct dk_bytes *ret, struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    const enum dk_error error =
        dk__pbc_unpack(&google__protobuf__value__descriptor, value, arena, &unpacked, fault);
    if (error != DK_OK) {
        return error;
    }
    const struct dk_bytes json = dk__json_write(arena, unpacked, fault);
    if (json.data == NULL) {
        return fault->error;
    }
    *ret = json;
    return DK_OK;
}

enum dk_error dk__decode_app_job(
    struct dk_bytes message, struct dk__arena *arena, struct dk_job *ret, struct dk_fault *fault) {
    static const struct dk_bytes value_type = DK_BYTES("type.googleapis.com/google.protobuf.Value");
    ProtobufCMessage *unpacked = NULL;
    enum dk_error error = dk__pbc_unpack(
        &dapr__proto__runtime__v1__job_event_request__descriptor, message, arena, &unpacked, fault);
    if (error != DK_OK) {
        return error;
    }
    const Dapr__Proto__Runtime__V1__JobEventRequest *request = (void *)unpacked;
    struct dk_job job = {
        .name = dk_bytes_of(request->name), .data_type = DK_BYTES(""), .data = DK_BYTES("")};
    if (request->data != NULL) {
        job.data_type = dk_bytes_of(request->data->type_url);
        job.data = dk__pbc_bytes(request->data->value);
    }
    if (dk_bytes_equal(job.data_type, value_type)) {
        error = value_as_json(job.data, arena, &job.data, fault);
    }
    if (error == DK_OK) {
        *ret = job;
    }
    return error;
}
