#ifndef TESTS_SUPPORT_STATE_ORACLE_H
#define TESTS_SUPPORT_STATE_ORACLE_H

#include "support/codec_memory.h"

#include <stdbool.h>

/*
 * Two readers of one message: ours and protobuf-c. They must agree on what it says, but for the
 * differences that are named here:
 *
 *   - protobuf-c refuses groups, and tags and lengths that are longer than they need to be; ours
 *     goes past the ones and reads the others.
 *   - Ours refuses a tag of more than 32 bits and a number of more than 64; protobuf-c drops the
 *     bits. Ours refuses the field number 0; protobuf-c takes it from a tag that is too long.
 *   - protobuf-c refuses a field that is written with another wire type than its own; to ours it is
 *     a field that nobody knows.
 *   - Ours does not look into the options of bulk requests.
 *   - protobuf-c cuts texts at a NUL byte and takes any bytes for a text.
 *   - When parts of a message merge, a later default does not win with protobuf-c, and the parts of
 *     a oneof's member do not merge at all.
 *   - Ours refuses what is well written and makes no sense: an empty key, a step that is neither set
 *     nor delete, two operators, more pairs or memory than the bounds.
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

struct ProtobufCMessageDescriptor;

/* protobuf-c's description of a kind of message. */
const struct ProtobufCMessageDescriptor *state_oracle_descriptor(enum state_message kind);

/* Reads a message in both ways. Returns NULL where they agree, else what they differ in. ret_ours:
 * what ours said of it, with words in memory->fault. */
const char *state_oracle_read(
    enum state_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours);

#endif /* TESTS_SUPPORT_STATE_ORACLE_H */
