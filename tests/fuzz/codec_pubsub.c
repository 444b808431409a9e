/*
 * Any bytes as a request of pub/sub or bindings, acks among them, read by us and by protobuf-c. The
 * first byte chooses the message. See support/wire_oracle.h for what they may differ in.
 */
#include "support/pubsub_oracle.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct codec_memory memory;
    enum dk_error ours = DK_OK;
    if (size == 0) {
        return 0;
    }
    const enum pubsub_message kind = (enum pubsub_message)(data[0] % PUBSUB_MESSAGES);
    char *exact = codec_memory_exact((struct dk_bytes){(const char *)data + 1, size - 1});
    codec_memory_begin(&memory);

    const char *difference =
        pubsub_oracle_read(kind, (struct dk_bytes){exact, size - 1}, &memory, &ours);

    if (difference != NULL) {
        (void)fprintf(stderr, "message %d: %s (%s)\n", (int)kind, difference, memory.fault.text);
        abort();
    }
    codec_memory_end(&memory);
    free(exact);
    return 0;
}
