/*
 * PublishRequest and BulkPublishRequest.
 */
#include "bench/load/publish.h"

#include "bench/load/operation.h"

#include <dapr/proto/components/v1/pubsub.pb-c.h>
#include <stdio.h>

static char topic[] = PUBLISH_TOPIC;

static ProtobufCBinaryData body_of(const void *message, size_t size) {
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)message, .len = size};
}

struct dk_bytes publish_request(const void *message, size_t size) {
    Dapr__Proto__Components__V1__PublishRequest request;
    dapr__proto__components__v1__publish_request__init(&request);
    request.data = body_of(message, size);
    request.topic = topic;
    return operation_pack(&request.base);
}

struct dk_bytes publish_bulk_request(const void *message, size_t size) {
    typedef Dapr__Proto__Components__V1__BulkMessageEntry entry_message;
    static entry_message entries[PUBLISH_BULK_ENTRIES];
    static entry_message *list[PUBLISH_BULK_ENTRIES];
    static char ids[PUBLISH_BULK_ENTRIES][8];
    Dapr__Proto__Components__V1__BulkPublishRequest request;
    dapr__proto__components__v1__bulk_publish_request__init(&request);
    for (size_t i = 0; i < PUBLISH_BULK_ENTRIES; i++) {
        dapr__proto__components__v1__bulk_message_entry__init(&entries[i]);
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        entries[i].entry_id = ids[i];
        entries[i].event = body_of(message, size);
        list[i] = &entries[i];
    }
    request.n_entries = PUBLISH_BULK_ENTRIES;
    request.entries = list;
    request.topic = topic;
    return operation_pack(&request.base);
}
