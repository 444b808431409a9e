#ifndef TESTS_SUPPORT_PUBSUB_ORACLE_H
#define TESTS_SUPPORT_PUBSUB_ORACLE_H

#include "support/wire_oracle.h"

/*
 * The requests of pub/sub and bindings, by us and by protobuf-c: see wire_oracle.h for what they
 * may differ in. Thread: the test's.
 */
enum pubsub_message {
    PUBSUB_PUBLISH,
    PUBSUB_BULK_PUBLISH,
    PUBSUB_PULL,
    PUBSUB_READ,
    PUBSUB_INVOKE,
    PUBSUB_MESSAGES, /* how many there are */
};

/* Returns NULL where they agree, else what they differ in. ret_ours: what ours said of it, with
 * words in memory->fault. */
const char *pubsub_oracle_read(
    enum pubsub_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours);

#endif /* TESTS_SUPPORT_PUBSUB_ORACLE_H */
