/*
 * Reflection messages by protobuf-c.
 */
#include "wire/pbc/reflection.h"

#include "wire/pbc/descriptors.h"
#include "wire/pbc/pack.h"

#include <grpc/reflection/v1/reflection.pb-c.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest request_message;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_message;

/* What a request asks, and the text it asks with. */
static const char *question_of(const request_message *message, enum dk__reflection *ret_kind) {
    switch (message->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        *ret_kind = DK__REFLECTION_FILE_BY_NAME;
        return message->file_by_filename;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        *ret_kind = DK__REFLECTION_FILE_OF_SYMBOL;
        return message->file_containing_symbol;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        *ret_kind = DK__REFLECTION_FILE_OF_EXTENSION;
        return message->file_containing_extension->containing_type;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        *ret_kind = DK__REFLECTION_EXTENSION_NUMBERS;
        return message->all_extension_numbers_of_type;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        *ret_kind = DK__REFLECTION_LIST_SERVICES;
        return message->list_services;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__NOT_SET:
    case _GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__CASE_IS_INT_SIZE:
        break;
    }
    *ret_kind = DK__REFLECTION_NONE;
    return "";
}

enum dk_error dk__decode_reflection_request(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk__reflection_request *ret,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    const enum dk_error error = dk__pbc_unpack(
        &grpc__reflection__v1__server_reflection_request__descriptor,
        message,
        arena,
        &unpacked,
        fault);
    if (error == DK_OK) {
        ret->original = unpacked;
        ret->text = dk_bytes_of(question_of((const void *)unpacked, &ret->kind));
    }
    return error;
}

/* An answer that echoes its question. */
static response_message response_to(const struct dk__reflection_request *request) {
    response_message response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    request_message *original = (request_message *)(uintptr_t)request->original;
    response.valid_host = original->host;
    response.original_request = original;
    return response;
}

bool dk__encode_reflection_services(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    const struct dk_bytes *names,
    size_t count) {
    typedef Grpc__Reflection__V1__ServiceResponse service_message;
    Grpc__Reflection__V1__ListServiceResponse list =
        GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    response_message response = response_to(request);
    service_message *services = dk__arena_take(arena, count * sizeof *services);
    list.service = dk__arena_take(arena, count * sizeof(*list.service));
    if (services == NULL || list.service == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        grpc__reflection__v1__service_response__init(&services[i]);
        services[i].name = dk__pbc_copy(arena, names[i]);
        if (services[i].name == NULL) {
            return false;
        }
        list.service[i] = &services[i];
    }
    list.n_service = count;
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    response.list_services_response = &list;
    return dk__pbc_append(out, &response.base);
}

bool dk__encode_reflection_files(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    const struct dk__file_descriptor *const *files,
    size_t count) {
    Grpc__Reflection__V1__FileDescriptorResponse list =
        GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
    response_message response = response_to(request);
    list.file_descriptor_proto = dk__arena_take(arena, count * sizeof(*list.file_descriptor_proto));
    if (list.file_descriptor_proto == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        list.file_descriptor_proto[i].data = (uint8_t *)(uintptr_t)files[i]->bytes.data;
        list.file_descriptor_proto[i].len = files[i]->bytes.size;
    }
    list.n_file_descriptor_proto = count;
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    response.file_descriptor_response = &list;
    return dk__pbc_append(out, &response.base);
}

bool dk__encode_reflection_error(
    struct dk__chain *out,
    struct dk__arena *arena,
    const struct dk__reflection_request *request,
    int32_t code,
    struct dk_bytes text) {
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    response_message response = response_to(request);
    error.error_code = code;
    error.error_message = dk__pbc_copy(arena, text);
    if (error.error_message == NULL) {
        return false;
    }
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    response.error_response = &error;
    return dk__pbc_append(out, &response.base);
}

enum dk_error dk__decode_reflection_services(
    struct dk_bytes message,
    struct dk__arena *arena,
    const struct dk_bytes **ret_names,
    size_t *ret_count,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    const enum dk_error error = dk__pbc_unpack(
        &grpc__reflection__v1__server_reflection_response__descriptor,
        message,
        arena,
        &unpacked,
        fault);
    if (error != DK_OK) {
        return error;
    }
    const response_message *response = (const void *)unpacked;
    if (response->message_response_case !=
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE) {
        return dk_fault_set(fault, DK_INVALID, "the answer is no list of services");
    }
    const Grpc__Reflection__V1__ListServiceResponse *list = response->list_services_response;
    struct dk_bytes *names = dk__arena_take(arena, list->n_service * sizeof *names);
    if (names == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "the list of services is too long");
    }
    for (size_t i = 0; i < list->n_service; i++) {
        names[i] = dk_bytes_of(list->service[i]->name);
    }
    *ret_names = names;
    *ret_count = list->n_service;
    return DK_OK;
}
