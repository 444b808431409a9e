#ifndef TESTS_SUPPORT_KAFKA_RIG_H
#define TESTS_SUPPORT_KAFKA_RIG_H

#include "core/call.h"
#include "core/loop.h"

#include <dk/pubsub.h>

/*
 * A room of Kafka's, the broker most of the time, on a loop of the test's own, with many calls under way at once.
 *
 * Thread: the test's, which is the loop's. Owner: the rig's until kafka_rig_close; requests point to
 * the test's own texts.
 */
enum { KAFKA_RIG_CALLS_MAX = 4096, KAFKA_RIG_PAIRS_MAX = 8, KAFKA_RIG_WAIT_MS = 20000 };

struct kafka_rig;

struct kafka_rig_call {
    struct dk__call call;
    struct dk_reply reply;
    struct kafka_rig *rig;
    struct dk_publish publish;
    struct dk_bulk_publish bulk;
    struct dk_pair pairs[KAFKA_RIG_PAIRS_MAX];
    bool is_done;
    enum dk_error error;
    char text[DK_FAULT_TEXT_BYTES_MAX];
};

struct kafka_rig {
    const struct dk_backend *backend;
    struct dk_loop *loop;
    struct dk_instance *broker;
    void *config;
    struct dk__pool pool;
    struct dk__arena memory;
    struct kafka_rig_call *calls[KAFKA_RIG_CALLS_MAX];
    size_t call_count;
};

/* Init with properties name, value, …, NULL; the call holds its outcome. */
struct kafka_rig_call *kafka_rig_open(struct kafka_rig *rig, const char *const *properties);
/* The same for another room: its own functions take rig->broker and a reply of a new call. */
struct kafka_rig_call *kafka_rig_start(
    struct kafka_rig *rig, const struct dk_backend *backend, const char *const *properties);
struct kafka_rig_call *kafka_rig_call_new(struct kafka_rig *rig);
/* kafka_rig_open, and the test fails when it fails. */
void kafka_rig_open_well(struct kafka_rig *rig, const char *const *properties);
/* Every call must be answered by then. */
void kafka_rig_close(struct kafka_rig *rig);
/* Closes the broker alone, to see what it answers. */
void kafka_rig_close_broker(struct kafka_rig *rig);

/* Start a call; it is done in a later turn or at once. `metadata` is name, value, …, NULL; or NULL. */
struct kafka_rig_call *kafka_rig_publish(
    struct kafka_rig *rig, const char *topic, struct dk_bytes data, const char *const *metadata);
struct kafka_rig_call *kafka_rig_bulk(struct kafka_rig *rig, struct dk_bulk_publish request);
struct kafka_rig_call *kafka_rig_ping(struct kafka_rig *rig);

/* Turns the loop until the call is done; the test fails after KAFKA_RIG_WAIT_MS. Gives it back. */
struct kafka_rig_call *kafka_rig_wait(struct kafka_rig_call *call);
void kafka_rig_turn(struct kafka_rig *rig);

#endif /* TESTS_SUPPORT_KAFKA_RIG_H */
