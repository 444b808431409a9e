/*
 * Health messages by protobuf-c.
 */
#include "wire/pbc/health.h"

#include "wire/pbc/pack.h"

#include <grpc/health/v1/health.pb-c.h>
#include <stdio.h>

enum { SERVICE_BYTES_MAX = 256 }; /* of a name, with its NUL */

enum dk_error dk__decode_health_request(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_bytes *ret_service,
    struct dk_fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    const enum dk_error error = dk__pbc_unpack(
        &grpc__health__v1__health_check_request__descriptor, message, arena, &unpacked, fault);
    if (error != DK_OK) {
        return error;
    }
    const Grpc__Health__V1__HealthCheckRequest *request = (void *)unpacked;
    *ret_service = dk_bytes_of(request->service);
    return DK_OK;
}

static Grpc__Health__V1__HealthCheckResponse response_of(enum dk__health health) {
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)health;
    return response;
}

bool dk__encode_health(struct dk__chain *out, enum dk__health health) {
    const Grpc__Health__V1__HealthCheckResponse response = response_of(health);
    return dk__pbc_append(out, &response.base);
}

bool dk__encode_health_entry(
    struct dk__chain *out, struct dk_bytes service, enum dk__health health) {
    char name[SERVICE_BYTES_MAX];
    Grpc__Health__V1__HealthCheckResponse response = response_of(health);
    Grpc__Health__V1__HealthListResponse__StatusesEntry entry =
        GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__STATUSES_ENTRY__INIT;
    Grpc__Health__V1__HealthListResponse__StatusesEntry *entries[] = {&entry};
    Grpc__Health__V1__HealthListResponse list = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
    if (service.size >= sizeof name) {
        return false;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)service.size, service.data);
    entry.key = name;
    entry.value = &response;
    list.n_statuses = 1;
    list.statuses = entries;
    return dk__pbc_append(out, &list.base);
}
