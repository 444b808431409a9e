/*
 * Error details. All memory is the call's; a full arena gives an error without its detail, which
 * daprd shows as a plain one.
 */
#include "wire/pbc/details.h"

#include "wire/pbc/pack.h"

#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>

static const struct dk_bytes absent = {0};

static struct dk_bytes status_of(
    struct dk__arena *arena,
    int32_t code,
    struct dk_bytes message,
    char *type_url,
    const ProtobufCMessage *detail) {
    const struct dk_bytes packed = dk__pbc_pack(arena, detail);
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    Google__Protobuf__Any *details[] = {&any};
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    any.type_url = type_url;
    any.value.data = (uint8_t *)(uintptr_t)packed.data;
    any.value.len = packed.size;
    status.code = code;
    status.message = dk__pbc_copy(arena, message);
    status.n_details = 1;
    status.details = details;
    return packed.data == NULL || status.message == NULL ? absent
                                                         : dk__pbc_pack(arena, &status.base);
}

struct dk_bytes dk__details_bad_request(
    struct dk__arena *arena,
    int32_t code,
    struct dk_bytes message,
    struct dk_bytes field,
    struct dk_bytes description) {
    static char type_url[] = "type.googleapis.com/google.rpc.BadRequest";
    Google__Rpc__BadRequest__FieldViolation violation =
        GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
    Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};
    Google__Rpc__BadRequest request = GOOGLE__RPC__BAD_REQUEST__INIT;
    violation.field = dk__pbc_copy(arena, field);
    violation.description = dk__pbc_copy(arena, description);
    request.n_field_violations = 1;
    request.field_violations = violations;
    if (violation.field == NULL || violation.description == NULL) {
        return absent;
    }
    return status_of(arena, code, message, type_url, &request.base);
}

typedef Google__Rpc__ErrorInfo__MetadataEntry metadata_entry;

/* protobuf-c wants a list of pointers to entries. */
static metadata_entry **entries_of(struct dk__arena *arena, struct dk_pairs metadata) {
    metadata_entry **list = dk__arena_take(arena, metadata.count * sizeof(*list));
    metadata_entry *entries = dk__arena_take(arena, metadata.count * sizeof *entries);
    if (list == NULL || entries == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < metadata.count; i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        entries[i].key = dk__pbc_copy(arena, metadata.items[i].key);
        entries[i].value = dk__pbc_copy(arena, metadata.items[i].value);
        if (entries[i].key == NULL || entries[i].value == NULL) {
            return NULL;
        }
        list[i] = &entries[i];
    }
    return list;
}

struct dk_bytes dk__details_error_info(
    struct dk__arena *arena,
    int32_t code,
    struct dk_bytes message,
    struct dk_bytes reason,
    struct dk_bytes domain,
    struct dk_pairs metadata) {
    static char type_url[] = "type.googleapis.com/google.rpc.ErrorInfo";
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = dk__pbc_copy(arena, reason);
    info.domain = dk__pbc_copy(arena, domain);
    info.n_metadata = metadata.count;
    info.metadata = entries_of(arena, metadata);
    if (info.reason == NULL || info.domain == NULL || info.metadata == NULL) {
        return absent;
    }
    return status_of(arena, code, message, type_url, &info.base);
}

struct dk__error_info dk__details_read_error_info(
    struct dk__arena *arena, struct dk_bytes details) {
    static const char name[] = "/google.rpc.ErrorInfo"; /* the type's URL may begin as it likes */
    const struct dk__error_info none = {DK_BYTES(""), DK_BYTES("")};
    ProtobufCMessage *message = NULL;
    if (details.size == 0 ||
        dk__pbc_unpack(&google__rpc__status__descriptor, details, arena, &message, NULL) != DK_OK) {
        return none;
    }
    const Google__Rpc__Status *status = (void *)message;
    for (size_t i = 0; i < status->n_details; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        const size_t size = strlen(any->type_url);
        const struct dk_bytes value = {
            .data = (const char *)any->value.data, .size = any->value.len};
        if (size < sizeof name - 1 || strcmp(any->type_url + size - (sizeof name - 1), name) != 0 ||
            dk__pbc_unpack(&google__rpc__error_info__descriptor, value, arena, &message, NULL) !=
                DK_OK) {
            continue;
        }
        const Google__Rpc__ErrorInfo *info = (void *)message;
        return (struct dk__error_info){dk_bytes_of(info->reason), dk_bytes_of(info->domain)};
    }
    return none;
}
