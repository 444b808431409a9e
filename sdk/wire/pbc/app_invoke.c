/*
 * OnInvoke's messages by protobuf-c.
 */
#include "wire/pbc/app_invoke.h"

#include "wire/pbc/pack.h"
#include "wire/pbc/parts.h"

#include <dapr/proto/common/v1/common.pb-c.h>

static struct dk_bytes verb_of(Dapr__Proto__Common__V1__HTTPExtension__Verb number) {
    const ProtobufCEnumValue *verb = protobuf_c_enum_descriptor_get_value(
        &dapr__proto__common__v1__httpextension__verb__descriptor, (int)number);
    if (verb == NULL || number == DAPR__PROTO__COMMON__V1__HTTPEXTENSION__VERB__NONE) {
        return (struct dk_bytes)DK_BYTES("POST");
    }
    return dk_bytes_of(verb->name);
}

enum dk_error dk__decode_app_invoke(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__app_invoke *ret,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    const enum dk_error error = dk__pbc_unpack(
        &dapr__proto__common__v1__invoke_request__descriptor, message, arena, &unpacked, fault);
    if (error != DK_OK) {
        return error;
    }
    const Dapr__Proto__Common__V1__InvokeRequest *request = (void *)unpacked;
    *ret = (struct dk__app_invoke){
        .path = dk_bytes_of(request->method),
        .verb = DK_BYTES("POST"),
        .query = DK_BYTES(""),
        .content_type = dk_bytes_of(request->content_type),
        .data = DK_BYTES(""),
    };
    if (request->http_extension != NULL) {
        ret->verb = verb_of(request->http_extension->verb);
        ret->query = dk_bytes_of(request->http_extension->querystring);
    }
    if (request->data != NULL) {
        ret->data = dk__pbc_bytes(request->data->value);
    }
    return DK_OK;
}

struct dk_bytes dk__encode_app_invoke_answer(
    struct dk__arena *arena, struct dk_bytes data, struct dk_bytes content_type) {
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    Dapr__Proto__Common__V1__InvokeResponse response =
        DAPR__PROTO__COMMON__V1__INVOKE_RESPONSE__INIT;
    any.value.data = (uint8_t *)(uintptr_t)data.data;
    any.value.len = data.size;
    response.data = &any;
    response.content_type = dk__pbc_copy(arena, content_type);
    return response.content_type == NULL ? (struct dk_bytes){0}
                                         : dk__pbc_pack(arena, &response.base);
}
