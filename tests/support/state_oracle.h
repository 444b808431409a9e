#ifndef TESTS_SUPPORT_STATE_ORACLE_H
#define TESTS_SUPPORT_STATE_ORACLE_H

#include "support/wire_oracle.h"

/*
 * The requests of the state services, by us and by protobuf-c: see wire_oracle.h for what they may
 * differ in.
 *
 * Thread: the test's.
 */
enum state_message {
    STATE_INIT,
    STATE_GET,
    STATE_SET,
    STATE_DELETE,
    STATE_BULK_GET,
    STATE_BULK_SET,
    STATE_BULK_DELETE,
    STATE_TRANSACT,
    STATE_QUERY,
    STATE_MESSAGES, /* how many there are */
};

/* protobuf-c's description of a kind of message. */
const ProtobufCMessageDescriptor *state_oracle_descriptor(enum state_message kind);

/* Reads a message in both ways. Returns NULL where they agree, else what they differ in. ret_ours:
 * what ours said of it, with words in memory->fault. */
const char *state_oracle_read(
    enum state_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours);

#endif /* TESTS_SUPPORT_STATE_ORACLE_H */
