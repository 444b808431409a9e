#ifndef DOCUMENT_MESSAGES_H
#define DOCUMENT_MESSAGES_H

#include <dapr_kit/document/v1/documents.pb-c.h>
#include <dapr_kit/document/v1/events.pb-c.h>
#include <dapr_kit/document/v1/records.pb-c.h>
#include <dk/bytes.h>

/*
 * The messages of this service without their package: protobuf-c says dapr_kit.document.v1 in each
 * name, and a line of code has room for one of them.
 */
typedef DaprKit__Document__V1__Document pb_document;
typedef DaprKit__Document__V1__HeadRecord pb_head;
typedef DaprKit__Document__V1__VersionRecord pb_version;
typedef DaprKit__Document__V1__ContentRecord pb_content;
typedef DaprKit__Document__V1__ContentCatalog pb_catalog;
typedef DaprKit__Document__V1__UploadRecord pb_upload;
typedef DaprKit__Document__V1__DocumentChanged pb_changed;
typedef DaprKit__Document__V1__DocumentChanged__Change pb_change;
typedef DaprKit__Document__V1__BatchItem pb_batch_item;
typedef Google__Protobuf__Struct pb_struct;
typedef Google__Protobuf__Value pb_value;
typedef Google__Protobuf__Timestamp pb_timestamp;

#define PB_CHANGE(word) DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__##word

/* protobuf-c's fields want their texts writable; nobody writes through them. */
static inline char *pb_text(const char *text) {
    union {
        const char *given;
        char *wanted;
    } same = {.given = text};

    return same.wanted;
}

static inline ProtobufCBinaryData pb_bytes(struct dk_bytes bytes) {
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)pb_text(bytes.data)};
}

#endif /* DOCUMENT_MESSAGES_H */
