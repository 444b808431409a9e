#ifndef TESTS_SUPPORT_STATE_WIRE_H
#define TESTS_SUPPORT_STATE_WIRE_H

#include "core/arena.h"
#include "support/store_rig.h"
#include "support/wire_writer.h"

/*
 * daprd's side of the state services' messages: writes requests and reads answers. Written for
 * itself from proto/, so that the component's codec is held to a second one.
 *
 * Thread: the test's. What cannot be written, and an answer that cannot be read, fails the test.
 */
void state_wire_init(struct wire *wire, const char *const *properties);
void state_wire_get(struct wire *wire, const struct dk_get *get);
void state_wire_set(struct wire *wire, const struct dk_set *set);
void state_wire_delete(struct wire *wire, const struct dk_delete *delete);
void state_wire_bulk_get(struct wire *wire, const struct dk_bulk_get *bulk);
void state_wire_bulk_set(struct wire *wire, const struct dk_bulk_set *bulk);
void state_wire_bulk_delete(struct wire *wire, const struct dk_bulk_delete *bulk);
void state_wire_transact(struct wire *wire, const struct dk_transact *transact);

/* Reads a GetResponse: no item when the key is missing, which is told by the absence of data and
 * etag alone. Owner: the item's views point into the message, the item lies in the arena. */
void state_wire_read_get(
    struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer);
/* Reads a BulkGetResponse: an item for each key. */
void state_wire_read_bulk_get(
    struct dk_bytes message, struct dk__arena *arena, struct rig_answer *answer);

/* What a failure means to daprd: gRPC's code, and the google.rpc.Status of its details, absent when
 * there were none. Sets the answer's error and a row mismatch. */
void state_wire_read_error(int code, struct dk_bytes details, struct rig_answer *answer);

#endif /* TESTS_SUPPORT_STATE_WIRE_H */
